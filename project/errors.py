"""The pages for what goes wrong outside any view: what happened, whose fault it is, what to do next."""

import logging
from dataclasses import dataclass
from typing import Any

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
    500: ErrorPage(
        _("Something went wrong on our side"),
        _("This is our fault, not yours. The fault has been recorded."),
        _("Try again in a moment. If it keeps happening, tell us the reference below."),
    ),
}
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


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500."""
    return render_error(request, PAGES[500], 500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer 403 for a form whose token is missing or another session's; `reason` is for the log alone."""
    return render_error(request, CSRF_PAGE, 403)
