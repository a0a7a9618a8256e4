"""Everything about one application on one page, and what its owners can do with it."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse

from provider_site.conf import provider_settings
from provider_site.models import Registration, Review
from provider_site.policy import facts as fact_policy
from provider_site.policy import grants
from provider_site.portal.developer import redirect_uris, wording
from provider_site.portal.developer.access import OwnedApplicationMixin
from provider_site.portal.developer.forms import NoteForm
from provider_site.services import app_links, facts, members, own_endpoints, people, reviews, security_events

HISTORY = 20
_Status = Registration.Status


class OverviewPage(OwnedApplicationMixin):
    """The page itself, which answers the steps that could not be taken as well."""

    def overview(
        self, request: HttpRequest, *, problem: Any = "", note_form: NoteForm | None = None, status: int = 200
    ) -> HttpResponse:
        """Render it, with what was wrong when something was. Raises Http404 for one that was deleted meanwhile."""
        # A step that was refused has read the rows before somebody else changed them.
        self.registration.refresh_from_db()
        if self.registration.deleted_at is not None:
            raise Http404
        in_force = facts.read(application=self.application)
        state = self.registration.status
        is_unreviewed = state in {_Status.DRAFT, _Status.SUBMITTED, _Status.REJECTED}
        missing = reviews.missing(application=self.application, asked=in_force) if is_unreviewed else []
        context = {
            "problem": problem,
            "note_form": note_form or NoteForm(),
            "facts": in_force,
            "scopes": wording.scopes(in_force),
            "redirect_uris": [(uri, self._warning(uri)) for uri in in_force.redirect_uris],
            "is_unreviewed": is_unreviewed,
            "may_submit": state in {_Status.DRAFT, _Status.REJECTED},
            "missing": wording.missing(missing),
            "is_principal": members.is_principal(application=self.application, user=request.user),
            "owner_names": [people.display_name(user=user) for user in members.owners(application=self.application)],
            "issuer": provider_settings.issuer,
            "subject": wording.subject(self.registration),
            "endpoints": _endpoints(self.application.authorization_grant_type),
            "signs_in": grants.signs_in(self.application.authorization_grant_type),
            "is_device": self.application.authorization_grant_type == grants.DEVICE_CODE,
            "login_address": app_links.address(
                initiate_login_uri=in_force.initiate_login_uri, homepage_url=in_force.homepage_url
            ),
            "test_event": security_events.latest_test(application=self.application),
            **self._reviews(in_force),
        }
        return self.page(request, "provider_site/developer/application.html", context, status=status)

    def _warning(self, uri: str) -> str:
        # Only programs on people's devices take whatever port is free.
        return redirect_uris.warning(uri) if self.application.client_type == "public" else ""

    def _reviews(self, in_force: fact_policy.Facts) -> dict[str, Any]:
        waiting = reviews.waiting(application=self.application)
        pending = []
        if waiting is not None and waiting.is_change:
            asked = reviews.sides(review=waiting)[1]
            pending = wording.changes(fact_policy.diff(in_force, asked), in_force, asked)
        decided = Review.objects.filter(application=self.application, decided_at__isnull=False)
        return {"waiting": waiting, "pending": pending, "history": decided.order_by("-decided_at", "-pk")[:HISTORY]}


def _endpoints(grant: str) -> list[tuple[str, str]]:
    begins = {
        grants.AUTHORIZATION_CODE: {"authorization_endpoint": "authorize"},
        grants.DEVICE_CODE: {"device_authorization_endpoint": "device-authorization"},
    }
    names = begins.get(grant, {}) | {
        "token_endpoint": "token",
        "userinfo_endpoint": "user-info",
        "revocation_endpoint": "revoke-token",
        "jwks_uri": "jwks-info",
    }
    return [(metadata, own_endpoints.address(name)) for metadata, name in names.items()]


class OverviewView(OverviewPage):
    """Show an application to its owners."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest, application_id: str) -> HttpResponse:
        """Show the page."""
        return self.overview(request)
