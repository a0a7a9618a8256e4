"""Discovery and keys: what works here, and nothing else (OpenID Discovery 3, RFC 8414, RFC 7517)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.signals import setting_changed
from django.db import transaction
from django.dispatch import receiver
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import get_script_prefix, get_urlconf, reverse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from provider_site.conf import provider_settings
from provider_site.policy import claims, scopes
from provider_site.policy.grants import DEVICE_CODE
from provider_site.protocol.authorize import parameters
from provider_site.protocol.documents import Document
from provider_site.services import key_set, sessions


def _address(name: str) -> str:
    return provider_settings.issuer_origin + reverse(f"oauth2_provider:{name}")


def _bcp47(tag: str) -> str:
    """Return one of Django's language codes as BCP 47 writes it: ``zh-Hans``, ``pt-BR``."""
    first, *rest = tag.split("-")
    return "-".join([first.lower(), *(part.title() if len(part) == 4 else part.upper() for part in rest)])


def document() -> dict[str, Any]:
    """Return the provider's metadata, for both discovery documents."""
    members = {
        "issuer": provider_settings.issuer,
        "authorization_endpoint": _address("authorize"),
        "token_endpoint": _address("token"),
        "userinfo_endpoint": _address("user-info"),
        "device_authorization_endpoint": _address("device-authorization"),
        "revocation_endpoint": _address("revoke-token"),
        "introspection_endpoint": _address("introspect"),
        "jwks_uri": _address("jwks-info"),
        "end_session_endpoint": _address("rp-initiated-logout"),
        # Only where browsers are given the cookie that the frame compares.
        **({"check_session_iframe": _address("check-session")} if sessions.keeps_browser_state() else {}),
        "scopes_supported": list(scopes.catalog()),
        "claims_supported": sorted({*claims.supported(), *claims.OF_THE_SIGN_IN}),
        "response_types_supported": ["code"],
        "response_modes_supported": list(parameters.RESPONSE_MODES),
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials", DEVICE_CODE],
        # The primary key, which applications taken over go on with, is a public one.
        "subject_types_supported": ["public", "pairwise"],
        "id_token_signing_alg_values_supported": list(provider_settings.signing_algorithms),
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "revocation_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        # Who asks about tokens has proven itself (RFC 7662 2.1).
        "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": list(parameters.prompts()),
        "acr_values_supported": list(provider_settings.acr_values),
        "ui_locales_supported": [_bcp47(tag) for tag, _name in settings.LANGUAGES],
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "frontchannel_logout_supported": True,
        "frontchannel_logout_session_supported": True,
        "authorization_response_iss_parameter_supported": True,
        "claims_parameter_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
    }
    # RFC 8414 3.2, OpenID Discovery 4.2: a list of nothing is left out.
    return {name: value for name, value in members.items() if value != []}


# What applications keep: nothing in it changes but with a release or a setting.
_METADATA_MAX_AGE = 3600


@lru_cache(maxsize=8)
def _metadata(urlconf: Any, script_prefix: str) -> Document:
    """Return the metadata for one set of addresses: ``reverse`` depends on nothing else."""
    return Document.of(document(), max_age=_METADATA_MAX_AGE)


@lru_cache(maxsize=2)
def _keys(published: key_set.KeySet, max_age: int) -> Document:
    return Document.of(published.jwks, max_age=max_age)


@receiver(setting_changed)
def _forget(**_kwargs: Any) -> None:
    _metadata.cache_clear()


@method_decorator([csrf_exempt, login_not_required, transaction.non_atomic_requests], name="dispatch")
class MetadataView(View):
    """Serve the metadata at its well-known addresses, for the configured issuer only."""

    def get(self, request: HttpRequest, issuer_path: str = "") -> HttpResponse:
        """Answer with the document; with an issuer's path in the address (RFC 8414 3.1), only if it is ours."""
        ours = provider_settings.issuer.removeprefix(provider_settings.issuer_origin).strip("/")
        if issuer_path.strip("/") not in {"", ours}:
            raise Http404
        return _metadata(get_urlconf(), get_script_prefix()).answer(request)


@method_decorator([csrf_exempt, login_not_required, transaction.non_atomic_requests], name="dispatch")
class JwksView(View):
    """Serve the public keys (RFC 7517 5)."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Answer with the keys that verify; caches are told to ask again while a new key still waits unused."""
        max_age = int(provider_settings.jwks_max_age.total_seconds())
        return _keys(key_set.current(), max_age).answer(request)
