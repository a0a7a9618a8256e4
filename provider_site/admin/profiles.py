"""People's profiles."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from provider_site.admin.read_only import FoundByName
from provider_site.models import Profile


@admin.register(Profile)
class ProfileAdmin(FoundByName):
    """Subject and nickname, for support: who is behind a ``sub`` in a log."""

    list_display = ("user", "subject", "nickname")
    list_select_related = ("user",)
    search_help_text = _("An exact subject identifier or user name.")
    linked_lookups = ("user__id__exact", "user")
    fields = ("user", "subject", "nickname", "updated")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Search a ``sub`` first, then a user name."""
        term = search_term.strip()
        if not term:
            return queryset, False
        known = queryset.filter(subject=term)
        return (known, False) if known.exists() else (self.search_person(queryset, term), False)
