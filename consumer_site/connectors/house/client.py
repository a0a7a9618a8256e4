"""Speak OpenID Connect to one provider over HTTP; decide nothing about accounts.

Every failure is a SignInError or an OutboundError, with nothing secret in it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import requests
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from consumer_site.errors import AnswerInvalid, CodeRefused, NotConfigured
from consumer_site.http import OutboundSession, json_object
from consumer_site.jose import KeySource
from consumer_site.openid.client_authentication import authenticate, method_of
from consumer_site.openid.entries import Entry
from consumer_site.openid.issuer import by_status
from consumer_site.openid.metadata import Metadata

_TOKEN = re.compile(r"\A[\x20-\x7e]{1,8192}\Z")
_ERROR_CODE = re.compile(r"\A[A-Za-z0-9_.-]{1,60}\Z")
_SCOPE = re.compile(r"\A[\x21\x23-\x5b\x5d-\x7e]{1,100}\Z")
_MAX_LIFETIME_SECONDS = 10 * 365 * 24 * 3600
# What a token endpoint says when the fault lies in how this client is registered (RFC 6749 section 5.2).
_OUR_FAULT = frozenset({"invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_request"})


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """A token endpoint's checked answer; `scope` is None when it named none, which means: as requested."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    id_token: str = field(repr=False)
    expires_at: datetime | None
    scope: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class HouseClient:
    """One registered client at one issuer."""

    entry: Entry

    @property
    def client_id(self) -> str:
        """Return the id that this site is registered under."""
        return self.entry.client_id

    def metadata(self) -> Metadata:
        """Return the issuer's metadata; raise also where this client could not authenticate itself there."""
        found = self.entry.issuer.metadata()
        method_of(self.entry, found)
        return found

    def keys(self) -> KeySource:
        """Return where the issuer's signing keys are."""
        return self.entry.issuer.keys()

    @sensitive_variables()
    def exchange_code(self, *, code: str, redirect_uri: str, code_verifier: str) -> TokenAnswer:
        """Redeem the authorization code (RFC 6749 section 4.1.3, RFC 7636 section 4.5)."""
        return self._token_request(
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": redirect_uri,
                "code_verifier": code_verifier,
            }
        )

    @sensitive_variables()
    def userinfo(self, access_token: str) -> Mapping[str, Any] | None:
        """Return the claims at the userinfo endpoint, None when the provider has no such endpoint."""
        address = self.metadata().userinfo_endpoint
        if not address:
            return None
        headers = {"Accept": "application/json", "Authorization": f"Bearer {access_token}"}
        with OutboundSession() as session:
            response = session.get(address, headers=headers, allow_redirects=False)
        if response.status_code != 200:
            raise by_status(response)
        return json_object(response)

    @sensitive_variables()
    def _token_request(self, form: dict[str, str]) -> TokenAnswer:
        metadata = self.metadata()
        headers = {"Accept": "application/json"}
        authenticate(self.entry, metadata, form=form, headers=headers)
        with OutboundSession() as session:
            response = session.post(metadata.token_endpoint, data=form, headers=headers, allow_redirects=False)
        if response.status_code != 200:
            raise _token_error(response)
        return _read_tokens(json_object(response))


def _token_error(response: requests.Response) -> Exception:
    """Return the error that an unsuccessful answer of a token endpoint means (RFC 6749 section 5.2)."""
    try:
        code = json_object(response).get("error")
    except requests.RequestException:
        code = None
    if response.status_code not in {400, 401} or not isinstance(code, str) or not _ERROR_CODE.match(code):
        return by_status(response)
    if code == "invalid_grant":
        return CodeRefused("token endpoint: invalid_grant")
    if code in _OUR_FAULT:
        return NotConfigured(f"token endpoint: {code}")
    return AnswerInvalid(f"token endpoint: {code}")


@sensitive_variables()
def _read_tokens(answer: Mapping[str, Any]) -> TokenAnswer:
    """Return the tokens of a successful answer (RFC 6749 section 5.1, OpenID Connect Core section 3.1.3.3)."""
    if "error" in answer:
        raise AnswerInvalid("token endpoint: an error with status 200")
    access_token, id_token = answer.get("access_token"), answer.get("id_token")
    if not isinstance(access_token, str) or not _TOKEN.match(access_token):
        raise AnswerInvalid("token endpoint: access_token is missing or malformed")
    if not isinstance(id_token, str):
        raise AnswerInvalid("token endpoint: id_token is missing")
    token_type = answer.get("token_type")
    if not isinstance(token_type, str) or token_type.lower() != "bearer":
        raise AnswerInvalid("token endpoint: token_type is not Bearer")
    refresh_token = answer.get("refresh_token", "")
    if not isinstance(refresh_token, str) or (refresh_token and not _TOKEN.match(refresh_token)):
        raise AnswerInvalid("token endpoint: refresh_token is malformed")
    return TokenAnswer(
        access_token=access_token,
        refresh_token=refresh_token,
        id_token=id_token,
        expires_at=_expiry(answer.get("expires_in")),
        scope=_scope(answer.get("scope")),
    )


def _expiry(seconds: object) -> datetime | None:
    """Return when the access token expires, None when the answer does not say so sensibly."""
    if isinstance(seconds, str) and seconds.isascii() and seconds.isdigit():
        seconds = int(seconds[:12])
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        return None
    return timezone.now() + timedelta(seconds=seconds) if 0 < seconds <= _MAX_LIFETIME_SECONDS else None


def _scope(scope: object) -> tuple[str, ...] | None:
    if scope is None:
        return None
    if not isinstance(scope, str) or len(scope) > 4000:
        raise AnswerInvalid("token endpoint: scope is malformed")
    granted = tuple(dict.fromkeys(scope.split(" "))) if scope else ()
    if not all(_SCOPE.match(name) for name in granted):
        raise AnswerInvalid("token endpoint: scope is malformed")
    return granted
