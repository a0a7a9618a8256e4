"""The two questions of balancers and supervisors: does the process live, and is the site ready."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponseNotAllowed, JsonResponse
from django.http.response import HttpResponseBase

from site_monitoring import access, readiness


def live(request: HttpRequest) -> HttpResponseBase:
    """Answer 200: the process answers. Nothing is touched, for no restart mends a database."""
    return _answer(request, {"status": "ok"}, 200)


def ready(request: HttpRequest) -> HttpResponseBase:
    """Answer 200 where requests can be served and 503 where not; names and times to the monitoring token alone."""
    report = readiness.current()
    told: dict[str, Any] = {"status": report.status}
    if access.may_read(request):
        told["checks"] = {
            result.name: {
                "status": "ok" if result.is_ok else "fail",
                "required": result.is_required,
                "seconds": round(result.seconds, 4),
            }
            for result in report.results
        }
    return _answer(request, told, 200 if report.is_ready else 503)


PROBES: dict[str, Callable[[HttpRequest], HttpResponseBase]] = {"/health/live": live, "/health/ready": ready}


class ProbeMiddleware:
    """Answer the probes ahead of all else.

    Stands first of all: a probe names an IP address as Host, which is not in ALLOWED_HOSTS, speaks plain http, which
    SECURE_SSL_REDIRECT would send away, has no session, and is no request to write a line about.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a probe, and leave everything else to those below."""
        probe = PROBES.get(request.path_info)
        if probe is None:
            return self.get_response(request)
        return probe(request) if request.method in {"GET", "HEAD"} else HttpResponseNotAllowed(["GET", "HEAD"])


def _answer(request: HttpRequest, told: dict[str, Any], status: int) -> HttpResponseBase:
    response = JsonResponse(told, status=status)
    response["Cache-Control"] = "no-store"
    response["Content-Length"] = str(len(response.content))
    response["X-Content-Type-Options"] = "nosniff"
    # Django writes a line about each 503, which is one at each probe: readiness.py writes when something changes.
    response._has_been_logged = True  # type: ignore[attr-defined]  # Django's own mark
    return response
