"""Choose the layout that allauth's pages and the error pages take on each site."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

LAYOUTS = {"provider": "project/base.html", "consumer": "consumer_site/base.html"}


def layout(request: HttpRequest) -> dict[str, Any]:
    """Add the hosted site, its layout and the request's reference to a template's context."""
    site = getattr(request, "hosted_site", settings.SITES[0])
    return {
        "hosted_site": site,
        "site_title": settings.SITE_TITLES[site],
        "site_layout": LAYOUTS[site],
        "reference": getattr(request, "reference", ""),
        "admin_here": site == settings.ADMIN_SITE,
    }
