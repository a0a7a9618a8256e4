"""What a log line holds, as text and as JSON, and what it never holds."""

import io
import json
import logging
import logging.config
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from project import environment, errors, logs, redaction
from tests.provider.driver import Driver

PROVIDER = "localhost:8000"


class Written(io.StringIO):
    """What was logged."""

    @property
    def objects(self) -> list[dict[str, Any]]:
        """Return the lines, each a JSON object."""
        return [json.loads(line) for line in self.getvalue().splitlines()]

    def line(self, event: str) -> dict[str, Any]:
        """Return the one line of an event."""
        (found,) = [line for line in self.objects if line.get("event") == event]
        return found


@pytest.fixture
def configured(settings: Any) -> Iterator[Callable[[str], Written]]:
    """Return a function that configures logging as a process does, and returns where the lines go."""
    names = [None, "django", "django.server", "django_tasks", "django_tasks_db"]
    before = {name: logging.getLogger(name).handlers[:] for name in names}

    def configure(form: str, level: str = "INFO") -> Written:
        written = Written()
        logging.config.dictConfig(logs.logging_config(level=level, worker_level=level, form=form))
        for name in names:
            for handler in logging.getLogger(name).handlers:
                if isinstance(handler, logging.StreamHandler) and type(handler) is logging.StreamHandler:
                    handler.setStream(written)
        settings.ACCESS_LOG = form == "json"
        return written

    yield configure
    logging.config.dictConfig(logs.logging_config(level=settings.LOG_LEVEL, worker_level=settings.LOG_LEVEL))
    for name, handlers in before.items():
        logging.getLogger(name).handlers[:] = handlers


@pytest.fixture
def written(configured: Callable[[str], Written]) -> Written:
    """Return where JSON lines go."""
    return configured("json")


class TestJSON:
    def test_request_has_one_line_with_the_reference_of_its_header(self, written: Written) -> None:
        answer = Client(headers={"host": PROVIDER}).get("/.well-known/openid-configuration?state=abc")
        line = written.line("request")
        assert line.pop("time").endswith("+00:00")
        assert line.pop("process") > 0
        assert 0 < line.pop("duration") < 60
        assert line.pop("message").startswith("GET /.well-known/openid-configuration 200 ")
        assert line == {
            "level": "INFO",
            "logger": "project.access",
            "event": "request",
            "reference": answer["X-Request-Reference"],
            "method": "GET",
            "path": "/.well-known/openid-configuration",
            "site": "provider",
            "status": 200,
        }

    def test_token_request_names_its_client_and_nothing_more_of_it(self, driver: Driver, written: Written) -> None:
        tokens = driver.tokens()
        lines = [line for line in written.objects if line.get("path") == "/o/token/"]
        assert [line["client_id"] for line in lines] == [driver.application.client_id]
        assert [line["path"] for line in written.objects if line["path"].startswith("/o/consent/")] == [
            "/o/consent/<slug:handle>/"
        ]
        for secret in (tokens.access, tokens.refresh, driver.secret, driver.pkce.verifier):
            assert secret not in written.getvalue()

    def test_error_page_and_its_lines_share_the_reference(self, db: None, written: Written) -> None:
        answer = Client(headers={"host": PROVIDER}).get("/o/authorize/?client_id=nobody&response_type=code")
        reference = answer["X-Request-Reference"]
        assert f"<code>{reference}</code>" in answer.content.decode()
        line = written.line("error_page.unknown_client")
        assert line["reference"] == reference
        assert reference in line["message"]

    def test_exception_has_its_traceback_in_one_field(self, written: Written) -> None:
        try:
            int("password=correct-horse")
        except ValueError:
            logging.getLogger("project.tests").exception("it\nfailed")
        (line,) = written.objects
        assert line["message"] == "it\\nfailed"
        assert "ValueError: invalid literal" in line["exception"]
        assert "correct-horse" not in written.getvalue()

    def test_probes_leave_no_line(self, written: Written) -> None:
        Client(headers={"host": "10.0.0.7"}).get("/health/live")
        assert written.getvalue() == ""

    def test_another_format_is_refused(self) -> None:
        with pytest.raises(ImproperlyConfigured):
            logs.read_logging(environ={"LOG_FORMAT": "xml"})

    @pytest.mark.parametrize(
        ("environ", "writes"), [({}, False), ({"LOG_FORMAT": "json"}, True), ({"ACCESS_LOG": "on"}, True)]
    )
    def test_requests_have_lines_in_json_and_where_asked_for(self, environ: dict[str, str], writes: bool) -> None:
        assert logs.read_logging(environ=environ)[1] is writes


