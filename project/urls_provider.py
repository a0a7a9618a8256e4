"""Addresses of the provider's host."""

from allauth.account import urls as account_urls
from allauth.mfa import urls as mfa_urls
from django.urls import URLPattern, URLResolver, include, path

from project.environment import PROVIDER
from project.home import home
from project.urls_shared import HANDLER_400, HANDLER_403, HANDLER_404, HANDLER_429, HANDLER_500, shared_urls

handler400 = HANDLER_400
handler403 = HANDLER_403
handler404 = HANDLER_404
handler429 = HANDLER_429  # allauth's rate limits look for it here
handler500 = HANDLER_500

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home, name="home"),
    *shared_urls(site=PROVIDER),
    path("accounts/", include(account_urls)),
    path("accounts/2fa/", include(mfa_urls)),
    path("", include("provider_site.urls")),
]
