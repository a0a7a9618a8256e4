"""What a person does with a connected app: withdraw one thing or all, sign out of it, take the record home.

None of it asks for a new sign-in (docs/decisions/0022): it only takes away.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.cache import never_cache

from provider_site.policy.scopes import allowable
from provider_site.portal.connected.finding import find
from provider_site.portal.see_other import see_other
from provider_site.security_headers import protect
from provider_site.services import connections, consents, receipts


def _say(request: HttpRequest, text: str, **names: Any) -> None:
    messages.success(request, text % names, fail_silently=True)  # a host may have no messages


def _to_list() -> HttpResponse:
    return see_other(reverse("provider_site:connected-apps"))


def _to_app(application: Any) -> HttpResponse:
    return see_other(reverse("provider_site:connected-app", args=[application.pk]))


class WithdrawView(LoginRequiredMixin, View):
    """Take everything back from an application."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, application_id: str) -> HttpResponse:
        """Withdraw, say so, and go back to the list."""
        application = find(request, application_id)
        if consents.withdraw(user=request.user, application=application, request=request):
            _say(request, _("%(app)s can no longer see your data."), app=application)
        return _to_list()


class WithdrawScopeView(LoginRequiredMixin, View):
    """Take one scope back from an application."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, application_id: str) -> HttpResponse:
        """Withdraw what the form names, and go back to the application's page, or to the list when nothing is left."""
        application = find(request, application_id)
        name = request.POST.get("scope", "")
        taken = consents.narrow(user=request.user, application=application, scopes=[name], request=request)
        if taken and taken != {name}:  # without it nothing else made sense
            _say(request, _("%(app)s can no longer see your data."), app=application)
            return _to_list()
        if taken:
            title = allowable()[name].title if name in allowable() else name
            _say(request, _("Withdrawn from %(app)s: %(scope)s"), app=application, scope=title)
        return _to_app(application)


class SignOutOfAppView(LoginRequiredMixin, View):
    """End every sign-in at an application; what it is allowed stays."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, application_id: str) -> HttpResponse:
        """Sign out, say so, and go back to the application's page."""
        application = find(request, application_id)
        if consents.sign_out(user=request.user, application=application, request=request):
            _say(request, _("You are signed out of %(app)s. What you allowed it stays."), app=application)
        return _to_app(application)


@method_decorator(never_cache, name="dispatch")
class ReceiptView(LoginRequiredMixin, View):
    """Hand a person the record of a consent of theirs."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest, application_id: str, consent_id: int) -> HttpResponse:
        """Answer with the receipt as a file; 404 for a consent of anybody else."""
        application = find(request, application_id)
        consent = connections.consent_of(user=request.user, application=application, consent_id=consent_id)
        if consent is None:
            raise Http404
        answer = JsonResponse(receipts.receipt(consent=consent), json_dumps_params={"ensure_ascii": False, "indent": 2})
        answer["Content-Disposition"] = f'attachment; filename="consent-receipt-{consent.pk}.json"'
        return protect(answer)
