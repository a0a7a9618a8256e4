"""Render the emulators' pages for people."""

from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from consumer_site.sandbox.services import EmulatedService


def page(
    request: HttpRequest,
    service: EmulatedService | None,
    template: str,
    context: dict[str, Any],
    *,
    form_target: str = "",
    status: int = 200,
) -> HttpResponse:
    """Render a page under a Content-Security-Policy of its own.

    ``form_target`` is the address to which the form's answer redirects: browsers apply ``form-action`` to it too, and
    the host project's policy can't know it.
    """
    response = render(request, f"consumer_sandbox/{template}", context | {"service": service}, status=status)
    target = urlsplit(form_target)
    form_action = "'self'" + (f" {target.scheme}://{target.netloc}" if target.netloc else "")
    response["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action {form_action}"
    )
    response["Referrer-Policy"] = "same-origin"
    return response
