"""The two views of the QQ connector and the steps between them: to QQ, and back with a code."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.models import SocialApp, SocialLogin, SocialToken
from allauth.socialaccount.providers.base.constants import AuthError
from allauth.socialaccount.providers.oauth2.views import OAuth2Adapter, OAuth2CallbackView, OAuth2LoginView
from django.core.exceptions import MultipleObjectsReturned
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from consumer_site.connectors.qq import codes
from consumer_site.connectors.qq.client import BASE_URL, QQClient, base_url_of
from consumer_site.connectors.qq.errors import NoIdentity, NoSingleApp
from consumer_site.errors import AnswerInvalid
from consumer_site.pages import harden, provider_form_targets, sign_in_error_page
from consumer_site.provider_calls import TOKEN, as_code, as_lifetime
from consumer_site.vault import without_locals


class QQOAuth2Adapter(OAuth2Adapter):
    """What allauth needs to know of QQ's endpoints and answers."""

    provider_id = "qq"
    client_class = QQClient
    access_token_method = "GET"
    scope_delimiter = ","
    base_url = BASE_URL

    @property
    def authorize_url(self) -> str:
        """Return QQ's authorization page."""
        return f"{self.base_url}/oauth2.0/authorize"

    @property
    def access_token_url(self) -> str:
        """Return QQ's token endpoint."""
        return f"{self.base_url}/oauth2.0/token"

    def get_provider(self) -> Any:
        """Return the configured provider, or answer with the page that says that there is not exactly one."""
        try:
            return super().get_provider()
        except SocialApp.DoesNotExist as error:
            fault = NoSingleApp(str(error) or "no QQ app is configured")
        except MultipleObjectsReturned:
            fault = NoSingleApp("several QQ apps are configured: keep one, or hide the others")
        raise ImmediateHttpResponse(sign_in_error_page(self.request, fault, provider=None))

    def get_client(self, request: HttpRequest, app: SocialApp) -> QQClient:
        """Return a client of this very app; allauth asks for it before any endpoint's address."""
        self.base_url = base_url_of(app.client_id)
        client: QQClient = super().get_client(request, app)
        client.base_url = self.base_url
        return client

    def parse_token(self, data: dict[str, object]) -> SocialToken:
        """Return the token; ``expires_in`` may be a string, and a nonsensical one means an unknown lifetime."""
        refresh_token = data.get("refresh_token")
        token = SocialToken(token=data["access_token"], token_secret="")
        if isinstance(refresh_token, str) and TOKEN.match(refresh_token):
            token.token_secret = refresh_token
        seconds = as_lifetime(data.get("expires_in"))
        if seconds is not None:
            token.expires_at = timezone.now() + timedelta(seconds=seconds)
        return token

    @sensitive_variables()
    def complete_login(self, request: HttpRequest, app: SocialApp, token: SocialToken, **kwargs: Any) -> SocialLogin:
        """Ask QQ who signed in, then for the profile."""
        client = self.get_client(request, app)
        identity = client.get_identity(token.token)
        # Not every answer names it there; one that names another person names nobody.
        if kwargs.get("response", {}).get("openid", identity.openid) != identity.openid:
            raise NoIdentity("QQ's token answer and its answer to /me name different openids")
        profile = client.get_profile(token.token, identity.openid)
        return self.get_provider().sociallogin_from_response(request, {**identity._asdict(), **profile._asdict()})


class QQLoginView(OAuth2LoginView):
    """Send the person to QQ; a GET asks first, so that no foreign page can start a sign-in."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Ask or redirect; the question may not be framed, and its form ends at QQ."""
        response: HttpResponse = super().dispatch(request, *args, **kwargs)
        if response.status_code == HTTPStatus.OK:
            harden(response, form_action=provider_form_targets())
        return response


class QQCallbackView(OAuth2CallbackView):
    """Receive the person back from QQ."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Continue with a code; without one, say whether the person refused or QQ failed.

        On a phone a refusal is ``usercancel`` other than 0, with ``state`` and without a code; on a PC QQ's page just
        closes and nobody comes back.
        """
        response: HttpResponseBase
        if "code" in request.GET and "error" not in request.GET:
            response = super().dispatch(request, *args, **kwargs)
            return response
        provider = self.adapter.get_provider()
        # The state is checked and used up first: a refusal from another site's link is no refusal.
        state, early = self._get_state(request, provider)
        if early:
            response = early
            return response
        reported = as_code(request.GET["error"]) if "error" in request.GET else ""
        outcome: dict[str, Any] = {"exception": AnswerInvalid("QQ's callback carried neither a code nor an error")}
        if reported:
            outcome = {"exception": codes.refusal(reported, step="authorize")}
        if request.GET.get("usercancel", "0") not in {"", "0"} or reported == self.adapter.login_cancelled_error:
            outcome = {"error": AuthError.CANCELLED}
        response = render_authentication_error(
            request, provider, **outcome, extra_context={"state": state, "callback_view": self}
        )
        return response


# Any method but these two would start a sign-in without a form's token: HEAD and OPTIONS carry none.
oauth2_login = never_cache(
    csrf_protect(require_http_methods(["GET", "POST"])(QQLoginView.adapter_view(QQOAuth2Adapter)))
)
# The frames of allauth's callback hold tokens, and a page of development shows the locals of every frame.
oauth2_callback = never_cache(require_safe(without_locals()(QQCallbackView.adapter_view(QQOAuth2Adapter))))
