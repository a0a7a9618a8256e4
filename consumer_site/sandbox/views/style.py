from pathlib import Path
from typing import Final

from django.http import HttpRequest, HttpResponse

from consumer_site.sandbox.guard import emulator_view

_SHEET: Final = Path(__file__).parent / "sandbox.css"


@emulator_view
def style(_request: HttpRequest) -> HttpResponse:
    """Serve the pages' stylesheet: a project that has the sandbox alone may serve no static files."""
    return HttpResponse(_SHEET.read_bytes(), content_type="text/css; charset=utf-8")