class TestText:
    def test_event_is_one_line(self, configured: Callable[[str], Written]) -> None:
        written = configured("line")
        logging.getLogger("provider_site.tests").warning("name %s", "two\nlines\x1b[31m")
        assert written.getvalue().endswith(" WARNING provider_site.tests ref=- name two\\nlines\\x1b[31m\n")
        assert written.getvalue().count("\n") == 1

    def test_traceback_that_another_handler_has_kept_is_masked_all_the_same(
        self, configured: Callable[[str], Written]
    ) -> None:
        written = configured("line")
        record = logging.LogRecord("provider_site.tests", logging.ERROR, "", 0, "failed", None, None)
        record.exc_info, record.exc_text = (ValueError, ValueError("token=secret1"), None), "ValueError: token=secret1"
        logging.getLogger().handle(record)
        assert "token=…" in written.getvalue()
        assert "secret1" not in written.getvalue()

    def test_requests_have_no_line_of_their_own(self, configured: Callable[[str], Written]) -> None:
        written = configured("line")
        Client(headers={"host": PROVIDER}).get("/.well-known/openid-configuration")
        assert written.getvalue() == ""

    def test_reset_link_is_not_in_the_line_about_its_missing_page(self, configured: Callable[[str], Written]) -> None:
        written = configured("line")
        Client(headers={"host": PROVIDER}).get(
            "/accounts/nowhere/3-cx8m2x-0123456789abcdef0123456789abcdef/?key=secret1"
        )
        assert "Not Found: /accounts/nowhere/…/" in written.getvalue()
        assert "secret1" not in written.getvalue()

    @pytest.mark.parametrize("name", ["urllib3.connectionpool", "requests_oauthlib.oauth2_session", "oauthlib.oauth2"])
    def test_talkative_libraries_stay_silent_at_the_most_talkative_level(
        self, configured: Callable[[str, str], Written], name: str
    ) -> None:
        written = configured("line", "DEBUG")
        logging.getLogger(name).debug("Obtained token %s", "anything")
        assert written.getvalue() == ""


class TestRedaction:
    @pytest.mark.parametrize(
        "text",
        [
            "osat_SECRETSECRETSECRET",
            "oscs_SECRETSECRET is wrong",
            "gho_SECRETSECRETSECRET",
            "Authorization: Basic SECRETSECRET==",
            "{'Authorization': 'Bearer SECRET.SECRET'}",
            "Cookie: __Host-sessionid=SECRET; theme=SECRET",
            "/callback/?code=SECRET&state=SECRET",
            "client_secret=SECRET&grant_type=refresh_token",
            '{"refresh_token": "SECRET", "x": 1}',
            "{'password1': ['SECRET two'], 'username': ['ada']}",
            "<QueryDict: {'csrfmiddlewaretoken': ['SECRET']}>",
            "{'appSecret': 'SEC\\'RET'}",
            "postgresql://site:SECRET@10.0.0.9/site",
            "redis://:SECRET@10.0.0.9:6379/0",
            "eyJhbGciOiJSECRET.eyJzdWIiSECRET.SECRET_-",
            "-----BEGIN PRIVATE KEY-----\nSECRET\n-----END PRIVATE KEY-----",
            "-----BEGIN RSA PRIVATE KEY-----\nSECRET cut off",
            "KeyError at client_secret='SECRET'",
        ],
    )
    def test_secret_is_masked_by_its_shape_or_by_its_name(self, text: str) -> None:
        assert "SECRET" not in redaction.redact(text)
        assert redaction.MASK in redaction.redact(text)

    @pytest.mark.parametrize(
        "text",
        [
            "outbox message 7 (notice), attempt 2: ConnectionError",
            "sign-in failed: state_mismatch provider=house status=400 reference=abc detail=none",
            "readiness: signing_keys failed: NotReady",
            "GET /o/token/ 200 12.3 ms client Qd3",
            "refresh_token of client abc was used twice",
            "https://app.example.com/callback is not registered",
        ],
    )
    def test_ordinary_line_is_left_alone(self, text: str) -> None:
        assert redaction.redact(text) == text

    @pytest.mark.parametrize(
        ("address", "shown"),
        [
            ("/o/apps/", "/o/apps/"),
            ("/static/site.0a1b2c3d4e5f.css", "/static/site.0a1b2c3d4e5f.css"),
            ("/.well-known/oauth-authorization-server", "/.well-known/oauth-authorization-server"),
            ("/accounts/confirm-email/MTA:1vN5x0:AbCdEf/", "/accounts/confirm-email/…/"),
            ("/o/consent/Zk3v9Qm4Zk3v9Qm4Zk3v/?x=1", "/o/consent/…/"),
        ],
    )
    def test_path_keeps_its_words_and_loses_its_handles(self, address: str, shown: str) -> None:
        assert redaction.without_handles(address) == shown


