"""Pages that show and never change."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from provider_site.admin.bounded import BoundedAdmin
from provider_site.services import people
from provider_site.services.applications import application_model


class ReadOnlyAdmin(BoundedAdmin):
    """Show records that only the site's own services write."""

    class Media:
        """How a list's columns break."""

        css: ClassVar[dict[str, list[str]]] = {"all": ["provider_site/admin_lists.css"]}

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: records come from what happened."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: what happened does not change."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse on the record's own pages; with the account or application it belongs to, it goes.

        Whoever may delete that account or application needs no further permission: its records are parts of it. Asked
        about no record in particular, as the index page does, the answer is no.
        """
        return obj is not None and not self._is_own_page(request)

    def _is_own_page(self, request: HttpRequest) -> bool:
        match = request.resolver_match
        model = f"{self.opts.app_label}_{self.opts.model_name}_"
        return match is not None and (match.url_name or "").startswith(model)


class FoundByName(ReadOnlyAdmin):
    """Records of a person at an application, found by the exact client ID or user name: both are indexed.

    A client ID goes before a user name: the site chose it, so that nobody hides an application by their own name.
    """

    search_fields: ClassVar[Any] = ("application",)  # shows the field; get_search_results is what searches
    search_help_text = _("An exact client ID or user name.")
    linked_lookups: ClassVar[tuple[str, ...]] = ("application__id__exact", "user__id__exact", "application", "user")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Resolve the words to one key, so that the list is read by one index."""
        term = search_term.strip()
        if not term:
            return queryset, False
        application = application_model()._default_manager.filter(client_id=term).values_list("pk", flat=True).first()
        if application is not None:
            return queryset.filter(application=application), False
        return self.search_person(queryset, term), False

    def search_person(self, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        """Return the rows of the person of this name; none where there is no such person."""
        person = people.named(name=term)
        return queryset.filter(user=person) if person is not None else queryset.none()
