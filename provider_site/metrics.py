"""Count for Prometheus what this provider does, and tell it at ``/metrics`` to whoever has the monitoring token."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

from django.core.exceptions import ImproperlyConfigured, MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from provider_site.conf import provider_settings
from site_monitoring import access

ADDRESS = "/metrics"


class MetricsMiddleware:
    """Count each request and how long it took; stands above all that is to be counted.

    Without ``METRICS`` it is not there at all, and neither is ``prometheus_client``. ``/metrics`` is no address of the
    site to anybody without ``MONITORING_TOKEN``.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        if not provider_settings.metrics:
            raise MiddlewareNotUsed
        try:
            # Not before it is wanted: the library is an extra.
            from provider_site import metrics_families  # noqa: PLC0415
        except ModuleNotFoundError as error:
            raise ImproperlyConfigured(
                "PROVIDER_SITE['METRICS'] needs prometheus-client: pip install 'django-oauth-sites[prometheus]'."
            ) from error
        metrics_families.connect()
        self.families = metrics_families
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Tell what was counted, or count."""
        if request.path_info == ADDRESS and request.method in {"GET", "HEAD"} and access.may_read(request):
            text, content_type = self.families.exposition()
            return HttpResponse(text, content_type=content_type, headers={"Cache-Control": "no-store"})
        began = perf_counter()
        response = self.get_response(request)
        self.families.note(request, response, perf_counter() - began)
        return response
