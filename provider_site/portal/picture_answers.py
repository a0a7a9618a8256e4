"""How a picture somebody uploaded is served: as a picture and nothing else."""

from __future__ import annotations

from typing import Any

from django.http import FileResponse, Http404


def picture_answer(picture: Any) -> FileResponse:
    """Return the answer with a stored PNG. Raises Http404 when its file is gone."""
    try:
        opened = picture.open("rb")
    except FileNotFoundError as error:
        raise Http404 from error
    response = FileResponse(opened, content_type="image/png")
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    # Its address changes with the picture. A day, so that a removed one also leaves the caches.
    response["Cache-Control"] = "public, max-age=86400"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
