"""One line per event, as text or as JSON, with the reference that the page shows; one per request where asked for.

docs/monitoring.md says what the fields are.
"""

import json
import logging
import os
import re
import secrets
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse

from project.environment import PROVIDER, read_flag
from project.redaction import MASK, path_of, redact, without_handles

# No 0, 1, l or o: a person reads the reference aloud.
ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
LENGTH = 10
# As many letters as five bits tell apart, so that each is as likely.
_LETTERS = (ALPHABET * 8).encode()
# What a proxy may call a request; nothing that could end a line or a field.
_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}", re.ASCII)
_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_CLIENT_ID = re.compile(r"[A-Za-z0-9._~:/@-]{1,100}", re.ASCII)

access = logging.getLogger("project.access")

_current: ContextVar[HttpRequest | None] = ContextVar("request", default=None)


def current_reference() -> str:
    """Return the reference of the request being served, or "-"."""
    return getattr(_current.get(), "reference", "-")


class ReferenceMiddleware:
    """Set `request.reference`, log lines' reference and the X-Request-Reference header; write the line of the request.

    Behind proxies of our own (TRUSTED_PROXIES) a well-formed X-Request-ID is the reference, and a well-formed
    traceparent names the trace: elsewhere a stranger would choose what our logs say.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.is_behind_proxy = bool(settings.TRUSTED_PROXIES)
        self.writes = settings.ACCESS_LOG

    def __call__(self, request: HttpRequest) -> HttpResponse:
        reference = secrets.token_bytes(LENGTH).translate(_LETTERS).decode()
        if self.is_behind_proxy:
            if _REQUEST_ID.fullmatch(sent := request.META.get("HTTP_X_REQUEST_ID", "")):
                reference = sent
            if trace := _TRACEPARENT.fullmatch(request.META.get("HTTP_TRACEPARENT", "")):
                request.trace_id = trace[1]  # type: ignore[attr-defined]  # ours, as the next
        request.reference = reference  # type: ignore[attr-defined]  # ours, on Django's request
        began = perf_counter()
        token = _current.set(request)
        try:
            response = self.get_response(request)
            if self.writes:
                _write(request, response, perf_counter() - began)
        finally:
            _current.reset(token)
        response["X-Request-Reference"] = reference
        return response


def _write(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    client_id = _client_id(request)
    fields = {"event": "request", "status": response.status_code, "duration": round(seconds, 6), "client_id": client_id}
    words = "%s %s %s %.1f ms%s"
    named = f" client {client_id}" if client_id else ""
    access.info(
        words, request.method, path_of(request), response.status_code, seconds * 1000, named, extra={"fields": fields}
    )


def _client_id(request: HttpRequest) -> str:
    """Return the application that the request names, proven or not; empty where it names none.

    A body that nobody has read stays unread.
    """
    named = request.GET.get("client_id", "")
    has_header = request.META.get("HTTP_AUTHORIZATION", "")[:6].lower() == "basic "
    if not named and has_header and getattr(request, "hosted_site", "") == PROVIDER:
        from provider_site.protocol.client_authentication import sent_client_id  # noqa: PLC0415 - may not be installed

        named = sent_client_id(request)
    if not named and "_post" in vars(request):
        named = request.POST.get("client_id", "")
    return named if _CLIENT_ID.fullmatch(named) else ""


class ReferenceFilter(logging.Filter):
    """Put what is known of its request on every record, and take keys and handles out of Django's own lines."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        if not isinstance(request, HttpRequest):  # a server's lines have a socket by this name
            request = _current.get()
        record.http = request
        record.reference = getattr(request, "reference", None) or "-"
        if isinstance(record.args, tuple) and record.name.startswith("django."):
            record.args = tuple(_without_secrets(argument) for argument in record.args)
        return True


def _without_secrets(argument: Any) -> Any:
    """Cut queries and handles out of an address, alone or in a server's request line."""
    if not isinstance(argument, str) or "/" not in argument:
        return argument
    return " ".join(_cut(word) if "/" in word else word for word in argument.split(" "))


