"""The headers of every page this app shows, whatever the host's middleware does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpResponseBase
from django.utils.cache import patch_cache_control

Response = TypeVar("Response", bound=HttpResponseBase)


def protect(response: Response, *, form_action: str = "", frames: Iterable[str] = ()) -> Response:
    """Add the headers of a page with personal content: not framed, not stored, nothing from elsewhere.

    ``form_action`` is one more CSP source a form's redirects may lead to: Chrome applies ``form-action`` to the whole
    chain, so without the client's redirect origin the Allow button would do nothing. ``Referrer-Policy`` is
    ``same-origin``: with ``no-referrer`` browsers send ``Origin: null`` and CSRF protection refuses the form.
    ``frames`` are the CSP sources of frames that the page holds.
    """
    framed = " ".join(dict.fromkeys(filter(None, frames)))
    static_origin = _origin(settings.STATIC_URL or "")
    sources = " ".join(filter(None, ["'self'", static_origin]))
    response["Content-Security-Policy"] = "; ".join(
        (
            f"default-src {sources}",
            f"img-src {sources} data:",
            "object-src 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            " ".join(filter(None, ["form-action 'self'", form_action])),
            *([f"frame-src {framed}"] if framed else []),
        )
    )
    response["X-Frame-Options"] = "DENY"
    response["X-Content-Type-Options"] = "nosniff"
    response["Referrer-Policy"] = "same-origin"
    patch_cache_control(response, no_store=True, private=True)
    return response


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme and parts.netloc else ""
