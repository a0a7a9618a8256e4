"""Consents, read-only: only the person gives or takes back."""

from __future__ import annotations

from django.contrib import admin

from provider_site.admin.read_only import FoundByName
from provider_site.models import Consent


@admin.register(Consent)
class ConsentAdmin(FoundByName):
    """What people allow which application, newest row first."""

    list_display = ("user", "application", "scope", "given_at", "ends_at", "closed_at")
    list_select_related = ("user", "application")
