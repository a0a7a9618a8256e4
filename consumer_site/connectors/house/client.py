"""Speak OpenID Connect to one provider over HTTP; decide nothing about accounts.

Every failure is a SignInError or an OutboundError, with nothing secret in it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import requests
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from consumer_site.errors import AnswerInvalid, CodeRefused, NotConfigured, SignInError
from consumer_site.http import OutboundSession, json_object
from consumer_site.jose import (
    Claims,
    KeySource,
    TokenInvalid,
    verify_id_token,
    verify_renewed_id_token,
    verify_signature,
)
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
    """A token endpoint's checked answer; `scope` is None when it named none, which means: as requested.

    `id_token` is empty only in an answer to a refresh.
    """

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
        try:
            method_of(self.entry, found)
            self.entry.algorithms(found)
        except SignInError:
            # What this client can't use must not stay for an hour: it may be mended at the provider.
            self.entry.issuer.forget()
            raise
        return found

    def keys(self) -> KeySource:
        """Return where the issuer's signing keys are."""
        return self.entry.issuer.keys()

    def algorithms(self) -> Collection[str]:
        """Return what may sign tokens for this client."""
        return self.entry.algorithms(self.entry.issuer.metadata())

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
    def refresh(self, refresh_token: str) -> TokenAnswer:
        """Renew the access token (RFC 6749 section 6, OpenID Connect Core section 12)."""
        return self._token_request({"grant_type": "refresh_token", "refresh_token": refresh_token})

    @sensitive_variables()
    def revoke(self, token: str, *, kind: str) -> None:
        """End a token at the provider, where it has an endpoint for that (RFC 7009 section 2.1).

        `kind` is access_token or refresh_token. Raise Unreachable, AnswerInvalid or an OutboundError when it did not.
        """
        metadata = self.metadata()
        if not metadata.revocation_endpoint:
            return
        form, headers = {"token": token, "token_type_hint": kind}, {"Accept": "application/json"}
        authenticate(self.entry, metadata, form=form, headers=headers)
        with OutboundSession() as session:
            response = session.post(metadata.revocation_endpoint, data=form, headers=headers, allow_redirects=False)
        if response.status_code != 200:
            raise by_status(response)

    @sensitive_variables()
    def verified_id_token(self, tokens: TokenAnswer, *, nonce: str | None) -> Claims:
        """Return the claims of the ID token in an answer; raise AnswerInvalid when it must not be believed.

        `nonce` is None after a refresh alone, which has none of its own.
        """
        known: dict[str, Any] = {
            "issuer": self.metadata().issuer,
            "client_id": self.client_id,
            "keys": self.keys(),
            "access_token": tokens.access_token,
            "algorithms": self.algorithms(),
        }
        try:
            if nonce is None:
                return verify_renewed_id_token(tokens.id_token, **known)
            return verify_id_token(tokens.id_token, nonce=nonce, **known)
        except TokenInvalid as error:
            raise AnswerInvalid(f"id token: {error}", code="id_token_invalid") from None

    @sensitive_variables()
    def userinfo(self, access_token: str, *, subject: str) -> Mapping[str, Any] | None:
        """Return the claims at the userinfo endpoint, None when the provider has no such endpoint.

        Raise AnswerInvalid when they are about somebody else than `subject`: without this comparison another person's
        could be swapped in (OpenID Connect Core section 5.3.2).
        """
        address = self.metadata().userinfo_endpoint
        if not address:
            return None
        headers = {"Accept": "application/json, application/jwt", "Authorization": f"Bearer {access_token}"}
        with OutboundSession() as session:
            response = session.get(address, headers=headers, allow_redirects=False)
        claims = self.read_userinfo(response)
        if claims.get("sub") != subject:
            raise AnswerInvalid("userinfo: sub differs from the ID token's", code="userinfo_invalid")
        return claims

    @sensitive_variables()
    def read_userinfo(self, response: requests.Response) -> Claims:
        """Return the claims of a userinfo answer, whoever they are about; raise Unreachable where there are none."""
        if response.status_code != 200:
            raise by_status(response)
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return self._signed_userinfo(response) if kind == "application/jwt" else dict(json_object(response))

    @sensitive_variables()
    def _signed_userinfo(self, response: requests.Response) -> Claims:
        """Return the claims of a signed answer (section 5.3.2); an encrypted one is not understood."""
        try:
            text = response.content.decode("ascii").strip()
            claims, _algorithm = verify_signature(text, keys=self.keys(), algorithms=self.metadata().algorithms)
        except (UnicodeDecodeError, TokenInvalid) as error:
            raise AnswerInvalid(f"userinfo: {type(error).__name__}", code="userinfo_invalid") from None
        audience = claims.get("aud", self.client_id)
        if claims.get("iss", self.metadata().issuer) != self.metadata().issuer:
            raise AnswerInvalid("userinfo: iss is another issuer", code="userinfo_invalid")
        if self.client_id not in (audience if isinstance(audience, list) else [audience]):
            raise AnswerInvalid("userinfo: aud is another client", code="userinfo_invalid")
        return claims

    @sensitive_variables()
    def _token_request(self, form: dict[str, str]) -> TokenAnswer:
        metadata = self.metadata()
        headers = {"Accept": "application/json"}
        first = form["grant_type"] == "authorization_code"
        authenticate(self.entry, metadata, form=form, headers=headers)
        with OutboundSession() as session:
            response = session.post(metadata.token_endpoint, data=form, headers=headers, allow_redirects=False)
        if response.status_code != 200:
            raise _token_error(response)
        return _read_tokens(json_object(response), with_id_token=first)


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
def _read_tokens(answer: Mapping[str, Any], *, with_id_token: bool = True) -> TokenAnswer:
    """Return the tokens of a successful answer (RFC 6749 section 5.1, OpenID Connect Core section 3.1.3.3).

    `with_id_token` says whether it must have an ID token, as the answer to a code must.
    """
    if "error" in answer:
        raise AnswerInvalid("token endpoint: an error with status 200")
    access_token, id_token = answer.get("access_token"), answer.get("id_token", None if with_id_token else "")
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
