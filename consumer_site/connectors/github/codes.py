"""Say what each of GitHub's error codes means: to the developer a line, to the person an error with its sentence.

Source: docs.github.com, troubleshooting authorization request errors and OAuth app access token request errors, and
refreshing user access tokens; RFC 6749 sections 4.1.2.1 and 5.2 for the words that servers of their kind share.
"""

from __future__ import annotations

from consumer_site.connectors.github.errors import AppSuspended, EmailUnverified, OutOfOrder, SignInEnded
from consumer_site.errors import AnswerRefused, CodeRefused, NotConfigured, Refused, SignInError

_MEANINGS: dict[str, tuple[type[SignInError], str]] = {
    "access_denied": (Refused, "the person declined"),
    "application_suspended": (AppSuspended, "GitHub has suspended the app"),
    "redirect_uri_mismatch": (NotConfigured, "the callback is not the one registered with the app"),
    "incorrect_client_credentials": (NotConfigured, "the client id or the client secret is wrong"),
    "bad_verification_code": (CodeRefused, "the code is wrong, expired, used, or of another sign-in (PKCE)"),
    "unverified_user_email": (EmailUnverified, "the person's primary e-mail address is not verified"),
    "bad_refresh_token": (SignInEnded, "the refresh token is wrong, expired or used"),
    "invalid_client": (NotConfigured, "the client id or the client secret is wrong"),
    "invalid_grant": (CodeRefused, "the code or the refresh token is wrong, expired or used"),
    "invalid_request": (NotConfigured, "a parameter is missing or wrong"),
    "invalid_scope": (NotConfigured, "a scope does not exist"),
    "unauthorized_client": (NotConfigured, "the app may not sign people in"),
    "unsupported_grant_type": (NotConfigured, "grant_type is wrong"),
    "unsupported_response_type": (NotConfigured, "response_type is wrong"),
    "server_error": (OutOfOrder, "GitHub failed"),
    "temporarily_unavailable": (OutOfOrder, "GitHub is overloaded or being mended"),
    "slow_down": (OutOfOrder, "the app asks too often"),
}


def refusal(code: str, *, step: str, quoted: str = "") -> SignInError:
    """Return the error for one of GitHub's codes at a step: authorize, token or refresh.

    A code that nobody documented has a sentence too. `quoted` is GitHub's own text, already made safe for a log.
    """
    error, meaning = _MEANINGS.get(code, (AnswerRefused, "an undocumented code"))
    says = f"; GitHub says: {quoted}" if quoted else ""
    return error(f"GitHub error {code} at the {step} step: {meaning}{says}", code=f"github_{code}")
