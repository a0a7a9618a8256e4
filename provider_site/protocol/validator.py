"""DOT's request validator over this app's storage and policies.

oauthlib and DOT decide the protocol; what is overridden here is where things are kept (codes and tokens by digest, an
authorization beside them) and the decisions of ``policy/``. An override without ``super()`` names its reason.
"""

from __future__ import annotations

import logging
from typing import Any

from django.db import transaction
from django.utils import timezone
from oauth2_provider.models import AbstractApplication, get_application_model
from oauthlib.oauth2.rfc6749 import errors

from provider_site import crypto
from provider_site.conf import provider_settings
from provider_site.models import Registration
from provider_site.policy import redirect, token_use
from provider_site.policy.scopes import on_the_wire
from provider_site.protocol import client_authentication, id_token
from provider_site.protocol.device_grant import DeviceCodes
from provider_site.services import secrets, try_it
from provider_site.storage import access, codes, consented, revocation, tokens

logger = logging.getLogger("provider_site.protocol")


class Validator(DeviceCodes):
    """The one validator of every endpoint."""

    # --- The client ---------------------------------------------------------------------------------------------

    def _load_application(self, client_id: str, request: Any) -> Any | None:
        if "\x00" in (client_id or ""):  # PostgreSQL refuses the query
            request.client = None
            return None
        if not request.client:  # in one query, with what every answer reads of it; super() takes what is there
            rows = get_application_model().objects.select_related("registration")
            request.client = rows.filter(client_id=client_id).first()
        application = super()._load_application(client_id, request)
        registration = access.registration_of(application)
        if registration is None or registration.status == Registration.Status.SUSPENDED:
            request.client = None
            return None
        return application

    def _extract_basic_auth(self, request: Any) -> str | None:
        # No super(): it refuses "basic" in lower case.
        return client_authentication.basic_payload(request.headers.get("HTTP_AUTHORIZATION"))

    def authenticate_client(self, request: Any, *args: Any, **kwargs: Any) -> bool:
        """Authenticate by the one method the client used (RFC 6749 2.3).

        No super(): it tries the body after a failed header, which costs a second hash, and it hashes slowly.
        """
        payload = self._extract_basic_auth(request)
        if payload is not None:
            sent = client_authentication.from_basic(payload)
            body_id = request.client_id
            if sent is not None and body_id and body_id != sent.client_id:
                return False
            if request.client_secret:
                raise errors.InvalidRequestError(  # RFC 6749 5.2 names this very case
                    description="The client authenticates by two methods at once.", request=request
                )
        else:
            sent = client_authentication.from_body(request)
        if sent is None:
            return False
        application = self._load_application(sent.client_id, request)
        if application is None or application.client_type != AbstractApplication.CLIENT_CONFIDENTIAL:
            return False
        request.client_id = sent.client_id
        if try_it.stands_in(application=application, secret=sent.client_secret):
            return True
        return secrets.verify_secret(application=application, secret=sent.client_secret)

    def is_pkce_required(self, client_id: str, request: Any) -> bool:
        """Require PKCE of everyone, but for sign-ins to a confidential client an admin has waived it for.

        There the nonce of the ID token stands in its place (RFC 9700 2.1.1); a request without ``openid`` has none.
        """
        application = request.client
        registration = access.registration_of(application)
        waived = registration is not None and registration.pkce_waived
        if "openid" not in (vars(request).get("scopes") or (request.scope or "").split()):
            return True
        return not (waived and application.client_type == AbstractApplication.CLIENT_CONFIDENTIAL)

    def validate_redirect_uri(self, client_id: str, redirect_uri: str, request: Any, *args: Any, **kwargs: Any) -> bool:
        """Compare exactly (RFC 9700 2.1). No super(): it normalizes before comparing.

        The address at which owners try an application fits each of them; authorize/ answers there to owners alone.
        """
        return self._is_redirect_uri(request.client, redirect_uri)

    def _is_redirect_uri(self, client: Any, uri: str) -> bool:
        return redirect.matches(uri, client.redirect_uris.split()) or try_it.is_redirect_uri(uri)

    def validate_grant_type(
        self, client_id: str, grant_type: str, client: Any, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        """Allow what DOT allows, and a machine's own token only to an approved application."""
        if grant_type == "client_credentials":
            registration = access.registration_of(client)
            if registration is None or registration.status != Registration.Status.APPROVED:
                return False
        return bool(super().validate_grant_type(client_id, grant_type, client, request, *args, **kwargs))

    def validate_response_type(
        self, client_id: str, response_type: str, client: Any, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        """Offer ``code`` alone: the implicit and hybrid flows are gone (RFC 9700 2.1.2)."""
        if response_type != "code":
            raise errors.UnsupportedResponseTypeError(request=request)
        return bool(super().validate_response_type(client_id, response_type, client, request, *args, **kwargs))

    def validate_scopes(
        self, client_id: str, scopes: list[str], client: Any, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        """Allow the scopes the client is registered for; single claims only where the pipeline has put them there."""
        if "authorization_context" in vars(request):
            scopes = on_the_wire(scopes)
        return bool(super().validate_scopes(client_id, scopes, client, request, *args, **kwargs))

    # The pipeline in authorize/ decides these before oauthlib is asked; DOT leaves them unimplemented.

    def validate_silent_login(self, request: Any) -> bool:
        """Let ``prompt=none`` pass: authorize/ has answered it."""
        return True

    def validate_silent_authorization(self, request: Any) -> bool:
        """Let ``prompt=none`` pass: authorize/ has answered it."""
        return True

    def validate_jwt_bearer_token(self, token: str, scopes: Any, request: Any) -> bool:
        """Refuse: an ID token is a message to the client, not an access token."""
        return False

    def validate_id_token(self, token: str, scopes: Any, request: Any) -> bool:
        """Refuse: an ID token is a message to the client, not an access token."""
        return False

    # --- Codes --------------------------------------------------------------------------------------------------

    def save_authorization_code(
        self, client_id: str, code: dict[str, Any], request: Any, *args: Any, **kwargs: Any
    ) -> None:
        """Store DOT's grant under the code's digest, the nonce sealed, and the authorization, in one transaction."""
        request.claims = codes.sealed(request.nonce) if request.nonce else None
        request.nonce = None
        with transaction.atomic():
            expires = timezone.now() + provider_settings.authorization_code_lifetime
            self._create_authorization_code(request, {**code, "code": crypto.digest(code["code"])}, expires)
            codes.store_authorization(
                code_digest=crypto.digest(code["code"]),
                application=request.client,
                user=request.user,
                scope=" ".join(request.scopes),
                context=request.authorization_context,
            )

    def validate_code(self, client_id: str, code: str, client: Any, request: Any, *args: Any, **kwargs: Any) -> bool:
        """Accept a code once, from its client, in time, while person and consent stand; a replay kills the family."""
        record = self._code(request)
        if record is None or record.authorization.application_id != client.pk:
            return False
        if record.consumed:
            self._punish_replay(record.authorization.pk, kind="code")
            return False
        grant = record.grant
        registered = self._registered(request)
        if grant is None or access.code_refusal(record.authorization, grant.expires, registered) is not None:
            return False
        if not grant.code_challenge and request.code_verifier:  # RFC 9700 4.8.2: a downgrade shows as this
            return False
        try:
            request.nonce = record.nonce()
        except crypto.Unsealable:  # sealed under a key ring that was replaced since
            return False
        request.user = record.authorization.user
        request.scopes = self._still_allowed(record.authorization, request)
        return True

    def get_code_challenge(self, code: str, request: Any) -> str | None:
        """Return the challenge stored with the code."""
        record = self._code(request)
        return (record.grant.code_challenge or None) if record and record.grant else None

    def get_code_challenge_method(self, code: str, request: Any) -> str | None:
        """Return the challenge's method."""
        record = self._code(request)
        return (record.grant.code_challenge_method or None) if record and record.grant else None

    def confirm_redirect_uri(
        self, client_id: str, code: str, redirect_uri: str, client: Any, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        """Compare with the redirect URI of the authorization request (RFC 6749 4.1.3).

        Raises InvalidGrantError for another one, as RFC 6749 5.2 has it: oauthlib would say invalid_request.
        """
        record = self._code(request)
        if record is None or record.grant is None or not record.grant.redirect_uri_allowed(redirect_uri):
            raise errors.InvalidGrantError(request=request)
        if not self._is_redirect_uri(client, record.grant.redirect_uri):  # taken away since
            raise errors.InvalidGrantError(request=request)
        return True

    def get_authorization_code_scopes(self, client_id: str, code: str, redirect_uri: str, request: Any) -> list[str]:
        """Return the scopes the code was given for."""
        record = self._code(request)
        return self._still_allowed(record.authorization, request) if record else []

    def _registered(self, request: Any) -> frozenset[str]:
        """Return what the client may have now, read once for a request."""
        found: frozenset[str] | None = vars(request).get("_registered_scopes")
        if found is None:
            found = vars(request)["_registered_scopes"] = access.registered_scopes(request.client.pk)
        return found

    def _still_registered(self, scope: str, request: Any) -> list[str]:
        """Return those of the scopes that the client may still have."""
        registered = self._registered(request)
        return [name for name in scope.split() if name in registered]

    def _still_allowed(self, authorization: Any, request: Any) -> list[str]:
        """Return those of the authorization's scopes that the client may still have and the person still allows."""
        held = consented.held(authorization.consent, access.registration_of(request.client))
        return [name for name in self._still_registered(authorization.scope, request) if name in held]

    def get_authorization_code_nonce(self, client_id: str, code: str, redirect_uri: str, request: Any) -> str | None:
        """Return the nonce of the authorization request."""
        record = self._code(request)
        return record.nonce() if record else None

    def invalidate_authorization_code(self, client_id: str, code: str, request: Any, *args: Any, **kwargs: Any) -> None:
        """Do nothing: the code was consumed in the transaction that stored its tokens (DOT deletes it in another)."""

    # --- Refresh tokens -----------------------------------------------------------------------------------------

    def validate_refresh_token(self, refresh_token: str, client: Any, request: Any, *args: Any, **kwargs: Any) -> bool:
        """Accept a live refresh token of this client; a rotated one kills its family, but within the grace."""
        record = tokens.find_refresh_token(refresh_token)
        if record is None or record.row.application_id != client.pk:
            return False
        if record.row.revoked is not None:
            live_family = record.authorization is not None and record.authorization.revoked_at is None
            if not (live_family and tokens.is_retry(record.row.revoked, provider_settings.refresh_token_grace)):
                self._punish_replay(record.row.token_family, kind="refresh_token")
                return False
        elif timezone.now() >= record.row.created + provider_settings.refresh_token_idle_lifetime:
            return False
        if self._refresh_refusal(record):
            return False
        request.user = record.row.user
        request.refresh_token = refresh_token
        request.refresh_token_record = record
        request.refresh_token_instance = record.row  # DOT's name: it bounds the resources by those of the row
        return True

    def _refresh_refusal(self, record: tokens.RefreshTokenRecord) -> token_use.Refusal | None:
        return access.refresh_refusal(record)

    def get_original_scopes(self, refresh_token: str, request: Any, *args: Any, **kwargs: Any) -> list[str]:
        """Return what the authorization bought, less what the person or a reviewer took back (RFC 6749 6)."""
        record = request.refresh_token_record
        if record.authorization is None:
            return self._still_registered(record.row.access_token.scope if record.row.access_token else "", request)
        return self._still_allowed(record.authorization, request)

    # --- Access tokens at use and at their end ---------------------------------------------------------------------

    def revoke_token(self, token: str, token_type_hint: str, request: Any, *args: Any, **kwargs: Any) -> None:
        """Revoke one of the client's own tokens with its family. No super(): DOT knows no family of access tokens."""
        if request.client is not None:
            revocation.revoke_own(token, application=request.client)

    def _load_access_token(self, token: str) -> Any | None:
        """Return DOT's row if the token may be used now, narrowed to what the person still allows.

        Every resource check of DOT passes here (its views, middleware, DRF). No super(): the reading is storage's.
        """
        record = access.find_access_token(token)
        if record is None:
            return None
        if record.refusal is token_use.Refusal.EXPIRED:
            return record.row  # DOT words this one itself
        if record.refusal is not None:
            logger.info("an access token was refused: %s", record.refusal)
            return None
        record.row.scope = " ".join(scope for scope in record.row.scope.split() if scope in record.scopes)
        return record.row

    # --- ID tokens ----------------------------------------------------------------------------------------------

    def finalize_id_token(
        self, id_token_claims: dict[str, Any], token: dict[str, Any], token_handler: Any, request: Any
    ) -> str:
        """Sign the ID token. No super(): DOT signs with a key per algorithm setting and keeps a row per token."""
        authorization = self._authorization(request)
        return id_token.sign(
            user=request.user,
            authorization=authorization,
            access_token=token["access_token"],
            client=request.client,
            nonce=request.nonce if request.grant_type == "authorization_code" else None,
            scopes=frozenset(request.scopes or ()),
            consent_ends_at=self._first_end(request, authorization),
        )
