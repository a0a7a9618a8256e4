"""Deliveries owed to the outside: waiting, done, given up."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from provider_site.admin.read_only import ReadOnlyAdmin
from provider_site.models import OutboxMessage
from provider_site.services import outbox


class StateFilter(admin.SimpleListFilter):
    """Where a message is; each answer has its index."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer the three states."""
        return [("waiting", _("Waiting")), ("dead", _("Given up")), ("delivered", _("Delivered"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[OutboxMessage]) -> QuerySet[OutboxMessage]:
        """Keep the messages in the state chosen."""
        return {
            "waiting": queryset.filter(delivered_at__isnull=True, dead_at__isnull=True),
            "dead": queryset.filter(dead_at__isnull=False),
            "delivered": queryset.filter(delivered_at__isnull=False),
        }.get(self.value() or "", queryset)


class KindFilter(admin.SimpleListFilter):
    """What is delivered, by the list of deliverers: the table is not asked for all it has."""

    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer each kind that something delivers."""
        return [(kind, kind) for kind in outbox.kinds()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[OutboxMessage]) -> QuerySet[OutboxMessage]:
        """Keep the messages of the kind chosen."""
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(OutboxMessage)
class OutboxMessageAdmin(ReadOnlyAdmin):
    """The dead-letter view, and another try."""

    list_display = ("kind", "created", "attempts", "next_attempt_at", "delivered_at", "dead_at", "last_error")
    list_filter = (StateFilter, KindFilter)
    actions = ("try_again",)

    def has_retry_permission(self, request: HttpRequest) -> bool:
        """Tell whether this person may have messages delivered again: seeing them is another permission."""
        return bool(request.user.has_perm("provider_site.change_outboxmessage"))

    @admin.action(description=_("Try to deliver again"), permissions=["retry"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[OutboxMessage]) -> None:
        """Make undelivered messages due now."""
        count = outbox.retry(message_ids=list(queryset.values_list("pk", flat=True)))
        text = ngettext("%(count)d message is due now.", "%(count)d messages are due now.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS, fail_silently=True)