def reference_of(answer: Any) -> str:
    return str(answer["X-Request-Reference"])


class TestReferences:
    @pytest.fixture
    def passed(self, settings: Any) -> Callable[..., HttpRequest]:
        """Return a function that passes a request through the middleware, behind so many proxies."""

        def through(proxies: int, **headers: str) -> HttpRequest:
            settings.TRUSTED_PROXIES = proxies
            request = RequestFactory().get("/", headers=headers)
            logs.ReferenceMiddleware(lambda _request: HttpResponse())(request)
            return request

        return through

    def test_proxys_identifier_is_the_reference_and_its_trace_is_known(self, passed: Callable[..., Any]) -> None:
        trace = "0af7651916cd43dd8448eb211c80319c"
        request = passed(1, **{"X-Request-ID": "f00d-1234", "traceparent": f"00-{trace}-b7ad6b7169203331-01"})
        assert (request.reference, request.trace_id) == ("f00d-1234", trace)

    def test_nobody_else_chooses_what_the_log_says(self, passed: Callable[..., Any]) -> None:
        request = passed(0, **{"X-Request-ID": "f00d-1234", "traceparent": f"00-{'a' * 32}-{'b' * 16}-01"})
        assert len(request.reference) == logs.LENGTH
        assert not hasattr(request, "trace_id")

    @pytest.mark.parametrize("sent", ["short", "x" * 65, "two words 1", "line\nbreak1", "ümlaut-1234", "-leading-1"])
    def test_malformed_identifier_is_not_taken_from_a_proxy_either(self, passed: Callable[..., Any], sent: str) -> None:
        assert len(passed(1, **{"X-Request-ID": sent}).reference) == logs.LENGTH

    @pytest.mark.parametrize("sent", [f"00-{'0' * 32}-{'b' * 16}-01", f"01-{'a' * 32}-{'b' * 16}-01", "00-a-b-01"])
    def test_malformed_trace_is_not_taken(self, passed: Callable[..., Any], sent: str) -> None:
        assert not hasattr(passed(1, traceparent=sent), "trace_id")

    def test_provider_without_the_hosts_middleware_makes_a_reference_of_its_own(self) -> None:
        from provider_site.errors import reference_of as shown

        assert shown(RequestFactory().get("/")) != shown(RequestFactory().get("/"))

    @pytest.mark.parametrize("host", [PROVIDER, "127.0.0.1:8000"])
    def test_pages_for_nothing_there_and_for_a_stale_form_show_the_reference(self, db: None, host: str) -> None:
        browser = Client(headers={"host": host}, enforce_csrf_checks=True)
        for answer, status in ((browser.get("/nowhere/"), 404), (browser.post("/accounts/login/"), 403)):
            assert answer.status_code == status
            assert f"<code>{reference_of(answer)}</code>" in answer.content.decode()

    @pytest.mark.parametrize("site", [environment.PROVIDER, environment.CONSUMER])
    def test_page_for_our_own_fault_shows_the_reference(self, site: str) -> None:
        request = RequestFactory().get("/", headers={"host": PROVIDER})
        request.hosted_site, request.reference = site, "f00d-1234"  # type: ignore[attr-defined]  # as middleware does
        assert "<code>f00d-1234</code>" in errors.server_error(request).content.decode()
