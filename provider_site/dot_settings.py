"""The settings django-oauth-toolkit needs to run under this app."""

from __future__ import annotations

from typing import Any


def dot_settings(**overrides: Any) -> dict[str, Any]:
    """Return ``OAUTH2_PROVIDER`` for ``settings.py``: DOT wired to this app, every RFC 9700 gate closed.

    ``overrides`` win; the system checks tell when one of them opens a gate again.
    """
    return {
        "OAUTH2_VALIDATOR_CLASS": "provider_site.protocol.validator.Validator",
        "OAUTH2_SERVER_CLASS": "provider_site.protocol.server.Server",
        "SCOPES_BACKEND_CLASS": "provider_site.protocol.scopes_backend.ScopesBackend",
        "APPLICATION_ADMIN_CLASS": "provider_site.admin.applications.ApplicationAdmin",
        "ACCESS_TOKEN_ADMIN_CLASS": "provider_site.admin.tokens.AccessTokenAdmin",
        "REFRESH_TOKEN_ADMIN_CLASS": "provider_site.admin.tokens.RefreshTokenAdmin",
        "GRANT_ADMIN_CLASS": "provider_site.admin.tokens.GrantAdmin",
        "ID_TOKEN_ADMIN_CLASS": "provider_site.admin.tokens.IDTokenAdmin",
        "OIDC_ENABLED": True,
        "PKCE_REQUIRED": True,
        "ROTATE_REFRESH_TOKEN": True,
        "REFRESH_TOKEN_REUSE_PROTECTION": True,
        "ALLOWED_REDIRECT_URI_SCHEMES": ["https", "http"],
        "ALLOW_URI_WILDCARDS": False,
        "ALLOW_LOCALHOST_LOOPBACK": False,
        "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
        "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
        "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
        "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
        "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
        "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
        "COMPLIANT_BCP_RFC9700_REFRESH_TOKEN": True,
        # DOT's gate knows only "http or not". policy/redirect.py allows http for loopback alone (RFC 8252 7.3).
        "COMPLIANT_BCP_RFC9700_REDIRECT_URI_SCHEME": False,
        "COMPLIANT_BCP_RFC9700_REDIRECT_URI_MATCHING": True,
        "COMPLIANT_BCP_RFC9700_PKCE_REQUIRED": True,
        **overrides,
    }
