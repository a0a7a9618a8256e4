"""QQ Connect's public return codes, with the words that QQ sends and a sentence for people.

The words on the wire are those of published answers, trailing blanks included; those marked ``assumed`` appear in no
published answer, only their meaning does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from consumer_site.sandbox.turns import Turn

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise  # exists in the stubs alone


@dataclass(frozen=True)
class Code:
    """Pair what the wire says with what it means."""

    wire: str
    meaning: _StrPromise
    assumed: bool = False


CODES: dict[int, Code] = {
    100000: Code(
        "param response_type is wrong or lost ", _("The site asked without response_type=code."), assumed=True
    ),
    100001: Code("param client_id is wrong or lost ", _("The site did not say which app it is (client_id).")),
    100002: Code("param client_secret is wrong or lost ", _("The site did not send its App Key (client_secret).")),
    100004: Code("param grant_type is wrong or lost ", _("The site did not say what it exchanges (grant_type).")),
    100005: Code("param code is wrong or lost ", _("The site did not send the authorization code.")),
    100006: Code("param refresh_token is wrong or lost ", _("The site did not send the refresh token."), assumed=True),
    100007: Code("param access token is wrong or lost ", _("The site did not send the access token.")),
    100008: Code("client request's app is not existed", _("No app has this App ID.")),
    100009: Code("client secret is illegal", _("The App Key is wrong.")),
    100010: Code("redirect uri is illegal", _("The callback address is not the one registered for this app.")),
    100011: Code("app is not online", _("The app has not passed review: only its testers can sign in."), assumed=True),
    100013: Code("access token is illegal", _("The access token is not a token at all.")),
    100014: Code("access token is expired", _("The access token has expired."), assumed=True),
    100015: Code("access token is revoked", _("The person has withdrawn the access token."), assumed=True),
    100016: Code("access token check failed", _("The access token is unknown.")),
    100019: Code("code to access token error", _("The authorization code is unknown or has expired.")),
    100020: Code("code is reused error", _("The authorization code was used before.")),
    100021: Code("get access token error", _("The person has withdrawn what this token stands on."), assumed=True),
    100022: Code("get refresh token error", _("The refresh token is unknown or was used before."), assumed=True),
    100029: Code("http request is wrong", _("The request itself is malformed, or lacks state."), assumed=True),
    100030: Code("user has not authorized this api", _("The person has not allowed this interface."), assumed=True),
    100031: Code("app has no privilege of this api", _("The app may not use this interface."), assumed=True),
    100048: Code("companyid not set", _("The app has no permission to see UnionIDs.")),
}

PROFILE_WORDS: dict[int, str] = {
    -1: "client request's parameters are invalid",
    -22: "openid is invalid",
    -23: "token is invalid",
    1002: "请先登录",
    13002: "get qq info err",
}
"""The words of those return values that only the profile has."""


class QQError(Exception):
    """Stop the request with a return code; ``words`` replaces the code's usual description."""

    def __init__(self, code: int, words: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.words = describe(code) if words is None else words


def planned_error(turn: Turn) -> QQError:
    """Return the error that somebody planned."""
    return QQError(turn.number)


def describe(code: int) -> str:
    """Return the words that QQ sends with a return code."""
    if code in CODES:
        return CODES[code].wire
    return PROFILE_WORDS.get(code, "system error")
