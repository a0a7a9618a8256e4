"""How much an application is used, for its owners."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from provider_site.portal import usage_charts
from provider_site.portal.developer.access import OwnedApplicationMixin


class UsageView(OwnedApplicationMixin):
    """Show the charts of one application, or give their numbers as a file."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest, application_id: str) -> HttpResponse:
        """Answer for the period in ``?days=``; ``?format=csv`` is the file."""
        days = usage_charts.period_of(request)
        if usage_charts.wants_file(request):
            return usage_charts.file_of(days=days, application=self.application)
        usage = usage_charts.context_of(days=days, base_url=request.path, application=self.application)
        return self.page(request, "provider_site/developer/usage.html", {"usage": usage})
