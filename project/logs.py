"""Give every request a reference that its page and its log lines share, and keep queries out of the log."""

import logging
import secrets
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from django.http import HttpRequest, HttpResponse

# No 0, 1, l or o: a person reads the reference aloud.
ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
LENGTH = 10
# As many letters as five bits tell apart, so that each is as likely.
_LETTERS = (ALPHABET * 8).encode()

_reference: ContextVar[str] = ContextVar("reference", default="-")


def current_reference() -> str:
    """Return the reference of the request being served, or "-"."""
    return _reference.get()


class ReferenceMiddleware:
    """Set `request.reference`, log lines' reference and the X-Request-Reference header."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        reference = secrets.token_bytes(LENGTH).translate(_LETTERS).decode()
        request.reference = reference  # type: ignore[attr-defined]  # ours, on Django's request
        token = _reference.set(reference)
        try:
            response = self.get_response(request)
        finally:
            _reference.reset(token)
        response["X-Request-Reference"] = reference
        return response


class ReferenceFilter(logging.Filter):
    """Put the request's reference on every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        record.reference = getattr(request, "reference", None) or current_reference()
        return True


class QueryFilter(logging.Filter):
    """Cut the query string out of a server's request lines: it may hold a code, a state or a key."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(_without_query(argument) for argument in record.args)
        return True


def _without_query(argument: Any) -> Any:
    if not isinstance(argument, str) or "?" not in argument:
        return argument
    return " ".join(word.split("?", 1)[0] + "?…" if "?" in word else word for word in argument.split(" "))


def logging_config(*, level: str, worker_level: str) -> dict[str, Any]:
    """Return the LOGGING setting: one line per event on standard error, with time, level, logger and reference.

    `worker_level` holds for what the background worker says of itself: a line at each start and end of a task.
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {
            "reference": {"()": "project.logs.ReferenceFilter"},
            "query": {"()": "project.logs.QueryFilter"},
        },
        "formatters": {
            "line": {"format": "%(asctime)s %(levelname)s %(name)s ref=%(reference)s %(message)s"},
        },
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["reference"]},
            # The level is the handler's: the worker's command sets those of its loggers.
            "worker": {
                "class": "logging.StreamHandler",
                "formatter": "line",
                "filters": ["reference"],
                "level": worker_level,
            },
            "server": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["reference", "query"]},
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"handlers": ["stderr"], "level": level, "propagate": False},
            "django.server": {"handlers": ["server"], "level": level, "propagate": False},
            "django_tasks": {"handlers": ["worker"], "level": level, "propagate": False},
            "django_tasks_db": {"handlers": ["worker"], "level": level, "propagate": False},
            # Its lines hold request addresses, query included; our own client writes redacted ones.
            "urllib3": {"level": "WARNING"},
        },
    }
