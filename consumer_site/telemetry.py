"""Trace what this site answers, and which providers it calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, MiddlewareNotUsed
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from consumer_site.conf import consumer_settings
from outbound_http import observing


class TracingMiddleware:
    """Make an OpenTelemetry span of each request; stands above all that is to be traced.

    Without TRACING it is not there at all, and neither is opentelemetry. Where provider_site is in the same project,
    its own is enough.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        if not consumer_settings.TRACING:
            raise MiddlewareNotUsed
        try:
            # Not before it is wanted: the library is an extra.
            from site_monitoring import tracing  # noqa: PLC0415
        except ModuleNotFoundError as error:
            raise ImproperlyConfigured(
                'CONSUMER_SITE["TRACING"] needs opentelemetry-api: pip install "django-oauth-sites[opentelemetry]".'
            ) from error
        self.answer = tracing.answer
        self.get_response = get_response
        observing.observe(tracing.begin_call)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer within a span."""
        # What allauth goes by too.
        is_behind_proxy = getattr(settings, "ALLAUTH_TRUSTED_PROXY_COUNT", 0) > 0
        return self.answer(request, self.get_response, describe=_nothing, is_behind_proxy=is_behind_proxy)


def _nothing(request: HttpRequest, response: HttpResponseBase) -> Mapping[str, str]:
    return {}
