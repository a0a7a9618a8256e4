"""The tokens of an ordinary answer (direct.py), from what was read already: nothing here asks the database."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from provider_site import crypto
from provider_site.models import Authorization
from provider_site.policy import scopes
from provider_site.protocol import access_tokens, id_token, jwt_access_token
from provider_site.protocol.validator import Validator
from provider_site.services import keys, token_subjects
from provider_site.signals import tokens_issued
from provider_site.storage import consented, credentials, token_writes
from provider_site.storage.clients import Client


class Issue:
    """The tokens of one answer: what they say, what is stored of them, and what the client is told."""

    def __init__(
        self,
        client: Client,
        *,
        grant_type: str,
        names: list[str],
        family: Authorization | None = None,
        resource: list[str] | None = None,
        subject: str | None = None,
    ) -> None:
        self._client, self._family, self._names, self._resource = client, family, names, resource or []
        self._grant_type, self._subject = grant_type, subject
        self._user = family.user if family is not None else None
        self._is_jwt = access_tokens.is_jwt(client.registration)
        self._issued_at = access_tokens.issue_moment()
        self._first_end = None
        if family is not None:
            self._first_end = consented.first_end(family.consent, client.registration, frozenset(names))
        self._seconds = access_tokens.seconds(
            issued_at=self._issued_at, is_jwt=self._is_jwt, consent_ends_at=self._first_end
        )

    def fault(self) -> bool:
        """Tell whether something is missing that would have to be made, or looked up, first."""
        if self._family is not None and self._subject is None:
            return True
        signs = self._is_jwt or (self._family is not None and "openid" in self._names)
        return (signs and self._client.signing_key is None) or (self._is_jwt and bool(self._resource))

    def _signer(self) -> keys.Signer:
        assert self._client.signing_key is not None, "fault() comes first"
        return keys.signer_of(self._client.signing_key)

    def access_token(self) -> str:
        """Return a new access token's text."""
        family = self._family.pk if self._family is not None else None
        if not self._is_jwt:
            return credentials.new_access_token(family)
        application = self._client.application
        return jwt_access_token.sign(
            client=application,
            user=self._user,
            authorization=self._family,
            family=family,
            resource=self._resource,
            scope=" ".join(self._names),
            issued_at=self._issued_at,
            expires_at=self._issued_at + timedelta(seconds=self._seconds),
            subject=self._subject or token_subjects.of_client(client_id=application.client_id),
            signer=self._signer(),
        )

    def id_token(self, access_token: str, nonce: str | None) -> str:
        """Return the signed ID token beside an access token."""
        return id_token.sign(
            user=self._user,
            authorization=self._family,
            access_token=access_token,
            client=self._client.application,
            nonce=nonce,
            scopes=frozenset(self._names),
            consent_ends_at=self._first_end,
            subject=self._subject,
            signer=self._signer(),
        )

    def stored(self, access_token: str, refresh_token: str) -> token_writes.Tokens:
        """Return what the database keeps."""
        return token_writes.Tokens(
            access_digest=crypto.digest(access_token),
            refresh_digest=crypto.digest(refresh_token) if refresh_token else "",
            scope=" ".join(self._names),
            expires_at=self._issued_at + timedelta(seconds=self._seconds),
            resource=self._resource,
        )

    def told(self, access_token: str, refresh_token: str, signed: str | None) -> dict[str, Any]:
        """Return what the client is told, and tell who listens that tokens were issued."""
        if tokens_issued.has_listeners():
            tokens_issued.send(
                sender=Validator,
                authorization_id=self._family.pk if self._family is not None else None,
                application_id=self._client.application.pk,
                user_id=self._user.pk if self._user is not None else None,
                grant_type=self._grant_type,
            )
        scope = " ".join(scopes.on_the_wire(self._names))
        found = {
            "access_token": access_token,
            "expires_in": self._seconds,
            "token_type": "Bearer",
            "scope": scope,
            "refresh_token": refresh_token,
            "id_token": signed,
        }
        return {name: value for name, value in found.items() if value}
