"""Devices that ask people to sign in, for support: which, since when, and what became of them. No code is shown."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from provider_site.admin.read_only import FoundByName
from provider_site.models import DeviceAuthorization
from provider_site.policy.devices import device
from provider_site.policy.scopes import Text


@admin.register(DeviceAuthorization)
class DeviceAuthorizationAdmin(FoundByName):
    """One row per device that was given codes in the last days, those that end last before the others."""

    list_display = ("created", "application", "program", "address", "user", "state")
    list_display_links = ("created",)
    list_select_related = ("application", "user")
    ordering: ClassVar[tuple[str, ...]] = ("-expires_at",)
    fields = (
        *("application", "scope", "program", "address", "created", "expires_at"),
        *("state", "user", "decided_at", "interval", "last_polled_at"),
    )

    @admin.display(description=_("program"))
    def program(self, row: DeviceAuthorization) -> str:
        """Return the device's program and system, by what it says of itself."""
        found = device(row.user_agent)
        return ", ".join(str(part) for part in (found.browser, found.system) if part) or "-"

    @admin.display(description=_("state"))
    def state(self, row: DeviceAuthorization) -> Text:
        """Return what was decided, or that somebody still may."""
        if row.decision:
            return row.get_decision_display()
        if row.expires_at > timezone.now():
            return pgettext_lazy("device", "Waiting")
        return pgettext_lazy("device", "Expired")

    def get_readonly_fields(self, request: Any, obj: Any = None) -> tuple[str, ...]:
        """Show everything and change nothing."""
        return self.fields
