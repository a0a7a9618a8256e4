"""The icon of pages that name none, as the admin's."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.templatetags.static import static


@login_not_required
def icon(request: HttpRequest) -> HttpResponse:
    """Send browsers, which ask for it unbidden, to the icon of the other pages."""
    return HttpResponseRedirect(static("project/icon.svg"))
