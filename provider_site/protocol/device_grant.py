"""The device code at the token endpoint (RFC 8628 3.4, 3.5): oauthlib's grant, and the validator's part in it."""

from __future__ import annotations

import json
import logging
from typing import Any

from oauthlib.oauth2.rfc6749 import errors
from oauthlib.oauth2.rfc8628.grant_types import DeviceCodeGrant

from provider_site.protocol.access_tokens import AccessTokens
from provider_site.services import device_authorizations
from provider_site.services.device_authorizations import State
from provider_site.storage import access, codes, consented

logger = logging.getLogger("provider_site.protocol")

_ORDINARY = frozenset({State.PENDING, State.SLOW_DOWN, State.DENIED, State.EXPIRED})


def is_ordinary(answer: bytes) -> bool:
    """Tell whether an error of the token endpoint is what a device that does all right is told while it asks."""
    return json.loads(answer).get("error") in _ORDINARY


class DeviceGrant(DeviceCodeGrant):
    """oauthlib's grant, with the ID token it leaves out."""

    def create_token_response(self, request: Any, token_handler: Any) -> tuple[dict[str, str], str, int]:
        """Answer a poll: with tokens once the person has allowed it, by an error before (RFC 8628 3.5)."""
        # No super(): it knows of no ID token.
        headers = self._get_default_headers()
        try:
            self.validate_token_request(request)
        except errors.OAuth2Error as error:
            headers.update(error.headers)
            return headers, error.json, error.status_code
        token = token_handler.create_token(request, self.refresh_token)
        if "openid" in request.scopes:
            token["id_token"] = self.request_validator.finalize_id_token({}, token, token_handler, request)
        self.request_validator.save_token(token, request)
        return headers, json.dumps(token), 200


class DeviceCodes(AccessTokens):
    """The part of the validator that decides on device codes."""

    def validate_device_code(self, client_id: str, device_code: str, request: Any) -> str | None:
        """Return what oauthlib is to answer: its own name of the state, ``None`` for a code that buys nothing.

        A code is good for its client alone, once, in time, and while person and consent stand; a replay kills what it
        bought. No super(): it answers by DOT's rows, whose codes are in clear and of any client.
        """
        found = device_authorizations.poll(device_code=device_code, application=request.client)
        if found.state is State.USED and found.authorization is not None:
            self._punish_replay(found.authorization.pk, kind="device_code")
            return None
        if found.state is not State.ALLOWED or found.authorization is None or found.expires_at is None:
            return None if found.state in {State.USED, State.UNKNOWN} else str(found.state)
        registered = access.registered_scopes(request.client.pk)
        refusal = access.code_refusal(found.authorization, found.expires_at, registered)
        if refusal is not None:
            logger.info("a device code was refused: %s", refusal)
            return None
        request.user = found.authorization.user
        request.scopes = self._allowed_scopes(found.authorization, request.client, registered)
        # Consumed as a code is, in the transaction that stores what it buys.
        vars(request)["_code_record"] = codes.CodeRecord(found.authorization, None)
        return str(DeviceCodeGrant.DEVICE_CODE_AUTHORIZED)

    def _allowed_scopes(self, authorization: Any, client: Any, registered: frozenset[str]) -> list[str]:
        held = consented.held(authorization.consent, access.registration_of(client)) & registered
        return [name for name in authorization.scope.split() if name in held]
