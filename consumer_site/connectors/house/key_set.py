"""Publish the public keys that providers verify this site's assertions with."""

from __future__ import annotations

from allauth.account.internal.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from consumer_site.openid import client_keys

# Short beside the day by which a key is published before it signs.
_MAX_AGE_SECONDS = 300


@require_safe
@login_not_required
@cache_control(public=True, max_age=_MAX_AGE_SECONDS)
def key_set(request: HttpRequest) -> HttpResponse:
    """Answer with the key set to register as jwks_uri (RFC 7517 section 5, RFC 7591 section 2)."""
    del request
    response = JsonResponse(client_keys.published())
    response["X-Content-Type-Options"] = "nosniff"
    return response
