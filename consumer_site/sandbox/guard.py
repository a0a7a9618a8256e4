"""Keep the emulators out of production."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponseBase
from django.views.decorators.cache import never_cache

View = Callable[..., HttpResponseBase]


def emulator_view(view: View) -> View:
    """Serve the view only under DEBUG (404 otherwise), to anybody, and never from a cache."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        # Second lock behind the system check: a deployment that skips checks must not get a door that lets anybody in.
        if not settings.DEBUG:
            raise Http404("the emulator answers only under DEBUG")
        return view(request, *args, **kwargs)

    public: View = login_not_required(never_cache(guarded))
    public.emulator_view = True  # type: ignore[attr-defined]  # a mark for the tests
    return public


def comes_from_elsewhere(request: HttpRequest) -> bool:
    """Tell whether a browser sent this request from another site's page.

    Scripts send neither header and are let through: they have no ambient authority that a page could borrow.
    """
    if request.headers.get("Sec-Fetch-Site", "none") not in {"none", "same-origin"}:
        return True
    origin = request.headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc != request.get_host()
