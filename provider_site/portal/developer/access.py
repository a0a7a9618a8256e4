"""Who gets to the pages of one application, and what those pages share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.utils.translation import get_language
from django.views import View
from django.views.decorators.cache import never_cache

from provider_site.conf import provider_settings
from provider_site.models import Registration
from provider_site.security_headers import protect
from provider_site.services import applications, members


@method_decorator(never_cache, name="dispatch")
class OwnedApplicationMixin(LoginRequiredMixin, View):
    """A page about one application, for its owners alone.

    The address carries ``application_id``; handlers take it, and read ``self.application`` and ``self.registration``.
    Anybody else's application is a 404, as one that does not exist.
    """

    application: Any
    registration: Registration

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Find the application before anything else happens. Raises Http404."""
        if not request.user.is_authenticated:
            return self.handle_no_permission()
        application = members.own_application(user=request.user, application_id=kwargs["application_id"])
        if application is None:
            raise Http404
        self.application, self.registration = application, application.registration
        try:
            response = super().dispatch(request, *args, **kwargs)
        except ObjectDoesNotExist:
            if Registration.objects.filter(application=application.pk, deleted_at=None).exists():
                raise
            raise Http404 from None  # deleted by somebody else meanwhile
        if request.method == "POST" and response.status_code < 400:
            applications.remember_language(application=application, language=get_language() or "")
        return response

    @property
    def is_suspended(self) -> bool:
        """Whether the site has switched the application off, which leaves its owners little to do."""
        return self.registration.status == Registration.Status.SUSPENDED

    def page(
        self, request: HttpRequest, template: str, context: Mapping[str, Any] | None = None, status: int = 200
    ) -> HttpResponse:
        """Render a template that extends ``provider_site/developer/_page.html``, the application's frame."""
        return protect(render(request, template, self.frame() | dict(context or {}), status=status))

    def frame(self) -> dict[str, Any]:
        """Return what the frame needs: name, logo, state and tabs."""
        return {
            "application": self.application,
            "registration": self.registration,
            "is_confidential": self.application.client_type == "confidential",
            "is_suspended": self.is_suspended,
            "site_name": provider_settings.site_name,
        }
