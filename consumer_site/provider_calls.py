"""Ask a provider's server, and take from its answers words that are safe to compare and to log.

For providers with quirks of their own: every failure is a SignInError that holds no secret, neither in its text nor in
its context.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from allauth.socialaccount.adapter import get_adapter
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from requests import PreparedRequest, RequestException
from urllib3.exceptions import HTTPError

from consumer_site.errors import OutboundError, Unreachable

# Visible ASCII: what a bearer token, and what stands in an address's query, may consist of.
TOKEN = re.compile(r"\A[\x21-\x7e]{1,1024}\Z")
_MAX_LIFETIME_SECONDS = 10 * 365 * 24 * 3600

_WORD = re.compile(r"\A[\w.-]{1,40}\Z", re.ASCII)
# A number, or a word such as invalid_grant; narrow, since it goes into logs where a token must not.
_CODE = re.compile(r"\A(-?[0-9]{1,9}|[a-z_]{1,40})\Z")
_IDENTIFIER = re.compile(r"\A[0-9A-Za-z_-]{8,128}\Z")
# Shapes that broken gateways send for "nobody": accepted, they would be an account that everybody shares.
_NOBODY = frozenset({"undefined", "anonymous"})
_LONG_RUN = re.compile(r"[0-9A-Za-z]{16,}")


@sensitive_variables()
def fetch(
    provider: str,
    step: str,
    method: str,
    url: str,
    *,
    params: Mapping[str, str] | None = None,
    data: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> tuple[int, bytes]:
    """Return status and body of an answer; raise Unreachable when there is none. No redirect is followed."""
    failure = ""
    try:
        with get_adapter().get_requests_session() as session:
            # A redirect would carry the secrets of a query wherever it points.
            response: Any = session.request(
                method, url, params=params, data=data, headers=headers, allow_redirects=False
            )
            return int(response.status_code), bytes(response.content)
    # ValueError and urllib3's HTTPError: requests lets both through for some malformed headers.
    except (RequestException, HTTPError, ValueError) as error:
        failure = str(error) if isinstance(error, OutboundError) else type(error).__name__
    # Raised outside the handler: the text of a caught error may be an address with the secrets in it, and must not
    # hang on ours as its context.
    raise Unreachable(f"{provider} did not answer at the {step} step: {failure}")


@sensitive_variables()
def put_into_query(request: PreparedRequest, values: Mapping[str, str]) -> None:
    """Set these parameters in a request's address, in place of any of the same names."""
    parts = urlsplit(request.url or "")
    others = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] not in values]
    request.url = urlunsplit(parts._replace(query=urlencode([*others, *values.items()])))


def origin_of(address: str) -> str:
    """Return an address's origin."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def as_code(value: object) -> str:
    """Return an error code sent as a string or a number; ``unreadable`` when it is neither."""
    word = as_word(value)
    return word if _CODE.match(word) else "unreadable"


def as_word(value: object) -> str:
    """Return a short identifier sent as a string or a number; empty when it is neither."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**15:
        return str(value)
    if isinstance(value, str) and _WORD.match(value.strip()):
        return value.strip()
    return ""


def as_identifier(value: object) -> str:
    """Return a person's identifier of Tencent's kind (openid, unionid); empty for anything that could be nobody's."""
    if not isinstance(value, str) or not _IDENTIFIER.match(value):
        return ""
    # One character over and over, a zero GUID's dashes not counted.
    same = len(set(value) - {"-", "_"}) <= 1
    return "" if same or value.lower() in _NOBODY else value


@sensitive_variables()
def refresh_token_of(answer: Mapping[str, object]) -> str:
    """Return the refresh token of a token endpoint's answer, empty where there is no usable one."""
    token = answer.get("refresh_token")
    return token if isinstance(token, str) and TOKEN.match(token) else ""


@sensitive_variables()
def expiry_of(answer: Mapping[str, object]) -> datetime | None:
    """Return when the access token of an answer ends; None where `expires_in` is missing or nonsensical."""
    seconds = as_word(answer.get("expires_in"))
    if seconds.isdecimal() and 0 < int(seconds) <= _MAX_LIFETIME_SECONDS:
        return timezone.now() + timedelta(seconds=int(seconds))
    return None


def quoted(text: str, sent: Iterable[str]) -> str:
    """Return a provider's text fit for a log line: one line of ASCII, short, without what was sent or looks secret."""
    for value in sent:
        if len(value) > 5:
            text = text.replace(value, "…")
    return ascii(_LONG_RUN.sub("…", text)[:120])[1:-1]
