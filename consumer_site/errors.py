"""What can go wrong at a sign-in, each with its code, its sentence for the person and its private detail.

All derive from exceptions that allauth's callbacks turn into a page: ProviderException for what a provider says,
requests.RequestException for what the network does.
"""

from __future__ import annotations

import enum
from typing import ClassVar

from allauth.socialaccount.providers.base import ProviderException
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from outbound_http.errors import (
    AnswerNotJSON,
    AnswerTooLarge,
    CallFailed,
    CallTimeout,
    DestinationRefused,
    OutboundError,
    RedirectRefused,
)

__all__ = [
    "AccountRace",
    "AccountUnusable",
    "AnswerInvalid",
    "AnswerNotJSON",
    "AnswerRefused",
    "AnswerTooLarge",
    "CallFailed",
    "CallTimeout",
    "CodeRefused",
    "DestinationRefused",
    "Fault",
    "NoTokens",
    "NotConfigured",
    "OutboundError",
    "RedirectRefused",
    "Refused",
    "SignInError",
    "SignInNeeded",
    "StateLost",
    "Text",
    "Unreachable",
    "WrongSender",
]

Text = str | Promise


class Fault(enum.Enum):
    """Whose fault a failed sign-in is."""

    NOBODY = "nobody"
    PERSON = "person"
    PROVIDER = "provider"
    SITE = "site"


class SignInError(ProviderException):
    """Refuse a sign-in and say why.

    `code` is stable and logged; `public` and `advice` are shown to the person, and may use %(provider)s; `detail` is
    logged only and must not hold secrets.
    """

    code: str = "sign_in_failed"
    status: int = 502
    fault: Fault = Fault.PROVIDER
    title: Text = _("Sign-in did not work")
    public: Text = _("%(provider)s gave an answer that this site can't use.")
    advice: Text = _("Try again in a few minutes, or sign in another way.")
    can_retry: ClassVar[bool] = True
    # Title and advice for somebody who connects a further account, where theirs differ: they are signed in already.
    connecting: tuple[Text, Text] | None = None

    def __init__(
        self,
        detail: str = "",
        *,
        code: str | None = None,
        public: Text | None = None,
        advice: Text | None = None,
        fault: Fault | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.code
        self.public = public or self.public
        self.advice = advice or self.advice
        self.fault = fault or self.fault
        self.status = status or self.status


class Refused(SignInError):
    """The person said no at the provider (error=access_denied, RFC 6749 section 4.1.2.1)."""

    code = "access_denied"
    status = 403
    fault = Fault.NOBODY
    title = _("You did not sign in")
    public = _("You chose not to let this site use your %(provider)s account, so nothing was shared.")
    advice = _("If that was not what you wanted, try again, or sign in another way.")
    connecting = (_("Nothing was connected"), _("If that was not what you wanted, try again."))


class StateLost(SignInError):
    """The answer belongs to no sign-in that this browser has under way."""

    code = "state_lost"
    status = 400
    fault = Fault.NOBODY
    public = _("This sign-in took too long, was already finished, or was started in another browser or window.")
    advice = _("Start again from here. If it keeps happening, check that your browser accepts cookies from this site.")


class AnswerRefused(SignInError):
    """The provider's authorization endpoint answered with an error."""

    code = "provider_error"
    public = _("%(provider)s could not finish the sign-in and answered with an error.")


class AnswerInvalid(SignInError):
    """A provider's answer breaks the protocol, so nothing in it is trusted."""

    code = "answer_invalid"


class WrongSender(SignInError):
    """The answer names another issuer than the one that was asked (RFC 9207 section 2.4)."""

    code = "wrong_issuer"
    status = 400
    public = _("The answer did not come from the %(provider)s that this site asked, so it was not used.")
    advice = _("Start again from here, and not from a link that someone sent you.")


class CodeRefused(SignInError):
    """The provider no longer accepts the authorization code (invalid_grant)."""

    code = "code_refused"
    status = 400
    fault = Fault.NOBODY
    public = _("%(provider)s says that this sign-in has expired or was already used.")
    advice = _("Start again from here.")


class Unreachable(SignInError):
    """The provider can't be reached, or is out of order."""

    code = "provider_unreachable"
    public = _("%(provider)s can't be reached right now.")


class NotConfigured(SignInError):
    """This site's own set-up of the connector is wrong."""

    code = "not_configured"
    status = 503
    fault = Fault.SITE
    public = _("Signing in with %(provider)s is not set up correctly on this site.")
    advice = _("Sign in another way, and tell the people who run this site, with the reference below.")
    can_retry = False


class AccountRace(SignInError):
    """The same account was being created by another request at the same moment."""

    code = "account_race"
    status = 409
    fault = Fault.NOBODY
    public = _("The same sign-in was running twice at once, and this one gave way.")
    advice = _("Try again: it will work now.")


class AccountUnusable(SignInError):
    """The account at the provider can't be matched safely with the one this site knows."""

    code = "account_unusable"
    status = 409
    fault = Fault.SITE
    public = _("This site knows that account from another %(provider)s than the one that answered.")
    advice = _("Sign in another way, and tell the people who run this site, with the reference below.")
    can_retry = False


class SignInNeeded(SignInError):
    """The provider no longer renews the tokens of this account: the person has to sign in there once more."""

    code = "sign_in_needed"
    status = 409
    fault = Fault.NOBODY
    title = _("Please sign in again")
    public = _("%(provider)s no longer lets this site use your account in your absence.")
    advice = _("Sign in with it once more, and it works again.")


class NoTokens(SignInNeeded):
    """This site holds no tokens of the account."""

    code = "no_tokens"
    public = _("This site has no stored permission to ask %(provider)s about you.")
