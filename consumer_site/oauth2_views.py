"""What allauth's two views of an OAuth 2 connector lack: every failure is a page, and no answer is taken on trust.

For connectors of services with quirks of their own. Each has an adapter and a callback view that begin with these.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, ClassVar

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.models import SocialApp, SocialToken
from allauth.socialaccount.providers.oauth2.views import OAuth2Adapter, OAuth2CallbackView, OAuth2LoginView
from django.core.exceptions import MultipleObjectsReturned
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from consumer_site.errors import NotConfigured
from consumer_site.pages import harden, provider_form_targets, sign_in_error_page
from consumer_site.provider_calls import expiry_of, refresh_token_of
from consumer_site.vault import without_locals

View = Callable[..., HttpResponseBase]


class ConnectorAdapter(OAuth2Adapter):  # type: ignore[misc]  # allauth is untyped
    """allauth's adapter of one connector; `state` is what the sign-in under way was begun with, once it is known."""

    service: ClassVar[str]
    """What log lines call the service."""
    no_single_app: ClassVar[type[NotConfigured]]
    """The error of a site that has not exactly one app."""
    state: dict[str, Any] | None = None

    def get_provider(self) -> Any:
        """Return the configured provider, or answer with the page that says that there is not exactly one."""
        try:
            return super().get_provider()
        except SocialApp.DoesNotExist as error:
            fault = self.no_single_app(str(error) or f"no {self.service} app is configured")
        except MultipleObjectsReturned:
            fault = self.no_single_app(f"several {self.service} apps are configured: keep one, or hide the others")
        raise ImmediateHttpResponse(sign_in_error_page(self.request, fault, provider=None))

    def parse_token(self, data: dict[str, object]) -> SocialToken:
        """Return the token; a nonsensical ``expires_in`` means an unknown lifetime."""
        return SocialToken(token=data["access_token"], token_secret=refresh_token_of(data), expires_at=expiry_of(data))


class LoginView(OAuth2LoginView):  # type: ignore[misc]  # allauth is untyped
    """Send the person to the service; a GET asks first, so that no foreign page can start a sign-in."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Ask or redirect; the question may not be framed, and its form ends at the service."""
        response: HttpResponse = super().dispatch(request, *args, **kwargs)
        if response.status_code == HTTPStatus.OK:
            harden(response, form_action=provider_form_targets())
        return response


class CallbackView(OAuth2CallbackView):  # type: ignore[misc]  # allauth is untyped
    """Receive the person back from the service."""

    adapter: ConnectorAdapter

    def has_code(self, request: HttpRequest) -> bool:
        """Return whether the answer is one to go on with."""
        return "code" in request.GET and "error" not in request.GET

    def outcome(self, request: HttpRequest) -> dict[str, Any]:
        """Return what an answer without a code means: ``error`` or ``exception``, as allauth's error page takes it."""
        raise NotImplementedError

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Continue with a code; without one, say what that means."""
        response: HttpResponseBase
        if self.has_code(request):
            response = super().dispatch(request, *args, **kwargs)
            return response
        provider = self.adapter.get_provider()
        # The state is checked and used up first: a refusal from another site's link is no refusal.
        state, early = self._get_state(request, provider)
        if early:
            response = early
            return response
        response = render_authentication_error(
            request, provider, **self.outcome(request), extra_context={"state": state, "callback_view": self}
        )
        return response

    def _get_state(self, request: HttpRequest, provider: Any) -> tuple[dict[str, Any] | None, HttpResponse | None]:
        state, early = super()._get_state(request, provider)
        self.adapter.state = state
        return state, early


def login_view(adapter: type[ConnectorAdapter]) -> View:
    """Return the view that a connector's button leads to."""
    # Any method but these two would start a sign-in without a form's token: HEAD and OPTIONS carry none.
    view: View = require_http_methods(["GET", "POST"])(LoginView.adapter_view(adapter))
    return never_cache(csrf_protect(view))


def callback_view(adapter: type[ConnectorAdapter], view: type[CallbackView]) -> View:
    """Return the view that a service sends people back to."""
    # The frames of allauth's callback hold tokens, and a page of development shows the locals of every frame.
    guarded: View = without_locals()(view.adapter_view(adapter))
    return never_cache(require_safe(guarded))
