"""Spans of requests and of outbound calls, by the real SDK, without anything that could be a secret."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpResponse
from django.test import RequestFactory
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from consumer_site import telemetry as of_consumer
from consumer_site.http import OutboundSession
from outbound_http import observing
from outbound_http.errors import OutboundError
from provider_site import telemetry as of_provider
from tests.consumer import canned_server
from tests.consumer.canned_server import CannedProvider
from tests.provider.driver import Driver

Spans = Callable[[], list[ReadableSpan]]
TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}


@pytest.fixture(scope="session")
def exporter() -> InMemorySpanExporter:
    """Return where spans go; a process has one provider of tracers for all its life."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return exporter


@pytest.fixture
def spans(exporter: InMemorySpanExporter, settings: Any) -> Iterator[Spans]:
    """Switch tracing on; return a function that returns the spans that have ended."""
    settings.PROVIDER_SITE = {**settings.PROVIDER_SITE, "TRACING": True}
    settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, "TRACING": True}
    exporter.clear()
    yield lambda: list(exporter.get_finished_spans())
    observing.observe(None)


@pytest.fixture
def server() -> Iterator[CannedProvider]:
    """Return a running server that answers what a test tells it to."""
    with canned_server.serve() as running:
        yield running


def renewed(driver: Driver) -> Driver:
    """Return the driver with clients that load the middleware anew."""
    for client in (driver.browser, driver.backchannel):
        client.handler._middleware_chain = None
    return driver


class TestRequests:
    def test_each_request_is_a_span_by_its_route_with_grant_and_error(self, spans: Spans, driver: Driver) -> None:
        tokens = renewed(driver).tokens()
        driver.redeem("wrong-code-0123456789")
        told = [(span.name, dict(span.attributes or {})) for span in spans()]
        of_token = [attributes for name, attributes in told if name == "POST /o/token/"]
        common = {"http.request.method": "POST", "http.route": "o/token/"}
        assert of_token == [
            common | {"http.response.status_code": 200, "oauth.grant_type": "authorization_code"},
            common | {"http.response.status_code": 400, "oauth.error": "invalid_grant"},
        ]
        assert "POST /o/consent/<slug:handle>/" in [name for name, _attributes in told]
        everything = "".join(span.to_json() for span in spans())
        for secret in (tokens.access, tokens.refresh, driver.secret, driver.pkce.verifier, "wrong-code-0123456789"):
            assert secret not in everything

    def test_stranger_does_not_choose_the_trace(self, spans: Spans, driver: Driver) -> None:
        renewed(driver).browser.get("/.well-known/jwks.json", headers=CALLER)
        (span,) = spans()
        assert span.kind is SpanKind.SERVER
        assert format(span.context.trace_id, "032x") != TRACE

    def test_proxy_of_ours_does(self, spans: Spans, driver: Driver, settings: Any) -> None:
        settings.PROVIDER_SITE = {**settings.PROVIDER_SITE, "TRUSTED_PROXIES": 1}
        renewed(driver).browser.get("/.well-known/jwks.json", headers=CALLER)
        (span,) = spans()
        assert format(span.context.trace_id, "032x") == TRACE

    def test_span_is_inside_that_of_an_instrumentation_of_the_project(self, spans: Spans, driver: Driver) -> None:
        with trace.get_tracer("project").start_as_current_span("outer"):
            renewed(driver).browser.get("/.well-known/jwks.json")
        inner, outer = spans()
        assert (inner.kind, inner.parent.span_id) == (SpanKind.INTERNAL, outer.context.span_id)  # type: ignore[union-attr]

    def test_failure_is_marked_and_its_words_are_not_kept(
        self, spans: Spans, driver: Driver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from provider_site.protocol.metadata import JwksView

        def fail(*_args: Any, **_kwargs: Any) -> Any:
            raise RuntimeError("client_secret=secret-0123456789")

        monkeypatch.setattr(JwksView, "dispatch", fail)
        driver.browser.raise_request_exception = False
        assert renewed(driver).browser.get("/.well-known/jwks.json").status_code == 500
        (span,) = spans()
        assert span.status.status_code is StatusCode.ERROR
        assert "secret-0123456789" not in span.to_json()

    def test_exception_that_passes_leaves_its_words_behind(self, spans: Spans) -> None:
        def fail(_request: Any) -> Any:
            raise RuntimeError("client_secret=secret-0123456789")

        with pytest.raises(RuntimeError):
            of_consumer.TracingMiddleware(fail)(RequestFactory().get("/"))
        (span,) = spans()
        assert "secret-0123456789" not in span.to_json()

    @pytest.mark.parametrize("telemetry", [of_provider, of_consumer])
    def test_switched_off_the_middleware_takes_itself_out(self, telemetry: Any, settings: Any) -> None:
        with pytest.raises(MiddlewareNotUsed):
            telemetry.TracingMiddleware(lambda _request: HttpResponse())

    def test_consumer_alone_traces_by_its_own_switch(self, spans: Spans) -> None:
        of_consumer.TracingMiddleware(lambda _request: HttpResponse())(RequestFactory().get("/?code=secret-0123456789"))
        (span,) = spans()
        assert dict(span.attributes or {}) == {"http.request.method": "GET", "http.response.status_code": 200}


class TestCalls:
    def test_outbound_call_names_method_host_and_status(self, spans: Spans, server: CannedProvider) -> None:
        of_consumer.TracingMiddleware(lambda _request: HttpResponse())
        answer = OutboundSession().get(f"{server.base_url}/me?access_token=secret-0123456789")
        (span,) = spans()
        assert (span.name, span.kind) == ("GET 127.0.0.1", SpanKind.CLIENT)
        attributes = dict(span.attributes or {})
        assert attributes.pop("http.response.status_code") == answer.status_code
        assert attributes.items() >= {"http.request.method": "GET", "server.address": "127.0.0.1"}.items()
        assert "secret-0123456789" not in span.to_json()

    def test_call_that_fails_names_its_code(self, spans: Spans, settings: Any) -> None:
        of_consumer.TracingMiddleware(lambda _request: HttpResponse())
        settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, "ALLOW_LOOPBACK_HTTP": False}
        with pytest.raises(OutboundError):
            OutboundSession().get("http://127.0.0.1:9/?secret=secret-0123456789")
        (span,) = spans()
        assert (span.attributes or {})["error.type"] == "destination_refused"
        assert span.status.status_code is StatusCode.ERROR
        assert "secret-0123456789" not in span.to_json()

    def test_nobody_is_told_unless_tracing_is_on(self, exporter: InMemorySpanExporter, server: CannedProvider) -> None:
        exporter.clear()
        with pytest.MonkeyPatch.context():
            observing.observe(None)
            assert isinstance(OutboundSession().get(f"{server.base_url}/me"), requests.Response)
        assert exporter.get_finished_spans() == ()
