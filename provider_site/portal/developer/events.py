"""Whether an application hears of security events: a test, and what came of it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from provider_site.errors import NotAllowed
from provider_site.portal.developer.overview import OverviewPage
from provider_site.portal.see_other import see_other
from provider_site.services import security_events


class SendTestEventView(OverviewPage):
    """Send the application a notice that is about nobody (RFC 8935, SSF 8.1.4)."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, application_id: str) -> HttpResponse:
        """Write it, and go back to the application's page, which shows what came of it."""
        try:
            message = security_events.put_test(application=self.application)
        except NotAllowed:
            text = _("Only an approved application with an address for security events is sent any.")
            return self.overview(request, problem=text, status=409)
        if message is None:
            text = _("A test was sent less than a minute ago. Wait a little, then try again.")
            return self.overview(request, problem=text, status=429)
        text = _("The test is on its way. Reload this page to see what came of it.")
        messages.success(request, text, fail_silently=True)
        return see_other(reverse("provider_site:developer-application", args=[self.application.pk]) + "#events")
