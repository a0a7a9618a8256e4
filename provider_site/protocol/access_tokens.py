"""How access tokens are made and stored: the part of DOT's request validator that the token endpoint's answers use."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauthlib.oauth2.rfc6749 import errors

from provider_site.conf import provider_settings
from provider_site.errors import CodeReplayed, RefreshTokenReused, TargetRefused
from provider_site.models import Registration
from provider_site.policy import lifetimes, scopes
from provider_site.policy.grants import DEVICE_CODE
from provider_site.protocol import jwt_access_token
from provider_site.services import resource_servers
from provider_site.signals import replay_detected, tokens_issued
from provider_site.storage import access, codes, consented, credentials, tokens

logger = logging.getLogger("provider_site.protocol")

# The grants by what a person's decision bought: a code, in the hands of a browser or of a device (RFC 8628).
_BY_CODE = frozenset({"authorization_code", DEVICE_CODE})

# What is kept on oauthlib's request is read by vars(), never by getattr(): oauthlib answers unknown attributes with the
# parameter of that name.


class AccessTokens(OAuth2Validator):
    """The tokens' text, life, audience and rows."""

    def _code(self, request: Any) -> codes.CodeRecord | None:
        """Return the code's record, read once per request (no super() in what uses it: DOT reads it seven times)."""
        kept = vars(request)
        if "_code_record" not in kept:
            kept["_code_record"] = codes.find_code(request.code or "")
        record: codes.CodeRecord | None = kept["_code_record"]
        return record

    def _authorization(self, request: Any) -> Any | None:
        record = vars(request).get("refresh_token_record")
        if record is not None:
            return record.authorization
        if request.grant_type in _BY_CODE and (code := self._code(request)):
            return code.authorization
        return None

    def _family(self, request: Any) -> Any | None:
        authorization = self._authorization(request)
        if authorization is not None:
            return authorization.pk
        record = vars(request).get("refresh_token_record")
        return record.row.token_family if record is not None else None  # a family of stock DOT's

    def _first_end(self, request: Any, authorization: Any | None) -> Any | None:
        """Return when the first of the scopes the token is for ends by itself, or ``None``."""
        if authorization is None:
            return None
        registration = access.registration_of(request.client)
        return consented.first_end(authorization.consent, registration, frozenset(request.scopes or ()))

    # --- The text -----------------------------------------------------------------------------------------------

    def access_token_text(self, request: Any, refresh_token: bool = False) -> str:
        """Return a new access token that names its authorization; oauthlib's ``token_generator``.

        Raises invalid_target for resources the token can't be for (RFC 8707 2), before anything is used up.
        """
        self._check_and_set_request_resource(request)
        if not _is_jwt(request.client):
            return credentials.new_access_token(self._family(request))
        issued_at = self._issued_at(request)
        try:
            return jwt_access_token.sign(
                client=request.client,
                user=_user(request),
                authorization=self._authorization(request),
                family=self._family(request),
                resource=vars(request)["resource"],
                scope=" ".join(request.scopes or ()),
                issued_at=issued_at,
                expires_at=issued_at + timedelta(seconds=request.expires_in),
            )
        except TargetRefused as error:
            raise _invalid_target(request, error.description) from error

    def refresh_token_text(self, request: Any, refresh_token: bool = False) -> str:
        """Return a new refresh token; oauthlib's ``refresh_token_generator``."""
        return credentials.new_refresh_token()

    def _issued_at(self, request: Any) -> datetime:
        """Return the moment of issue, the same in the token and in its row: a whole second, as JWTs have them."""
        moment: datetime = vars(request).setdefault("_issued_at", issue_moment())
        return moment

    def access_token_seconds(self, request: Any) -> int:
        """Return how long the access token lives, never beyond the consent; oauthlib's ``token_expires_in``."""
        return seconds(
            issued_at=self._issued_at(request),
            is_jwt=_is_jwt(request.client),
            consent_ends_at=self._first_end(request, self._authorization(request)),
        )

    # --- The audience -------------------------------------------------------------------------------------------

    def _check_and_set_request_resource(self, request: Any) -> None:
        """Settle which resources the token is for, once: those asked for, within those granted (RFC 8707 2.2).

        An authorization that named none is for each resource its scopes open, so naming one narrows it. No super():
        DOT looks for the grant by the code in clear. Raises invalid_target.
        """
        kept = vars(request)
        if "_granted_resource" in kept:
            return
        granted = self._granted_resource(request)
        sent = [value for name, value in kept.get("decoded_body") or [] if name == "resource" and value]
        asked = list(dict.fromkeys(sent))
        if granted:
            if not set(asked) <= set(granted):
                raise _invalid_target(request, "A resource was not part of the authorization.")
        elif (fault := resource_servers.fault(asked)) is not None:
            raise _invalid_target(request, fault)
        kept["_granted_resource"] = granted
        request.resource = asked or granted

    def _granted_resource(self, request: Any) -> list[str]:
        record = vars(request).get("refresh_token_record")
        if record is not None:
            return list(record.row.resource or [])
        if request.grant_type in _BY_CODE and (code := self._code(request)) and code.grant is not None:
            return list(code.grant.resource or [])
        return []

    # --- The rows -----------------------------------------------------------------------------------------------

    def save_bearer_token(self, token: dict[str, Any], request: Any, *args: Any, **kwargs: Any) -> None:
        """Consume what was presented and store what it buys in one transaction; of many at once, one succeeds.

        A replay found here undoes the transaction and then kills the family.
        """
        try:
            super().save_bearer_token(token, request, *args, **kwargs)
        except (CodeReplayed, RefreshTokenReused) as error:
            kind = "refresh_token"
            if isinstance(error, CodeReplayed):
                kind = "device_code" if request.grant_type == DEVICE_CODE else "code"
            self._punish_replay(self._family(request), kind=kind)
            raise errors.InvalidGrantError(description=error.description, request=request) from error

    def _save_bearer_token(self, token: dict[str, Any], request: Any, *args: Any, **kwargs: Any) -> None:
        # No super(): the hot path. DOT's rows come out the same (tests/provider/test_dot_oracle.py).
        self._check_and_set_request_resource(request)
        user, kept, authorization = _user(request), vars(request), self._authorization(request)
        if authorization is not None:
            # First: who takes a consent back begins with its row, and in another order both would wait for each other.
            tokens.note_use(authorization.consent)
        tokens.store_tokens(
            application=request.client,
            user=user,
            scope=token["scope"],
            access_token=token["access_token"],
            refresh_token=token.get("refresh_token"),
            expires_at=self._issued_at(request) + timedelta(seconds=token["expires_in"]),
            family=self._family(request),
            source_refresh_token=self._consume(request),
            resource=kept["resource"],
            granted_resource=kept["_granted_resource"],
        )
        if told := " ".join(scopes.on_the_wire(token["scope"].split())):
            token["scope"] = told
        else:  # RFC 6749 3.3: a scope has one word at least
            del token["scope"]
        if tokens_issued.has_listeners():
            tokens_issued.send(
                sender=type(self),
                authorization_id=authorization.pk if authorization is not None else None,
                application_id=request.client.pk,
                user_id=user.pk if user is not None else None,
                grant_type=request.grant_type,
            )

    def _consume(self, request: Any) -> Any | None:
        """Use up what was presented; return the refresh token's row if there is one whose successor this is."""
        record = vars(request).get("refresh_token_record")
        if record is not None:
            first = tokens.consume_refresh_token(record, grace=provider_settings.refresh_token_grace)
            return record.row if first else None  # DOT: one successor per refresh token
        if request.grant_type in _BY_CODE:
            codes.consume(self._code(request))  # type: ignore[arg-type]  # validate_code has seen it
        return None

    def _punish_replay(self, authorization_id: Any, *, kind: str) -> None:
        if authorization_id is None:
            return
        if tokens.revoke_authorization(authorization_id, reason=f"{kind}_replayed"):
            logger.warning("a %s was used twice; authorization %s is revoked", kind, authorization_id)
        replay_detected.send(sender=type(self), authorization_id=authorization_id, kind=kind)


