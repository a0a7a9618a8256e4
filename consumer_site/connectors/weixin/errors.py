"""What can go wrong between WeChat and this site, where the general errors would not tell the person enough."""

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
    """The site has no WeChat app for this browser, or more than one to choose from."""

    code = "weixin_not_configured"
    public = _("Signing in with WeChat is not set up correctly on this site.")


class OnlyInside(NotConfigured):
    """The site has the in-WeChat app alone, and this browser is another."""

    code = "weixin_only_inside"
    status = 400
    fault = Fault.NOBODY
    public = _("On this site, signing in with WeChat works only inside the WeChat app.")
    advice = _(
        "Open this site in WeChat, for example from a chat to which you send its address, or sign in another way."
    )


class SnapshotOnly(AnswerRefused):
    """WeChat shows the page as a snapshot, in which everybody is given a made-up account."""

    code = "weixin_snapshot"
    status = 403
    fault = Fault.NOBODY
    public = _("WeChat is showing this site as a preview, and does not say there who you are.")
    advice = _("Choose the button at the bottom of the page that opens the full service, and start again.")


class SignInEnded(CodeRefused):
    """WeChat takes the token of this sign-in no more: expired, revoked or withdrawn."""

    code = "weixin_sign_in_ended"
    public = _("WeChat no longer accepts this sign-in.")


class PermissionMissing(AnswerRefused):
    """The person has not allowed the app to read the profile, or has withdrawn it at WeChat."""

    code = "weixin_permission_missing"
    status = 403
    fault = Fault.PERSON
    public = _("WeChat does not have your permission to give this site your nickname and picture.")
    advice = _("Start again and allow it on WeChat's page, or sign in another way.")


class AccountRestricted(AnswerRefused):
    """WeChat has restricted the person's account."""

    code = "weixin_account_restricted"
    status = 403
    fault = Fault.PERSON
    public = _("WeChat has restricted your account, and does not let you sign in elsewhere with it.")
    advice = _("See in WeChat what it says about your account, or sign in another way.")


class OutOfOrder(Unreachable):
    """WeChat was reached and could not do its part."""

    code = "weixin_out_of_order"
    public = _("WeChat could not do its part right now.")


class NoIdentity(AnswerInvalid):
    """WeChat did not name the person; to sign anybody in would be to share one account between strangers."""

    code = "weixin_no_openid"
    public = _("WeChat did not say which account is yours, so you were not signed in.")


class OtherApp(AccountUnusable):
    """The account is known from another app of WeChat's than the one that answered."""

    code = "weixin_other_app"
