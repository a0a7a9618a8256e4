"""The last page: go back to the device."""

from __future__ import annotations

from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache

from provider_site.conf import provider_settings
from provider_site.error_pages import expired_page
from provider_site.errors import AuthorizationRequestExpired
from provider_site.models import DeviceAuthorization
from provider_site.security_headers import protect
from provider_site.services import device_requests


@method_decorator(never_cache, name="dispatch")
class DeviceOutcomeView(LoginRequiredMixin, View):
    """Tell the person what became of their device; as often as the page is loaded."""

    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest, handle: str) -> HttpResponse:
        """Show the outcome to who has decided."""
        try:
            device = device_requests.decided(handle=handle, user=request.user)
        except AuthorizationRequestExpired as error:
            return expired_page(request, error)
        context = {
            "application": device.application,
            "allowed": device.decision == DeviceAuthorization.Decision.ALLOWED,
            "site_name": provider_settings.site_name,
        }
        return protect(render(request, "provider_site/device/outcome.html", context))
