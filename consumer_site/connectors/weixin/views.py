"""The two views of the WeChat connector and the steps between them: to WeChat, and back with a code."""

from __future__ import annotations

from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.internal import statekit
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialLogin, SocialToken
from allauth.socialaccount.providers.base.constants import AuthError, AuthProcess
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

from consumer_site.connectors.weixin.client import WeixinClient, open_url_of
from consumer_site.connectors.weixin.entrances import PROVIDER_ID, app_for, is_inside_app
from consumer_site.connectors.weixin.errors import NoIdentity, NoSingleApp, OnlyInside, OtherApp
from consumer_site.connectors.weixin.joining import join_known_person
from consumer_site.errors import AnswerRefused
from consumer_site.oauth2_views import CallbackView, ConnectorAdapter, callback_view, login_view
from consumer_site.pages import sign_in_error_page
from consumer_site.provider_calls import as_code, as_identifier

# What comes back in the code's place when somebody declines inside WeChat, on some of its versions.
_DECLINED = "authdeny"


class WeixinOAuth2Adapter(ConnectorAdapter):
    """What allauth needs to know of WeChat's endpoints and answers."""

    provider_id = PROVIDER_ID
    service = "WeChat"
    no_single_app = NoSingleApp
    client_class = WeixinClient
    access_token_method = "GET"
    # The client knows its addresses by its app.
    access_token_url = ""
    scope_delimiter = ","
    app: SocialApp | None = None

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


class WeixinCallbackView(CallbackView):
    """Receive the person back from WeChat."""

    def has_code(self, request: HttpRequest) -> bool:
        """Return whether there is a code, and not what some versions send in its place."""
        return super().has_code(request) and request.GET["code"] != _DECLINED

    def outcome(self, request: HttpRequest) -> dict[str, Any]:
        """Return that the person declined: WeChat then sends `state` alone."""
        if "error" in request.GET:
            # WeChat documents no such answer; whoever sends one has not said that the person declined.
            return {"exception": AnswerRefused(f"WeChat's callback: error={as_code(request.GET['error'])}")}
        return {"error": AuthError.CANCELLED}


oauth2_login = login_view(WeixinOAuth2Adapter)
oauth2_callback = callback_view(WeixinOAuth2Adapter, WeixinCallbackView)
