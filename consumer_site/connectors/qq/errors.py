"""What can go wrong between QQ and this site, where the general errors would not tell the person enough."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from consumer_site.errors import AnswerInvalid, AnswerRefused, CodeRefused, Fault, NotConfigured, Unreachable


class NoSingleApp(NotConfigured):
    """The site has no QQ app, or more than one to choose from."""

    code = "qq_not_configured"
    public = _("Signing in with QQ is not set up correctly on this site.")


class SignInEnded(CodeRefused):
    """QQ takes the token of this sign-in no more: expired, revoked or withdrawn."""

    code = "qq_sign_in_ended"
    public = _("QQ no longer accepts this sign-in.")


class NotReviewed(NotConfigured):
    """The app has not passed QQ's review, so only its registrant can sign in."""

    code = "qq_not_reviewed"
    public = _("QQ has not approved this site yet, so only the people who run it can sign in with QQ.")


class PermissionMissing(AnswerRefused):
    """The person has not allowed the app to read the profile, or has withdrawn it at QQ."""

    code = "qq_permission_missing"
    status = 403
    fault = Fault.PERSON
    public = _("QQ does not have your permission to give this site your nickname and picture.")
    advice = _("Start again and allow it on QQ's page, or sign in another way.")


class NotSignedIn(AnswerRefused):
    """QQ says that the person is not signed in there."""

    code = "qq_not_signed_in"
    status = 403
    fault = Fault.PERSON
    public = _("QQ says that you are not signed in to QQ.")
    advice = _("Start again and sign in on QQ's page.")


class OutOfOrder(Unreachable):
    """QQ was reached and could not do its part."""

    code = "qq_out_of_order"
    public = _("QQ could not do its part right now.")


class NoIdentity(AnswerInvalid):
    """QQ did not name the person; to sign anybody in would be to share one account between strangers."""

    code = "qq_no_openid"
    public = _("QQ did not say which account is yours, so you were not signed in.")


class WrongApp(AnswerInvalid):
    """The token belongs to another app (RFC 6749 section 10.16)."""

    code = "qq_wrong_app"
    public = _("QQ's answer was meant for another site, so you were not signed in.")
    advice = _("Start again from here, and not from a link that someone sent you.")
