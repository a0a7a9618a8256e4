"""The authorize pipeline for a device: the same steps and consent page, and an answer that the device fetches."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

from provider_site.error_pages import expired_page
from provider_site.errors import AuthorizationRequestExpired
from provider_site.models import AuthorizationRequest, DeviceAuthorization
from provider_site.policy.grants import DEVICE_CODE
from provider_site.protocol.authorize.parameters import AuthorizationParameters
from provider_site.protocol.authorize.pipeline import Pipeline
from provider_site.services import authorization_requests, device_authorizations, device_requests
from provider_site.storage.codes import AuthorizationContext


@method_decorator([never_cache, login_not_required], name="dispatch")
class DeviceResumeView(Pipeline):
    """Go on with a device's request after its person has compared the code, signed in or decided."""

    http_method_names = ["get", "head"]
    resume_name = "oauth2_provider:device-resume"
    handle: str
    device: DeviceAuthorization

    def get(self, request: HttpRequest, handle: str) -> HttpResponse:
        """Advance the request behind ``handle``."""
        user = request.user if request.user.is_authenticated else None
        try:
            kept = authorization_requests.find(handle=handle, user=user)
            self.handle, self.device = handle, device_requests.device_of(kept)
            if not device_authorizations.is_open(self.device):
                return self._confirm()
            parameters = AuthorizationParameters.from_json(kept.parameters)
            return self.advance(request, parameters, kept.application, handle, kept)
        except AuthorizationRequestExpired as error:
            return expired_page(request, error)

    def is_registered(self, parameters: AuthorizationParameters, application: Any) -> bool:
        """Tell whether the application still is one of devices: there is no address that could be another's."""
        return bool(application.authorization_grant_type == DEVICE_CODE)

    def _prove(
        self,
        request: HttpRequest,
        parameters: AuthorizationParameters,
        application: Any,
        handle: str | None,
        kept: AuthorizationRequest | None,
    ) -> HttpResponse | None:
        """Return the way to what is missing: the sign-in, or that this very person compares the code (RFC 8628 5.4)."""
        if (unproven := super()._prove(request, parameters, application, handle, kept)) is not None:
            return unproven
        return None if kept is not None and device_requests.is_compared(kept) else self._confirm()

    def refuse(
        self, request: HttpRequest, parameters: AuthorizationParameters, error: str, description: str
    ) -> HttpResponse:
        """Have the device told ``access_denied``, and the person that it was."""
        device_authorizations.deny(device=self.device, user=request.user)
        return self._outcome()

    def grant(
        self,
        request: HttpRequest,
        parameters: AuthorizationParameters,
        *,
        granted: list[str],
        context: AuthorizationContext,
        kept: AuthorizationRequest | None,
    ) -> HttpResponse:
        """Write what the device's next poll buys, and tell the person to go back to it."""
        with transaction.atomic():
            if kept is not None:
                authorization_requests.mark_answered(authorization_request=kept)
            device_authorizations.allow(device=self.device, user=request.user, scope=" ".join(granted), context=context)
        return self._outcome()

    def _outcome(self) -> HttpResponse:
        return HttpResponseRedirect(reverse("provider_site:device-outcome", args=[self.handle]))

    def _confirm(self) -> HttpResponse:
        """Lead to the page that has the code compared, or says that it is over, with the way to another."""
        return HttpResponseRedirect(reverse("provider_site:device-confirm", args=[self.handle]))
