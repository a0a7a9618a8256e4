"""Pages that want to be sure who sits there: they open only soon after a sign-in (``RECENT_SIGN_IN_SECONDS``)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render, resolve_url
from django.utils import timezone
from django.views import View

from provider_site.conf import provider_settings
from provider_site.policy import redirect
from provider_site.portal.see_other import see_other
from provider_site.security_headers import protect
from provider_site.services import sessions

_PROVE_AGAIN = "prove-again"
_NOT_DONE = "not-done"


class RecentSignInMixin(View):
    """A view that does nothing unless the signed-in person proved who they are a short while ago.

    Stands after the mixin that wants somebody signed in. Whoever's sign-in is older proves anew who they are and comes
    back to ``return_address()``, a page of ours that is never taken from the request, so that there is nothing to
    forge. A form sent too late is not executed: it leads back to that page, which says so (``not_done``).
    """

    def return_address(self) -> str:
        """Return the path of the page to come back to; views that take no GET name the page of their form."""
        return self.request.path

    @property
    def not_done(self) -> bool:
        """Whether a form sent before was not executed, which the page has to say (``_not_done.html``)."""
        return _NOT_DONE in self.request.GET

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Go on when the sign-in is recent, and see to a new one otherwise."""
        wants_to_prove = request.method == "POST" and _PROVE_AGAIN in request.POST
        if timezone.now() - sessions.auth_time(request=request) < provider_settings.recent_sign_in:
            if wants_to_prove:  # done meanwhile, in another tab
                return see_other(self._address())
            return super().dispatch(request, *args, **kwargs)
        if wants_to_prove:
            logout(request)
            return see_other(redirect_to_login(self._address()).url)
        if request.method not in {"GET", "HEAD"}:
            return see_other(f"{self.return_address()}?{_NOT_DONE}=1")
        return self._prove(request)

    def _address(self) -> str:
        return self.return_address() + (f"?{_NOT_DONE}=1" if self.not_done else "")

    def _prove(self, request: HttpRequest) -> HttpResponse:
        known = provider_settings.reauthenticate_url
        again = redirect_to_login(self._address(), resolve_url(known)) if known is not None else None
        # allauth's page has nothing to ask a person without a password. A form that was not executed is told of first.
        if again is not None and _has_password(request.user) and not self.not_done:
            return again
        context = {
            "not_done": self.not_done,
            "prove_again": _PROVE_AGAIN,
            "return_address": self._address(),
            "reauthenticate_url": again.url if again is not None else "",
            "site_name": provider_settings.site_name,
        }
        page = render(request, "provider_site/recent_sign_in.html", context, status=403)
        # Chrome applies form-action to the login page the form leads to as well, which may be on another host.
        login_url = resolve_url(settings.LOGIN_URL)
        return protect(page, form_action=redirect.origin(login_url) if urlsplit(login_url).netloc else "")


def _has_password(user: Any) -> bool:
    return bool(user.has_usable_password())
