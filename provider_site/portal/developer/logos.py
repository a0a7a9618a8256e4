"""The logos of applications."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils.decorators import method_decorator
from django.views import View

from provider_site.models import Logo
from provider_site.portal.picture_answers import picture_answer


@method_decorator(login_not_required, name="dispatch")
class LogoView(View):
    """Serve a logo to whoever has its unguessable address."""

    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest, key: str) -> HttpResponseBase:
        """Answer with the picture, or 404 once it has been pruned."""
        logo = Logo.objects.filter(pk=key).first()
        if logo is None:
            raise Http404
        return picture_answer(logo.picture)
