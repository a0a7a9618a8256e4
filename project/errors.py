"""The pages for what goes wrong outside any view: what happened, whose fault it is, what to do next."""

import logging
import sys
from dataclasses import dataclass
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ErrorPage:
    """The words of one page."""

    title: str | Promise
    what_happened: str | Promise
    what_to_do: str | Promise


PAGES = {
    400: ErrorPage(
        _("This request can’t be understood"),
        _("The address or the form your browser sent is not one that this site could have made."),
        _("Nothing was changed. Go back, reload the page and try again."),
    ),
    403: ErrorPage(
        _("You may not open this page"),
        _("This page exists, but not for the account you are using."),
        _("If you have another account, sign out and sign in with that one."),
    ),
    404: ErrorPage(
        _("There is no such page"),
        _("The address may be mistyped, or the page is gone."),
        _("Check the address, or start from the home page."),
    ),
    429: ErrorPage(
        _("Too many requests"),
        _("This was tried so often in a short time that this site waits before it goes on."),
        _("Nothing is lost or locked: wait a few minutes, then try again."),
    ),
    500: ErrorPage(
        _("Something went wrong on our side"),
        _("This is our fault, not yours. The fault has been recorded."),
        _("Try again in a moment. If it keeps happening, tell us the reference below."),
    ),
    503: ErrorPage(
        _("This site can’t answer just now"),
        _("A part of it is being restarted, or is out of order. This is our fault, not yours."),
        _("Wait a moment, then load this page again. Look whether what you sent was done before you send it again."),
    ),
}
# By when a database that restarts is mostly back.
RETRY_SECONDS = 5
CSRF_PAGE = ErrorPage(
    _("This form is out of date"),
    _("The form was opened before you signed in or out, in another window, or your browser refuses cookies."),
    _("Nothing was changed. Reload the page and send it again. If that doesn’t help, allow cookies for this site."),
)


def render_error(request: HttpRequest, page: ErrorPage, status: int) -> HttpResponse:
    """Return the page in the layout of the request's site.

    Who is signed in is left out: reading it needs the session, which may be what failed. A layout that fails as well
    leaves the same words as plain text.
    """
    context: dict[str, Any] = {
        "title": page.title,
        "what_happened": page.what_happened,
        "what_to_do": page.what_to_do,
        "user": None,
        "messages": (),
    }
    try:
        return HttpResponse(loader.render_to_string("project/error.html", context, request), status=status)
    except Exception:
        log.exception("The error page could not be drawn")
        text = f"{page.title}\n\n{page.what_happened}\n{page.what_to_do}\n{getattr(request, 'reference', '')}\n"
        return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 400."""
    return render_error(request, PAGES[400], 400)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 403."""
    return render_error(request, PAGES[403], 403)


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 404."""
    return render_error(request, PAGES[404], 404)


def too_many_requests(request: HttpRequest) -> HttpResponse:
    """Answer 429, as allauth's limits ask for; the longest of those that people meet are over in five minutes."""
    response = render_error(request, PAGES[429], 429)
    response["Retry-After"] = "300"
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500; 503 with Retry-After where it is the database that is gone, full or busy (RFC 9110 15.6.4)."""
    # Django calls this while it handles what was raised.
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        response = render_error(request, PAGES[503], 503)
        response["Retry-After"], response["Cache-Control"] = str(RETRY_SECONDS), "no-store"
        return response
    return render_error(request, PAGES[500], 500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer 403 for a form whose token is missing or another session's; `reason` is for the log alone."""
    return render_error(request, CSRF_PAGE, 403)
