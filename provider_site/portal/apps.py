"""Connected apps: what a person allows, and how to take it back."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.cache import never_cache

from provider_site.conf import provider_settings
from provider_site.policy.scopes import catalog, in_order
from provider_site.security_headers import protect
from provider_site.services import applications, consents, people


@method_decorator(never_cache, name="dispatch")
class ConnectedAppsView(LoginRequiredMixin, View):
    """List the applications a person allows something."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show one card per application."""
        definitions = catalog()
        cards = [
            {
                "consent": consent,
                "application": consent.application,
                "registration": consent.application.registration,
                "owner_name": people.display_name(user=consent.application.registration.owner),
                "titles": [definitions[name].title for name in in_order(consent.scopes)],
            }
            for consent in consents.open_consents(user=request.user)
        ]
        context = {"cards": cards, "site_name": provider_settings.site_name}
        return protect(render(request, "provider_site/connected_apps.html", context))


class WithdrawView(LoginRequiredMixin, View):
    """Take everything back from an application."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, application_id: int) -> HttpResponse:
        """Withdraw, say so, and go back to the list."""
        application = applications.application_model().objects.filter(pk=application_id).first()
        if application is None:
            raise Http404
        if consents.withdraw(user=request.user, application=application, request=request):
            messages.success(request, _("%(app)s can no longer see your data.") % {"app": application})
        return redirect("provider_site:connected-apps")
