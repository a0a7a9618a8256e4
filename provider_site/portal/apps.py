"""Connected apps: what a person allows, and how to take it back."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.cache import never_cache

from provider_site.conf import provider_settings
from provider_site.models import Registration
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
        cards = []
        for consent in consents.open_consents(user=request.user):
            # Without a registration an application serves nobody, but what it was allowed is still to be taken back.
            registration = getattr(consent.application, "registration", None)
            cards.append(
                {
                    "consent": consent,
                    "application": consent.application,
                    "registration": registration,
                    "suspended": registration is not None and registration.status == Registration.Status.SUSPENDED,
                    "owner_name": people.display_name(user=registration.owner if registration else None),
                    "titles": [definitions[name].title for name in in_order(consent.scopes)],
                }
            )
        context = {"cards": cards, "site_name": provider_settings.site_name}
        return protect(render(request, "provider_site/connected_apps.html", context))


class WithdrawView(LoginRequiredMixin, View):
    """Take everything back from an application."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, application_id: str) -> HttpResponse:
        """Withdraw, say so, and go back to the list. The key is of whatever type the host's application has."""
        try:
            application = applications.application_model().objects.filter(pk=application_id).first()
        except (ValueError, ValidationError):
            application = None
        if application is None:
            raise Http404
        if consents.withdraw(user=request.user, application=application, request=request):
            text = _("%(app)s can no longer see your data.") % {"app": application}
            messages.success(request, text, fail_silently=True)  # a host may have no messages
        return redirect("provider_site:connected-apps")
