"""The app that an address names."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest

from provider_site.services import connections


def find(request: HttpRequest, application_id: str) -> Any:
    """Return the application. Raises Http404 for one the person never allowed anything."""
    application = connections.application_of(user=request.user, key=application_id)
    if application is None:
        raise Http404
    return application
