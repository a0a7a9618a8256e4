"""The list of connected apps, and of those that were."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache

from keyset_lists import BadPlace
from provider_site.conf import provider_settings
from provider_site.models import Registration
from provider_site.portal.connected import words
from provider_site.security_headers import protect
from provider_site.services import app_links, connections, people
from provider_site.services.connections import Connection, Connections

_PER_PAGE = 50
# A card says what an app gets at a glance; its own page says all of it.
_TITLES = 8


@method_decorator(never_cache, name="dispatch")
class ConnectedAppsView(LoginRequiredMixin, View):
    """List the applications a person allows something."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show one card per application, those that nothing uses first; the number of queries is constant."""
        found = self._found(request)
        owners = [card.registration.owner for card in found.present if card.registration and card.registration.owner]
        names = people.display_names(users=owners)
        context = {
            "page": found.page,
            "cards": [_card(connection, names) for connection in found.present],
            "past": [words.past(connection) for connection in found.past],
            "site_name": provider_settings.site_name,
        }
        return protect(render(request, "provider_site/connected_apps.html", context))

    def _found(self, request: HttpRequest) -> Connections:
        """Return the page that the address names, the first one for an address that names none."""
        try:
            return connections.of_person(user=request.user, place=request.GET.get("page", ""), size=_PER_PAGE)
        except BadPlace:
            return connections.of_person(user=request.user, size=_PER_PAGE)


def _card(connection: Connection, names: dict[Any, str]) -> dict[str, Any]:
    registration = connection.registration
    titles = words.titles(connection.held)
    # One more is said rather than "and 1 more".
    shown = titles if len(titles) <= _TITLES + 1 else titles[:_TITLES]
    return {
        "connection": connection,
        "application": connection.application,
        "registration": registration,
        "suspended": registration is not None and registration.status == Registration.Status.SUSPENDED,
        "owner_name": names.get(registration.owner_id, "") if registration is not None else "",
        "opens_at": app_links.opens_at(registration=registration),
        "titles": shown,
        "more": len(titles) - len(shown),
    }
