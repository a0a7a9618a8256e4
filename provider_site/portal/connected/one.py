"""One connected app: who it is, what it sees now, where it was used from, and what was decided about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache

from provider_site.conf import provider_settings
from provider_site.models import AppProfile, AuditEvent, Authorization, Registration
from provider_site.policy.claims import Person
from provider_site.policy.scopes import ScopeDefinition, allowable, in_order, is_outdated
from provider_site.portal import shared_values
from provider_site.portal.app_profile import shown_to_app
from provider_site.portal.connected import words
from provider_site.portal.connected.finding import find
from provider_site.portal.shared_values import SharedValues
from provider_site.security_headers import protect
from provider_site.services import app_links, app_profiles, applications, connections, people
from provider_site.services.connections import Connection
from provider_site.storage import access


@dataclass(frozen=True, slots=True)
class ScopeRow:
    """One scope a person allows an app: its words, what it tells now, its terms, and whether it goes by itself.

    ``asked``: the app still is registered for it; without that it sees nothing by it, whatever was allowed.
    """

    definition: ScopeDefinition
    shared: SharedValues
    given_at: datetime
    ends_at: datetime | None
    once: bool
    required: bool
    asked: bool
    separable: bool

    @property
    def name(self) -> str:
        """The scope on the wire."""
        return self.definition.name

    @property
    def field_id(self) -> str:
        """The HTML id of the row's title."""
        return f"scope-{self.name}"


@method_decorator(never_cache, name="dispatch")
class ConnectedAppView(LoginRequiredMixin, View):
    """Show everything about one application a person allows something, or did."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest, application_id: str) -> HttpResponse:
        """Show the page; 404 for an application the person never allowed anything."""
        application = find(request, application_id)
        connection, past = connections.with_application(user=request.user, application=application)
        asked = access.registered_scopes(application.pk)
        registration = access.registration_of(application)
        status = registration.status if registration is not None else ""
        seen = connection.held & asked if connection else frozenset()
        chosen = app_profiles.get(user=request.user, application_id=application.pk)
        person = people.person(
            user=request.user, registration=registration, scopes=seen, app_profile=chosen or AppProfile()
        )
        context = {
            "application": application,
            "registration": registration,
            "owner_name": people.display_name(user=registration.owner if registration else None),
            "reviewed": status in {Registration.Status.APPROVED, Registration.Status.SUSPENDED},
            "suspended": status == Registration.Status.SUSPENDED,
            "opens_at": app_links.opens_at(registration=registration),
            "served": access.serves(registration, user_id=request.user.pk),
            "connection": connection,
            "shown": shown_to_app(person=person, row=chosen, application=application, scopes=seen),
            "rows": _rows(connection, person, asked) if connection else [],
            "declined": words.titles(connection.consent.declined_scopes - connection.held) if connection else [],
            "activity": [
                _sign_in(row, alive)
                for row, alive in connections.activity_of(user=request.user, application=application)
            ],
            "decisions": [
                _decision(event) for event in connections.decisions_of(user=request.user, application=application)
            ],
            "past": [words.past(each) for each in past],
            "site_name": provider_settings.site_name,
        }
        return protect(render(request, "provider_site/connected_app.html", context))


def _rows(connection: Connection, person: Person, asked: frozenset[str]) -> list[ScopeRow]:
    application, definitions = connection.application, allowable()
    required = applications.required_scopes(application=application)
    return [
        ScopeRow(
            definition=_as_allowed(definitions[name], connection.terms[name].wording),
            shared=shared_values.of_scope(person, name, wording=connection.terms[name].wording),
            given_at=connection.terms[name].given_at,
            ends_at=connection.term_end(name),
            once=connection.terms[name].once,
            required=name in required,
            asked=name in asked,
            # Without it, or with nothing left, the whole is withdrawn: the button below says so.
            separable=name != "openid" and len(connection.held) > 1,
        )
        for name in in_order(connection.held)
    ]


def _as_allowed(definition: ScopeDefinition, wording: str) -> ScopeDefinition:
    """Return a scope in the words the person allowed it in, where they told of less than those of today."""
    if definition.claims_before is None or not is_outdated(definition.name, wording):
        return definition
    return replace(definition, description=definition.description_before)


def _sign_in(row: Authorization, alive: bool) -> dict[str, Any]:
    return {
        "at": row.created,
        "address": row.address,
        "device": words.device(row.user_agent),
        "methods": words.methods(row.amr),
        "alive": alive,
        "completed": row.consumed_at is not None,
        "ended_at": row.revoked_at,
        "end": words.end_of(row.revoked_reason),
    }


def _decision(event: AuditEvent) -> dict[str, Any]:
    titles = words.titles(event.data.get("scope", ""))
    return {"at": event.at, "words": words.DECISIONS[event.action], "titles": titles}
