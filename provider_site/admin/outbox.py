"""Deliveries owed to the outside: waiting, done, given up."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from provider_site.admin.read_only import ReadOnlyAdmin
from provider_site.models import OutboxMessage


@admin.register(OutboxMessage)
class OutboxMessageAdmin(ReadOnlyAdmin):
    """The dead-letter view, and another try."""

    list_display = ("kind", "created", "attempts", "next_attempt_at", "delivered_at", "dead_at", "last_error")
    list_filter = ("kind", ("dead_at", admin.EmptyFieldListFilter), ("delivered_at", admin.EmptyFieldListFilter))
    ordering = ("-pk",)
    actions = ("try_again",)

    @admin.action(description=_("Try to deliver again"), permissions=["view"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[OutboxMessage]) -> None:
        """Make undelivered messages due now; the periodic run takes them."""
        queryset.filter(delivered_at=None).update(dead_at=None, attempts=0, next_attempt_at=timezone.now())
