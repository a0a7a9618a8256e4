"""Addresses of the consumer's host."""

from django.apps import apps
from django.urls import URLPattern, URLResolver, include, path

from project.environment import CONSUMER
from project.urls_shared import has, shared_urls

urlpatterns: list[URLPattern | URLResolver] = [*shared_urls(site=CONSUMER)]
if apps.is_installed("consumer_site.sandbox"):
    urlpatterns.append(path("sandbox/", include("consumer_site.sandbox.urls")))
if has("consumer_site.urls"):
    urlpatterns.append(path("", include("consumer_site.urls")))
