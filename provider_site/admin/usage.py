"""How much the site and each application is used: one page, and a part of the application's page."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from provider_site.admin.read_only import ReadOnlyAdmin
from provider_site.models import DailyCount
from provider_site.portal import usage_charts
from provider_site.security_headers import protect
from provider_site.services import applications

_PERMISSION = "provider_site.view_dailycount"


def application_usage(request: HttpRequest, application: Any, *, site_name: str) -> dict[str, Any]:
    """Return the context of ``provider_site/admin/_usage.html``; empty, which shows nothing, without the permission."""
    if not request.user.has_perm(_PERMISSION):
        return {}
    page = f"{reverse(f'{site_name}:provider_site_dailycount_changelist')}?{urlencode({'application': application.pk})}"
    return {"usage": usage_charts.context_of(days=usage_charts.DEFAULT_DAYS, base_url=page, application=application)}


@admin.register(DailyCount)
class DailyCountAdmin(ReadOnlyAdmin):
    """Show charts where other models have a list: of the site, or of ``?application=``."""

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Answer for the period in ``?days=``; ``?format=csv`` is the file. Raises PermissionDenied, Http404."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        application = self._application(request)
        days = usage_charts.period_of(request)
        if usage_charts.wants_file(request):
            return usage_charts.file_of(days=days, application=application)
        own = f"?{urlencode({'application': application.pk})}" if application is not None else ""
        usage = usage_charts.context_of(days=days, base_url=f"{request.path}{own}", application=application)
        context = {
            **self.admin_site.each_context(request),
            **(extra_context or {}),
            "opts": self.opts,
            "title": _("Usage of %(application)s") % {"application": application} if application else _("Usage"),
            "usage": usage,
            "application": application,
            "application_url": self._application_url(request, application),
        }
        return protect(TemplateResponse(request, "provider_site/admin/usage.html", context))

    def _application(self, request: HttpRequest) -> Any | None:
        if (key := request.GET.get("application")) is None:
            return None
        application = applications.by_key(key=key)
        if application is None:
            raise Http404
        return application

    def _application_url(self, request: HttpRequest, application: Any | None) -> str:
        model = applications.application_model()
        other = self.admin_site._registry.get(model)
        if application is None or other is None or not other.has_view_permission(request, application):
            return ""
        name = f"{self.admin_site.name}:{model._meta.app_label}_{model._meta.model_name}_change"
        return reverse(name, args=[application.pk])
