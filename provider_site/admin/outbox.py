"""Deliveries owed to the outside: waiting, done, given up."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

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

    list_display = (
        *("kind", "application", "created", "state", "attempts"),
        *("next_attempt_at", "delivered_at", "dead_at", "last_error"),
    )
    list_filter = (StateFilter, KindFilter)
    fields = (
        *("kind", "application", "state", "about", "payload", "created", "attempts"),
        *("next_attempt_at", "delivered_at", "dead_at", "last_error"),
    )
    actions = ("try_again",)
    change_form_template = "provider_site/admin/outbox_change_form.html"

    @admin.display(description=_("application"))
    def application(self, message: OutboxMessage) -> str:
        """Return the client ID of whom a signed message is for; the list asks the database for no names."""
        claims = message.payload.get("claims")
        return str(claims.get("aud", "-")) if isinstance(claims, dict) else "-"

    @admin.display(description=_("state"))
    def state(self, message: OutboxMessage) -> Any:
        """Return where it is, in a word."""
        if message.delivered_at is not None:
            return _("Delivered")
        return _("Given up") if message.dead_at is not None else _("Waiting")

    def get_urls(self) -> list[URLPattern]:
        """Add where the button of a message leads."""
        view = require_POST(self.retry_view)
        name = "provider_site_outboxmessage_retry"
        return [path("<path:object_id>/retry/", self.admin_site.admin_view(view), name=name), *super().get_urls()]

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """Offer another try of what is not delivered."""
        message = context.get("original")
        if message is not None and message.delivered_at is None and self.has_retry_permission(request):
            name = f"{self.admin_site.name}:provider_site_outboxmessage_retry"
            context["retry_url"] = reverse(name, args=[message.pk])
        return super().render_change_form(request, context, *args, **kwargs)

    def retry_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Make one message due now."""
        message = self.get_object(request, object_id)
        if not (self.has_view_permission(request, message) and self.has_retry_permission(request)):
            raise PermissionDenied
        if message is None:
            raise Http404
        self._retry(request, [message.pk])
        return redirect(f"{self.admin_site.name}:provider_site_outboxmessage_change", message.pk)

    def has_retry_permission(self, request: HttpRequest) -> bool:
        """Tell whether this person may have messages delivered again: seeing them is another permission."""
        return bool(request.user.has_perm("provider_site.change_outboxmessage"))

    @admin.action(description=_("Try to deliver again"), permissions=["retry"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[OutboxMessage]) -> None:
        """Make undelivered messages due now."""
        self._retry(request, list(queryset.values_list("pk", flat=True)))

    def _retry(self, request: HttpRequest, keys: list[int]) -> None:
        count = outbox.retry(message_ids=keys)
        text = ngettext("%(count)d message is due now.", "%(count)d messages are due now.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS, fail_silently=True)
