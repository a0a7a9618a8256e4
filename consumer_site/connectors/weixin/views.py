"""The two views of the WeChat connector and the steps between them: to WeChat, and back with a code."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.internal import statekit
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialLogin, SocialToken
from allauth.socialaccount.providers.base.constants import AuthError, AuthProcess
from allauth.socialaccount.providers.oauth2.views import OAuth2Adapter, OAuth2CallbackView, OAuth2LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from consumer_site.connectors.weixin.client import WeixinClient, open_url_of
from consumer_site.connectors.weixin.entrances import PROVIDER_ID, app_for, is_inside_app
from consumer_site.connectors.weixin.errors import NoIdentity, NoSingleApp, OnlyInside, OtherApp
from consumer_site.connectors.weixin.joining import join_known_person
from consumer_site.errors import AnswerRefused
from consumer_site.pages import harden, provider_form_targets, sign_in_error_page
from consumer_site.provider_calls import TOKEN, as_code, as_identifier, as_lifetime
from consumer_site.vault import without_locals

# What comes back in the code's place when somebody declines inside WeChat, on some of its versions.
_DECLINED = "authdeny"


class WeixinOAuth2Adapter(OAuth2Adapter):
    """What allauth needs to know of WeChat's endpoints and answers."""

    provider_id = PROVIDER_ID
    client_class = WeixinClient
    access_token_method = "GET"
    # The client knows its addresses by its app.
    access_token_url = ""
    scope_delimiter = ","
    app: SocialApp | None = None
    state: dict[str, Any] | None = None

    @property
    def authorize_url(self) -> str:
        """Return the page with the QR code, or inside WeChat the one with the question."""
        app = self.app or app_for(self.request)
        page = "oauth2/authorize" if is_inside_app(app) else "qrconnect"
        return f"{open_url_of(app.client_id)}/connect/{page}"

    def get_provider(self) -> Any:
        """Return the provider of this browser's app, or answer with the page that says that there is none."""
        try:
            self.app = app_for(self.request, client_id=_begun_with(self.request))
        except (NoSingleApp, OnlyInside) as fault:
            raise ImmediateHttpResponse(sign_in_error_page(self.request, fault, provider=None)) from None
        return self.app.get_provider(self.request)

    def get_client(self, request: HttpRequest, app: SocialApp) -> WeixinClient:
        """Return a client of this very app; allauth asks for it before any endpoint's address."""
        self.app = app
        client: WeixinClient = super().get_client(request, app)
        return client

    def parse_token(self, data: dict[str, object]) -> SocialToken:
        """Return the token; a nonsensical ``expires_in`` means an unknown lifetime."""
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
        """Ask WeChat for the profile of the openid that came with the token; both have to name one person."""
        response: dict[str, object] = kwargs["response"]
        openid = as_identifier(response.get("openid"))
        profile = self.get_client(request, app).get_profile(token.token, openid)
        unionid = as_identifier(response.get("unionid"))
        if unionid and profile.unionid and unionid != profile.unionid:
            raise NoIdentity("WeChat's token answer and its profile name different unionids")
        provider = app.get_provider(request)
        _refuse_account_of_another_app(provider, openid, app)
        data = {**profile._asdict(), "openid": openid, "unionid": unionid or profile.unionid}
        sociallogin: SocialLogin = provider.sociallogin_from_response(request, data)
        state = self.state if self.state is not None else {}
        scope = response.get("scope")
        named = [name for name in scope.split(",") if name.startswith("snsapi_")] if isinstance(scope, str) else []
        if named:
            state["granted_scope"] = named
        # Somebody who is signed in and connects an account has said whose it is to be.
        if state.get("process") != AuthProcess.CONNECT:
            join_known_person(request, sociallogin)
        return sociallogin


def _begun_with(request: HttpRequest) -> str:
    """Return the app with which the sign-in of this `state` was begun, empty for none; the state stays unused."""
    stashed = statekit.get_states(request).get(request.GET.get("state", ""))
    noted = stashed[0].get("weixin_app") if stashed and stashed[2:] and isinstance(stashed[0], dict) else ""
    return noted if isinstance(noted, str) else ""


def _refuse_account_of_another_app(provider: Any, openid: str, app: SocialApp) -> None:
    # An openid means nothing but at its own app: the same one from another may be another person.
    known = SocialAccount.objects.filter(provider=provider.sub_id, uid=openid).first()
    if known is None or not isinstance(known.extra_data, dict):
        return
    # Accounts that allauth's connector made note none, and go on with the app that they came by.
    if known.extra_data.get("appid", app.client_id) != app.client_id:
        raise OtherApp(f"the account was connected by the WeChat app {known.extra_data['appid']}")


class WeixinLoginView(OAuth2LoginView):
    """Send the person to WeChat; a GET asks first, so that no foreign page can start a sign-in."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Ask or redirect; the question may not be framed, and its form ends at WeChat."""
        response: HttpResponse = super().dispatch(request, *args, **kwargs)
        if response.status_code == HTTPStatus.OK:
            harden(response, form_action=provider_form_targets())
        return response


class WeixinCallbackView(OAuth2CallbackView):
    """Receive the person back from WeChat."""

    adapter: WeixinOAuth2Adapter

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Continue with a code; without one the person declined: WeChat then sends `state` alone."""
        response: HttpResponseBase
        if request.GET.get("code", _DECLINED) != _DECLINED and "error" not in request.GET:
            response = super().dispatch(request, *args, **kwargs)
            return response
        provider = self.adapter.get_provider()
        # The state is checked and used up first: a refusal from another site's link is no refusal.
        state, early = self._get_state(request, provider)
        if early:
            response = early
            return response
        outcome: dict[str, Any] = {"error": AuthError.CANCELLED}
        if "error" in request.GET:
            # WeChat documents no such answer; whoever sends one has not said that the person declined.
            outcome = {"exception": AnswerRefused(f"WeChat's callback: error={as_code(request.GET['error'])}")}
        response = render_authentication_error(
            request, provider, **outcome, extra_context={"state": state, "callback_view": self}
        )
        return response

    def _get_state(self, request: HttpRequest, provider: Any) -> tuple[dict[str, Any] | None, HttpResponse | None]:
        state, early = super()._get_state(request, provider)
        self.adapter.state = state
        return state, early


# Any method but these two would start a sign-in without a form's token: HEAD and OPTIONS carry none.
oauth2_login = never_cache(
    csrf_protect(require_http_methods(["GET", "POST"])(WeixinLoginView.adapter_view(WeixinOAuth2Adapter)))
)
# The frames of allauth's callback hold tokens, and a page of development shows the locals of every frame.
oauth2_callback = never_cache(require_safe(without_locals()(WeixinCallbackView.adapter_view(WeixinOAuth2Adapter))))
