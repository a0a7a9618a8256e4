"""The audit trail, read-only, and its export."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBadRequest, HttpResponseBase, StreamingHttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_protect

from provider_site.admin.read_only import ReadOnlyAdmin
from provider_site.models import AuditEvent
from provider_site.services import audit_export


class SinceFilter(admin.SimpleListFilter):
    """The last days, by the index of the time."""

    title = _("time")
    parameter_name = "days"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer spans that end now."""
        return [("1", _("Last 24 hours")), ("7", _("Last 7 days")), ("30", _("Last 30 days")), ("365", _("Last year"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        """Keep the events of the span chosen."""
        if self.value() not in {"1", "7", "30", "365"}:
            return queryset
        return queryset.filter(at__gte=timezone.now() - timedelta(days=int(self.value() or 0)))


def _as_list(data: dict[str, Any]) -> SafeString:
    """Return details as a list of names and values: every text escaped, what is nested as JSON."""
    entries = ((name, _as_text(value)) for name, value in data.items() if name != "changes")
    return format_html("<dl>{}</dl>", format_html_join("", "<dt><code>{}</code></dt><dd><bdi>{}</bdi></dd>", entries))


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(entry, str) for entry in value):
        return ", ".join(value)
    return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True)


def _as_table(changes: list[Any]) -> SafeString:
    """Return changes as a table of what each fact was and is."""
    rows = (
        (f"{change.get('fact', '')} {change.get('entry', '')}", change.get("before", ""), change.get("after", ""))
        for change in changes
        if isinstance(change, dict)
    )
    body = format_html_join(
        "",
        '<tr><th scope="row"><code>{}</code></th><td><del>{}</del></td><td><ins>{}</ins></td></tr>',
        ((name, _as_text(before), _as_text(after)) for name, before, after in rows),
    )
    return format_html(
        '<table><thead><tr><th scope="col">{}</th><th scope="col">{}</th><th scope="col">{}</th></tr></thead>'
        "<tbody>{}</tbody></table>",
        _("Fact"),
        _("Before"),
        _("After"),
        body,
    )


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    """Who did what, newest first."""

    list_display = ("at", "action", "who", "which", "address")
    list_select_related = ("application",)
    list_filter = ("action", SinceFilter)
    linked_lookups = ("application", "application__id__exact", "client_id", "actor_name", "at__gte", "at__lt")
    search_fields: ClassVar[tuple[str, ...]] = ("client_id",)
    search_help_text = _("An exact client ID or user name, also of an application or account that is gone.")
    ordering: ClassVar[tuple[str, ...]] = ("-at", "-pk")
    fields = ("at", "action", "who", "which", "address", "details")
    change_list_template = "provider_site/admin/audit_change_list.html"

    @admin.display(description=_("actor"))
    def who(self, event: AuditEvent) -> str:
        """Return the name the actor had."""
        return event.actor_name

    @admin.display(description=_("application"))
    def which(self, event: AuditEvent) -> str:
        """Return the application's name, and the client ID it had, which stays when it is gone."""
        if event.application is not None and event.client_id:
            return format_html("<bdi>{}</bdi> <code>{}</code>", event.application, event.client_id)
        return event.client_id

    @admin.display(description=_("details"))
    def details(self, event: AuditEvent) -> str:
        """Return the details to be read: changes as a table."""
        data = event.data if isinstance(event.data, dict) else {"data": event.data}
        changes = data.get("changes")
        table = _as_table(changes) if isinstance(changes, list) and changes else ""
        return format_html("{}{}", _as_list(data), table) if data else "-"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditEvent], search_term: str
    ) -> tuple[QuerySet[AuditEvent], bool]:
        """Search a client ID first, then a name: each by its index."""
        term = search_term.strip()
        if not term:
            return queryset, False
        is_client = AuditEvent.objects.filter(client_id=term).exists()
        return queryset.filter(**{"client_id" if is_client else "actor_name": term}), False

    def has_export_permission(self, request: HttpRequest) -> bool:
        """Tell whether this person may take the trail away: reading it is another permission."""
        may = bool(request.user.has_perm("provider_site.export_auditevent"))
        return may and bool(self.has_view_permission(request))

    def get_urls(self) -> list[URLPattern]:
        """Add the export."""
        view = self.admin_site.admin_view(csrf_protect(self.export))
        return [path("export/", view, name="provider_site_auditevent_export"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Offer the export to those who may."""
        offered = {
            "may_export": self.has_export_permission(request),
            "export_query": request.GET.urlencode(),
            "export_formats": [("csv", _("Export as CSV")), ("jsonl", _("Export as JSON Lines"))],
        }
        return super().changelist_view(request, {**offered, **(extra_context or {})})

    def export(self, request: HttpRequest) -> HttpResponseBase:
        """Send what the list's filters and search find, all of it. A POST: it leaves a trace of its own."""
        if request.method != "POST" or not self.has_export_permission(request):
            raise PermissionDenied
        file_format = request.POST.get("format", "")
        if file_format not in audit_export.FORMATS:
            return HttpResponseBadRequest()
        try:
            events = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters:
            return HttpResponseBadRequest()
        pieces = audit_export.export(
            events=events, file_format=file_format, actor=request.user, request=request, filters=request.GET.dict()
        )
        answer = StreamingHttpResponse(pieces, content_type=audit_export.FORMATS[file_format])
        name = f"audit-{timezone.now():%Y%m%dT%H%M%SZ}.{file_format}"
        answer["Content-Disposition"] = f'attachment; filename="{name}"'
        answer["Cache-Control"] = "no-store"
        return answer
