"""Addresses and error pages that both sites have."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

HANDLER_400 = "project.errors.bad_request"
HANDLER_403 = "project.errors.permission_denied"
HANDLER_404 = "project.errors.page_not_found"
HANDLER_500 = "project.errors.server_error"


def shared_urls(*, site: str) -> list[URLPattern | URLResolver]:
    """Return the language switch, and the admin where `site` is the one that carries it."""
    urls: list[URLPattern | URLResolver] = [path("i18n/", include("django.conf.urls.i18n"))]
    if site == settings.ADMIN_SITE:
        urls.append(path("admin/", admin.site.urls))
    return urls
