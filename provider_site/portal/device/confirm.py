"""The page between code and consent, which asks whether the device is the person's own (RFC 8628 5.4)."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache

from provider_site.conf import provider_settings
from provider_site.error_pages import error_page, expired_page, suspended_page
from provider_site.errors import AuthorizationRequestExpired
from provider_site.models import AuthorizationRequest, DeviceAuthorization, Registration
from provider_site.portal.connected.words import device as device_name
from provider_site.portal.device import entry, words
from provider_site.portal.see_other import see_other
from provider_site.security_headers import protect
from provider_site.services import (
    audit,
    authorization_requests,
    consents,
    device_authorizations,
    device_requests,
    people,
)
from provider_site.storage import access

YES, NO = "yes", "no"


@method_decorator(never_cache, name="dispatch")
class ConfirmDeviceView(LoginRequiredMixin, View):
    """Show which device asks and the code it has to show, so that nobody allows a stranger's by mistake or deceit."""

    http_method_names = ["get", "head", "post"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer an expired, answered or foreign request by a page that says so."""
        try:
            return super().dispatch(request, *args, **kwargs)  # type: ignore[return-value]  # HttpResponseBase
        except AuthorizationRequestExpired as error:
            return expired_page(request, error)

    def get(self, request: HttpRequest, handle: str) -> HttpResponse:
        """Ask."""
        kept, device = self._find(request, handle)
        if (closed := self._closed(request, kept, device)) is not None:
            return closed
        return _page(request, kept, device, handle)

    def post(self, request: HttpRequest, handle: str) -> HttpResponse:
        """Go on to what the app asks for, or refuse the device at once."""
        kept, device = self._find(request, handle)
        if (closed := self._closed(request, kept, device)) is not None:
            return closed
        answer = request.POST.getlist("answer")
        if answer == [NO] and not kept.decision:
            consents.deny(authorization_request=kept, user=request.user, request=request)
        elif answer != [YES]:
            return _page(request, kept, device, handle, status=400)
        elif not kept.decision:
            device_requests.note_compared(kept=kept, user=request.user)
        return see_other(authorization_requests.resume_path(handle=handle, kept=kept))

    def _find(self, request: HttpRequest, handle: str) -> tuple[AuthorizationRequest, DeviceAuthorization]:
        kept = authorization_requests.find(handle=handle, user=request.user)
        return kept, device_requests.device_of(kept)

    def _closed(
        self, request: HttpRequest, kept: AuthorizationRequest, device: DeviceAuthorization
    ) -> HttpResponse | None:
        """Return the page for somebody who can't decide about this device any more, or not at all."""
        registration = access.registration_of(kept.application)
        if registration is not None and registration.status == Registration.Status.SUSPENDED:
            return suspended_page(request, registration)
        if not access.serves(registration, user_id=request.user.pk):
            detail = f"client {kept.application.client_id}"
            return error_page(request, "not_available", detail=detail, application=kept.application, status=403)
        return None if device_authorizations.is_open(device) else entry.over(request)


def _page(
    request: HttpRequest, kept: AuthorizationRequest, device: DeviceAuthorization, handle: str, *, status: int = 200
) -> HttpResponse:
    registration = kept.application.registration
    context = {
        "application": kept.application,
        "registration": registration,
        "owner_name": people.display_name(user=registration.owner),
        "reviewed": registration.status == Registration.Status.APPROVED,
        "user_code": device_requests.user_code_of(kept),
        "device_name": device_name(device.user_agent),
        "address": device.address,
        "same_address": device.address is not None and device.address == audit.address_of(request),
        "asked": words.asked(device),
        "handle": handle,
        "site_name": provider_settings.site_name,
    }
    return protect(render(request, "provider_site/device/confirm.html", context, status=status))
