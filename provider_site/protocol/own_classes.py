"""Whether this project leaves the deciding to our own classes, which the short ways stand in for."""

from __future__ import annotations

from oauth2_provider.oauth2_backends import OAuthLibCore
from oauth2_provider.settings import oauth2_settings

from provider_site.protocol.scopes_backend import ScopesBackend
from provider_site.protocol.server import Server
from provider_site.protocol.validator import Validator


def decide() -> bool:
    """Tell whether nothing in this project has put a class of its own where ours decide."""
    return (
        oauth2_settings.OAUTH2_VALIDATOR_CLASS is Validator
        and oauth2_settings.OAUTH2_SERVER_CLASS is Server
        and oauth2_settings.OAUTH2_BACKEND_CLASS is OAuthLibCore
        and oauth2_settings.SCOPES_BACKEND_CLASS is ScopesBackend
    )