def issue_moment() -> datetime:
    """Return the moment at which tokens are issued now: a whole second."""
    return timezone.now().replace(microsecond=0)


def seconds(*, issued_at: datetime, is_jwt: bool, consent_ends_at: datetime | None) -> int:
    """Return how long an access token lives, never beyond the consent, in seconds."""
    lifetime = provider_settings.access_token_lifetime
    end = lifetimes.bounded_end(
        now=issued_at,
        lifetime=min(lifetime, lifetimes.JWT_ACCESS_TOKEN) if is_jwt else lifetime,
        consent_ends_at=consent_ends_at,
    )
    return max(int((end - issued_at).total_seconds()), 1)


def _user(request: Any) -> Any | None:
    """Return the person the token is of; ``None`` for a machine's own."""
    return None if request.grant_type == "client_credentials" else request.user


def _is_jwt(client: Any) -> bool:
    registration = access.registration_of(client)
    return registration is not None and is_jwt(registration)


def is_jwt(registration: Registration) -> bool:
    """Tell whether an application's access tokens are JWTs (RFC 9068)."""
    return registration.access_token_format == Registration.AccessTokenFormat.JWT


def _invalid_target(request: Any, description: str) -> errors.OAuth2Error:
    return errors.CustomOAuth2Error(error="invalid_target", description=description, request=request)
