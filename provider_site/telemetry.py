"""Trace what this provider answers, and whom it calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.core.exceptions import ImproperlyConfigured, MiddlewareNotUsed
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from outbound_http import observing
from provider_site import outcomes
from provider_site.conf import provider_settings


class TracingMiddleware:
    """Make an OpenTelemetry span of each request; stands above all that is to be traced.

    Without ``TRACING`` it is not there at all, and neither is ``opentelemetry``.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        if not provider_settings.tracing:
            raise MiddlewareNotUsed
        try:
            # Not before it is wanted: the library is an extra.
            from site_monitoring import tracing  # noqa: PLC0415
        except ModuleNotFoundError as error:
            raise ImproperlyConfigured(
                "PROVIDER_SITE['TRACING'] needs opentelemetry-api: pip install 'django-oauth-sites[opentelemetry]'."
            ) from error
        self.answer = tracing.answer
        self.get_response = get_response
        observing.observe(tracing.begin_call)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer within a span."""
        return self.answer(
            request,
            self.get_response,
            describe=_described,
            is_behind_proxy=provider_settings.trusted_proxies > 0,
        )


def _described(request: HttpRequest, response: HttpResponseBase) -> Mapping[str, str]:
    return {
        "oauth.grant_type": outcomes.grant_type(request, response),
        "oauth.error": outcomes.error(request, response),
    }