def _cut(word: str) -> str:
    return without_handles(word) + (f"?{MASK}" if "?" in word else "")


class LineFormatter(logging.Formatter):
    """Write a record as text without secrets, its message on one line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the text; another handler may have kept the traceback with all its words on the record."""
        kept, record.exc_text = record.exc_text, None
        try:
            return super().format(record)
        finally:
            record.exc_text = kept

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the base class's name
        """Return the line; a message that would end it is written as one all the same."""
        record.message = redact(_on_one_line(record.message))
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the base class's name
        """Return the traceback; the words of an exception quote what it failed at."""
        return redact(super().formatException(ei))


class JSONFormatter(LineFormatter):
    """Write a record as one JSON object on one line (docs/monitoring.md)."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the object; what is not known has no field."""
        told: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": redact(_on_one_line(record.getMessage())),
            "process": record.process,
        }
        if (event := getattr(record, "event", "")) != "":
            told["event"] = event
        request = getattr(record, "http", None)
        if request is not None:
            told |= {
                "reference": record.reference,  # type: ignore[attr-defined]  # ReferenceFilter's
                "method": request.method,
                "path": path_of(request),
                "site": getattr(request, "hosted_site", ""),
                "trace_id": getattr(request, "trace_id", ""),
            }
        told |= getattr(record, "fields", {})
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return json.dumps({name: value for name, value in told.items() if value != ""}, ensure_ascii=False)


def _on_one_line(message: str) -> str:
    if message.isprintable():
        return message
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in message)


def read_logging(*, environ: Mapping[str, str] = os.environ) -> tuple[str, bool, dict[str, Any]]:
    """Return LOG_LEVEL, ACCESS_LOG and LOGGING; raise ImproperlyConfigured for a form that there is not.

    LOG_FORMAT is line or json. Requests have lines of their own (ACCESS_LOG) in JSON; of text the server, or the proxy,
    may have its own.
    """
    level, form = environ.get("LOG_LEVEL") or "INFO", environ.get("LOG_FORMAT", "").strip() or "line"
    if form not in {"line", "json"}:
        raise ImproperlyConfigured(f"LOG_FORMAT must be line or json, not {form!r}.")
    worker_level = environ.get("WORKER_LOG_LEVEL") or level
    writes = read_flag("ACCESS_LOG", default=form == "json", environ=environ)
    return level, writes, logging_config(level=level, worker_level=worker_level, form=form)


def logging_config(*, level: str, worker_level: str, form: str = "line") -> dict[str, Any]:
    """Return the LOGGING setting: one line per event on standard error.

    `form` is "line", with time, level, logger and reference, or "json". `worker_level` holds for what the background
    worker says of itself: a line at each start and end of a task.
    """
    everywhere = {"class": "logging.StreamHandler", "formatter": form, "filters": ["reference"]}
    # At DEBUG these write addresses with their queries, forms, tokens, or the values of statements. Our own client
    # writes redacted lines of its own.
    talkative = ("urllib3", "requests", "requests_oauthlib", "oauthlib")
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"reference": {"()": "project.logs.ReferenceFilter"}},
        "formatters": {
            "line": {
                "()": "project.logs.LineFormatter",
                "format": "%(asctime)s %(levelname)s %(name)s ref=%(reference)s %(message)s",
            },
            "json": {"()": "project.logs.JSONFormatter"},
        },
        "handlers": {
            "stderr": everywhere,
            # The level is the handler's: the worker's command sets those of its loggers.
            "worker": {**everywhere, "level": worker_level},
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"handlers": ["stderr"], "level": level, "propagate": False},
            # Django's own configuration gives it a handler of its own.
            "django.server": {"handlers": ["stderr"], "level": level, "propagate": False},
            "django.db.backends": {"level": "INFO"},
            "django_tasks": {"handlers": ["worker"], "level": level, "propagate": False},
            "django_tasks_db": {"handlers": ["worker"], "level": level, "propagate": False},
            "oauth2_provider": {"level": "INFO"},
            **{name: {"level": "WARNING"} for name in talkative},
        },
    }
