"""Tell the two sites apart by host name."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.http.request import split_domain_port

URLCONFS = {"provider": "project.urls_provider", "consumer": "project.urls_consumer"}


def site_of_host(host: str) -> str | None:
    """Return the site served under `host` (a Host header, port and case ignored), or None."""
    name, _port = split_domain_port(host)
    site: str | None = settings.SITE_HOSTS.get(name)
    if site is None and len(settings.SITES) == 1:
        # A site that stands alone may have further names in ALLOWED_HOSTS.
        site = settings.SITES[0]
    return site


class HostMiddleware:
    """Set `request.hosted_site` and `request.urlconf` from the host; answer 404 for a host that is no site of ours.

    A host outside ALLOWED_HOSTS is Django's 400. The port is not compared: two sites never share a host name, because
    browsers share cookies between the ports of one name.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        site = site_of_host(request.get_host())
        if site is None:
            return HttpResponseNotFound("No site is served under this host name.\n", content_type="text/plain")
        request.hosted_site = site  # type: ignore[attr-defined]  # ours, on Django's request
        request.urlconf = URLCONFS[site]
        return self.get_response(request)
