"""Addresses of the consumer's host."""

from django.apps import apps
from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from project.environment import CONSUMER, PROVIDER
from project.urls_shared import HANDLER_400, HANDLER_403, HANDLER_404, HANDLER_429, HANDLER_500, shared_urls

handler400 = HANDLER_400
handler403 = HANDLER_403
handler404 = HANDLER_404
handler429 = HANDLER_429  # allauth's rate limits look for it here
handler500 = HANDLER_500

urlpatterns: list[URLPattern | URLResolver] = [*shared_urls(site=CONSUMER)]
# What stands for others on this machine: never in production (the sandbox's own checks see to it).
if apps.is_installed("consumer_site.sandbox"):
    urlpatterns.append(path("sandbox/", include("consumer_site.sandbox.urls")))
    if PROVIDER in settings.SITES:
        from project import television

        urlpatterns += television.urls
urlpatterns.append(path("", include("consumer_site.urls")))
