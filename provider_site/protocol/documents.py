"""Public documents that are made once and sent many times (RFC 9110 8.8.3, 13.1.2; RFC 9111 5.2)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response

_CONDITIONS = ("HTTP_IF_NONE_MATCH", "HTTP_IF_MATCH")


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON document as bytes, its strong entity tag, and what caches are told."""

    body: bytes
    etag: str
    cache_control: str

    @classmethod
    def of(cls, members: Mapping[str, Any], *, max_age: int) -> Document:
        """Write ``members`` down; caches may keep them for ``max_age`` seconds."""
        body = json.dumps(dict(members), separators=(",", ":")).encode()
        return cls(body, f'"{hashlib.sha256(body).hexdigest()[:32]}"', f"public, max-age={max_age}")

    def answer(self, request: HttpRequest) -> HttpResponse:
        """Return the document; 304 where the client has it already, 412 where it wants another one changed."""
        response = HttpResponse(self.body, content_type="application/json")
        headers = response.headers
        headers["ETag"] = self.etag
        if any(name in request.META for name in _CONDITIONS):
            response = get_conditional_response(request, etag=self.etag, response=response) or response
            headers = response.headers
        # On 304 as well: a script that revalidates by itself must be allowed to read it (RFC 9110 15.4.5).
        headers["Cache-Control"] = self.cache_control
        headers["Access-Control-Allow-Origin"] = "*"
        return response
