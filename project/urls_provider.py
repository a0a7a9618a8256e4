"""Addresses of the provider's host."""

from allauth.account import urls as account_urls
from allauth.mfa import urls as mfa_urls
from django.urls import URLPattern, URLResolver, include, path

from project.environment import PROVIDER
from project.urls_shared import has, shared_urls

urlpatterns: list[URLPattern | URLResolver] = [
    *shared_urls(site=PROVIDER),
    path("accounts/", include(account_urls)),
    path("accounts/2fa/", include(mfa_urls)),
]
if has("provider_site.urls"):
    urlpatterns.append(path("", include("provider_site.urls")))
