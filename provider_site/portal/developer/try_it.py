"""Try it: an owner runs the real flow of the application and sees each request and each answer."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from provider_site.conf import provider_settings
from provider_site.policy import grants
from provider_site.policy.scopes import catalog, in_order
from provider_site.portal.developer import try_flow
from provider_site.portal.developer.access import OwnedApplicationMixin
from provider_site.portal.see_other import see_other
from provider_site.security_headers import protect
from provider_site.services import try_it
from provider_site.services.try_it import Attempt

_REQUEST_STEP = "request"


class ScopesForm(forms.Form):
    """Which of the application's registered scopes to ask for."""

    scope = forms.MultipleChoiceField(
        error_messages={
            "required": _("Choose at least one scope."),
            "invalid_choice": _("The application is not registered for this scope."),
        }
    )

    def __init__(self, *args: Any, scopes: list[str], **kwargs: Any) -> None:
        """Accept only what the application is registered for."""
        super().__init__(*args, **kwargs)
        self.fields["scope"].choices = [(name, name) for name in scopes]  # type: ignore[attr-defined]  # a ChoiceField's


class TryView(OwnedApplicationMixin):
    """Say what will happen, then show the authorization request, ready to be sent."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest, application_id: str) -> HttpResponse:
        """Show the choice of scopes or, with an attempt under way, its request."""
        attempt = try_it.waiting(request=request, application=self.application)
        if request.GET.get("step") == _REQUEST_STEP and attempt is not None and self._grant() == "code":
            return self._request_page(request, attempt)
        return self._start_page(request)

    def post(self, request: HttpRequest, application_id: str) -> HttpResponse:
        """Begin an attempt; a machine's own token needs no browser and is asked for at once."""
        grant, scopes = self._grant(), self._scopes()
        if self.is_suspended or grant in {"device", "other"}:
            return self._start_page(request, status=409)
        if grant == "machine":
            # Shown right here: what came back is not kept, so there is nothing to redirect to.
            steps = try_flow.run_machine(request, application=self.application, scope=scopes)
            return self.page(request, "provider_site/developer/try_result.html", {"steps": steps, "is_machine": True})
        form = ScopesForm(request.POST, scopes=scopes)
        if not form.is_valid():
            return self._start_page(request, problem=form.errors["scope"][0], status=400)
        try_it.begin(request=request, application=self.application, scope=in_order(form.cleaned_data["scope"]))
        here = reverse("provider_site:developer-try", args=[self.application.pk])
        return see_other(f"{here}?step={_REQUEST_STEP}")

    def _grant(self) -> str:
        kinds = {
            grants.AUTHORIZATION_CODE: "code",
            grants.CLIENT_CREDENTIALS: "machine",
            grants.DEVICE_CODE: "device",
        }
        return kinds.get(self.application.authorization_grant_type, "other")

    def _scopes(self) -> list[str]:
        return in_order(self.application.registered_scopes.values_list("scope", flat=True))

    def _start_page(self, request: HttpRequest, *, problem: Any = "", status: int = 200) -> HttpResponse:
        definitions, scopes = catalog(), self._scopes()
        chosen = request.POST.getlist("scope") if request.method == "POST" else scopes
        context = {
            "grant": self._grant(),
            "scopes": [(definitions[name], name in chosen) for name in scopes],
            "problem": problem,
        }
        return self.page(request, "provider_site/developer/try.html", context, status=status)

    def _request_page(self, request: HttpRequest, attempt: Attempt) -> HttpResponse:
        context = {
            "message": try_flow.authorization_request(self.application, attempt),
            "address": try_flow.authorization_url(self.application, attempt),
            "pkce_waived": self.registration.pkce_waived,
        }
        return self.page(request, "provider_site/developer/try_request.html", context)


@method_decorator([never_cache, login_not_required], name="dispatch")
class TryCallbackView(OwnedApplicationMixin):
    """Take the answer of an attempt of this browser's own; anything else is met with "begin again" and not looked at.

    Nobody is asked to sign in for an answer: it would carry the code through the login page, and an attempt lives in a
    session that is signed in.
    """

    http_method_names = ["get"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Find the attempt by its state, which is used up by this. Raises Http404 for who is no owner any more."""
        if request.method != "GET":
            return self.http_method_not_allowed(request)
        sent = request.GET
        # The page's own address goes into forms of the host (the choice of language): the code must not be in it.
        request.META["QUERY_STRING"] = ""
        attempt = None
        if all(len(values) == 1 for _name, values in sent.lists()):
            attempt = try_it.take(request=request, state=sent.get("state", ""))
        if attempt is None:
            return self._begin_again(request)
        self.attempt, self.sent = attempt, sent.dict()
        return super().dispatch(request, *args, application_id=attempt.application_id, **kwargs)

    def get(self, request: HttpRequest, application_id: str) -> HttpResponse:
        """Make the requests that follow and show all of them."""
        steps = try_flow.run(request, application=self.application, attempt=self.attempt, sent=self.sent)
        context = {"steps": steps, "got_tokens": len(steps) > 1 and not steps[1].problem}
        return self.page(request, "provider_site/developer/try_result.html", context)

    def _begin_again(self, request: HttpRequest) -> HttpResponse:
        context = {"site_name": provider_settings.site_name}
        return protect(render(request, "provider_site/developer/try_again.html", context, status=400))
