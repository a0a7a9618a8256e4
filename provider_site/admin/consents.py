"""Consents, read-only: only the person gives or takes back."""

from __future__ import annotations

from django.contrib import admin

from provider_site.admin.read_only import ReadOnlyAdmin
from provider_site.models import Consent


@admin.register(Consent)
class ConsentAdmin(ReadOnlyAdmin):
    """What people allow which application."""

    list_display = ("user", "application", "scope", "given_at", "ends_at", "closed_at")
    list_select_related = ("user", "application")
    search_fields = ("application__name", "application__client_id")
    ordering = ("-given_at",)
