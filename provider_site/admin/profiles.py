"""People's profiles, and the identifiers by which applications know them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from provider_site.admin.read_only import FoundByName
from provider_site.models import AppProfile, PairwiseSubject, Profile, UnionSubject
from provider_site.services import subjects

_LISTED = 100


def _may_view(request: HttpRequest, model: type[Model]) -> bool:
    return bool(request.user.has_perm(f"provider_site.view_{model._meta.model_name}"))


@admin.register(Profile)
class ProfileAdmin(FoundByName):
    """Subject and nickname, for support: who is behind a ``sub`` or ``unionid`` in a log."""

    list_display = ("user", "subject", "nickname")
    list_select_related = ("user",)
    search_help_text = _("An exact subject identifier of any kind, a unionid, or a user name.")
    linked_lookups = ("user__id__exact", "user")
    fields = ("user", "subject", "nickname", "updated")
    change_form_template = "provider_site/admin/profile_change_form.html"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Search what an application was told first, each kind by its index, then a user name."""
        term = search_term.strip()
        if not term:
            return queryset, False
        if queryset.filter(subject=term).exists():
            return queryset.filter(subject=term), False
        for model in (PairwiseSubject, UnionSubject):
            known = model._default_manager.filter(subject=term) if _may_view(request, model) else None
            if known is not None and (row := known.first()) is not None:
                return queryset.filter(user=row.user_id), False
        named = self.search_person(queryset, term)
        return (named, False) if named.exists() else (self._by_legacy_subject(queryset, term), False)

    def _by_legacy_subject(self, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        """Return the row of whom stock DOT's applications know by this primary key."""
        person = subjects.person_by_key(subject=term)
        return queryset.filter(user=person) if person is not None else queryset.none()

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """Put beside the fields what single applications are told instead."""
        profile = context.get("original")
        if profile is not None:
            context.update(_identifiers(request, profile.user_id))
        return super().render_change_form(request, context, *args, **kwargs)


def _identifiers(request: HttpRequest, user_id: Any) -> dict[str, Any]:
    """Return the template's context: ``None`` for what this person may not see, else the latest rows."""

    def rows(model: type[Model], *related: str) -> list[Any] | None:
        if not _may_view(request, model):
            return None
        found = model._default_manager.filter(user=user_id)
        return list((found.select_related(*related) if related else found).order_by("-pk")[:_LISTED])

    return {
        "pairwise": rows(PairwiseSubject),
        "unionids": rows(UnionSubject, "owner"),
        "app_profiles": rows(AppProfile, "application"),
    }
