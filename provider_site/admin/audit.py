"""The audit trail, read-only."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin

from provider_site.admin.read_only import ReadOnlyAdmin
from provider_site.models import AuditEvent


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    """Who did what, newest first."""

    list_display = ("at", "action", "actor", "application", "address")
    list_select_related = ("actor", "application")
    list_filter = ("action",)
    date_hierarchy = "at"
    ordering: ClassVar[tuple[str, ...]] = ("-at",)
