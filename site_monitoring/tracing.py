"""OpenTelemetry: a span for each request and for each outbound call, with no attribute that could be a secret.

The API's own no-op tracer is behind it unless the project configures an SDK. Imported where tracing is on, and nowhere
else: it needs ``opentelemetry-api``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from opentelemetry import propagate, trace
from opentelemetry.trace import Span, SpanKind, StatusCode

tracer = trace.get_tracer("site_monitoring")

Attributes = Mapping[str, str]


def answer(
    request: HttpRequest,
    get_response: Callable[[HttpRequest], HttpResponseBase],
    *,
    describe: Callable[[HttpRequest, HttpResponseBase], Attributes],
    is_behind_proxy: bool,
) -> HttpResponseBase:
    """Answer a request within a span, named by its route.

    Below an instrumentation of the whole project the span is inside that one's. A caller's own trace is taken up only
    from a proxy of ours: a stranger would choose what is sampled.
    """
    is_inside = trace.get_current_span().get_span_context().is_valid
    sent = (
        propagate.extract({name.lower(): value for name, value in request.headers.items()}) if is_behind_proxy else None
    )
    with tracer.start_as_current_span(
        str(request.method),
        context=None if is_inside else sent,
        kind=SpanKind.INTERNAL if is_inside else SpanKind.SERVER,
        # An exception's words quote what it failed at.
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        response = get_response(request)
        _describe(span, request, response, describe)
        return response


def _describe(
    span: Span,
    request: HttpRequest,
    response: HttpResponseBase,
    describe: Callable[[HttpRequest, HttpResponseBase], Attributes],
) -> None:
    if not span.is_recording():
        return
    span.set_attribute("http.request.method", str(request.method))
    span.set_attribute("http.response.status_code", response.status_code)
    # Not the path, in which links hold keys and handles.
    if request.resolver_match is not None:
        span.set_attribute("http.route", request.resolver_match.route)
        span.update_name(f"{request.method} /{request.resolver_match.route.removeprefix('/')}")
    for name, value in describe(request, response).items():
        if value:
            span.set_attribute(name, value)
    if response.status_code >= 500:
        span.set_status(StatusCode.ERROR)


def begin_call(method: str, host: str) -> Callable[[str], None]:
    """Begin the span of an outbound call; return what ends it, given the status or the code of an error."""
    span = tracer.start_span(f"{method} {host}", kind=SpanKind.CLIENT)
    span.set_attribute("http.request.method", method)
    span.set_attribute("server.address", host)

    def end(outcome: str) -> None:
        if outcome.isdigit():
            span.set_attribute("http.response.status_code", int(outcome))
        if not outcome.isdigit() or int(outcome) >= 400:
            span.set_attribute("error.type", outcome)
            span.set_status(StatusCode.ERROR)
        span.end()

    return end
