"""oauthlib's server with the grants this provider has, and no others."""

from __future__ import annotations

from typing import Any

from oauthlib.oauth2 import (
    AuthorizationEndpoint,
    BearerToken,
    ClientCredentialsGrant,
    ResourceEndpoint,
    RevocationEndpoint,
    TokenEndpoint,
)
from oauthlib.openid.connect.core.grant_types import AuthorizationCodeGrant, RefreshTokenGrant

from provider_site.policy.grants import DEVICE_CODE
from provider_site.protocol import oauthlib_logs
from provider_site.protocol.device_grant import DeviceGrant

oauthlib_logs.keep_secrets_out()


class CodeGrant(AuthorizationCodeGrant):
    """oauthlib's code grant without the ``claims`` parameter, which authorize/ has read already."""

    def _inflate_claims(self, request: Any) -> None:
        # No super(): it refuses malformed JSON by an error without a redirect URI, which nobody can send anywhere.
        request.claims = None


class Server(AuthorizationEndpoint, TokenEndpoint, ResourceEndpoint, RevocationEndpoint):
    """Authorization code with OpenID Connect, refresh, client credentials, device code.

    Implicit and password do not exist here.
    """

    def __init__(self, request_validator: Any, *_args: Any, **_kwargs: Any) -> None:
        """Wire the grants to the validator, which also makes the tokens' text and bounds their life."""
        bearer = BearerToken(
            request_validator,
            token_generator=request_validator.access_token_text,
            expires_in=request_validator.access_token_seconds,
            refresh_token_generator=request_validator.refresh_token_text,
        )
        code_grant = CodeGrant(request_validator)
        AuthorizationEndpoint.__init__(
            self, default_response_type="code", response_types={"code": code_grant}, default_token_type=bearer
        )
        TokenEndpoint.__init__(
            self,
            default_grant_type="authorization_code",
            grant_types={
                "authorization_code": code_grant,
                "refresh_token": RefreshTokenGrant(request_validator),
                "client_credentials": ClientCredentialsGrant(request_validator),
                DEVICE_CODE: DeviceGrant(request_validator),
            },
            default_token_type=bearer,
        )
        ResourceEndpoint.__init__(self, default_token="Bearer", token_types={"Bearer": bearer})
        RevocationEndpoint.__init__(self, request_validator)
