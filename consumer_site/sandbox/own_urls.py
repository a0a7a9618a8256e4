"""Addresses of the sandbox on a port of its own: the same paths as in a project that mounts it at ``sandbox/``."""

from django.urls import include, path
from django.views.generic import RedirectView

from consumer_site.sandbox.guard import emulator_view

urlpatterns = [
    path("", emulator_view(RedirectView.as_view(pattern_name="consumer_sandbox:index"))),
    path("sandbox/", include("consumer_site.sandbox.urls")),
]
