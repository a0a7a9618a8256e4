"""What can go wrong between GitHub and this site, where the general errors would not tell the person enough."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from consumer_site.errors import (
    AccountUnusable,
    AnswerInvalid,
    AnswerRefused,
    CodeRefused,
    Fault,
    NotConfigured,
    Unreachable,
)


class NoSingleApp(NotConfigured):
    """The site has no GitHub app, or more than one to choose from."""

    code = "github_not_configured"
    public = _("Signing in with GitHub is not set up correctly on this site.")


class AppSuspended(NotConfigured):
    """GitHub has suspended this site's app."""

    code = "github_application_suspended"
    public = _("GitHub has suspended this site's app, so nobody can sign in here with GitHub.")


class EmailUnverified(AnswerRefused):
    """GitHub gives no token while the person's primary e-mail address is unverified."""

    code = "github_unverified_user_email"
    status = 403
    fault = Fault.PERSON
    public = _("GitHub wants you to verify your e-mail address there before you sign in elsewhere with GitHub.")
    advice = _("Verify your primary e-mail address in GitHub's settings and start again, or sign in another way.")


class AccountSuspended(AnswerRefused):
    """GitHub has suspended the person's account, or bars the token from the profile."""

    code = "github_forbidden"
    status = 403
    fault = Fault.PERSON
    public = _("GitHub does not let this site see your account.")
    advice = _("See on GitHub whether your account is restricted, or sign in another way.")


class SignInEnded(CodeRefused):
    """GitHub takes the token no more: expired, revoked or withdrawn."""

    code = "github_sign_in_ended"
    public = _("GitHub no longer accepts this sign-in.")


class OutOfOrder(Unreachable):
    """GitHub was reached and could not do its part."""

    code = "github_out_of_order"
    public = _("GitHub could not do its part right now.")


class NoIdentity(AnswerInvalid):
    """GitHub did not name the person; to sign anybody in would be to share one account between strangers."""

    code = "github_no_id"
    public = _("GitHub did not say which account is yours, so you were not signed in.")


class OtherServer(AccountUnusable):
    """The account was connected at another GitHub than the one that answered: an Enterprise Server, or an emulator."""

    code = "github_other_server"
