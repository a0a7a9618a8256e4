"""Addresses and error pages that both sites have."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from project.environment import CONSUMER
from project.icon import icon
from project.local_sign_in import NAME as LOCAL_SIGN_IN
from project.local_sign_in import LocalSignInView

HANDLER_400 = "project.errors.bad_request"
HANDLER_403 = "project.errors.permission_denied"
HANDLER_404 = "project.errors.page_not_found"
HANDLER_429 = "project.errors.too_many_requests"
HANDLER_500 = "project.errors.server_error"


def shared_urls(*, site: str) -> list[URLPattern | URLResolver]:
    """Return the language switch, and the admin where `site` is the one that carries it."""
    urls: list[URLPattern | URLResolver] = [
        path("i18n/", include("django.conf.urls.i18n")),
        path("favicon.ico", icon),
    ]
    if site == settings.ADMIN_SITE:
        if site == CONSUMER:
            urls.append(path("admin/sign-in/", LocalSignInView.as_view(), name=LOCAL_SIGN_IN))
        urls.append(path("admin/", admin.site.urls))
    return urls
