"""The two views of the QQ connector and the steps between them: to QQ, and back with a code."""

from __future__ import annotations

from typing import Any

from allauth.socialaccount.models import SocialApp, SocialLogin, SocialToken
from allauth.socialaccount.providers.base.constants import AuthError
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

from consumer_site.connectors.qq import codes
from consumer_site.connectors.qq.client import BASE_URL, QQClient, base_url_of
from consumer_site.connectors.qq.errors import NoIdentity, NoSingleApp
from consumer_site.errors import AnswerInvalid
from consumer_site.oauth2_views import CallbackView, ConnectorAdapter, callback_view, login_view
from consumer_site.provider_calls import as_code


class QQOAuth2Adapter(ConnectorAdapter):
    """What allauth needs to know of QQ's endpoints and answers."""

    provider_id = "qq"
    service = "QQ"
    no_single_app = NoSingleApp
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

    def get_client(self, request: HttpRequest, app: SocialApp) -> QQClient:
        """Return a client of this very app; allauth asks for it before any endpoint's address."""
        self.base_url = base_url_of(app.client_id)
        client: QQClient = super().get_client(request, app)
        client.base_url = self.base_url
        return client

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


class QQCallbackView(CallbackView):
    """Receive the person back from QQ."""

    def outcome(self, request: HttpRequest) -> dict[str, Any]:
        """Return whether the person refused or QQ failed.

        On a phone a refusal is ``usercancel`` other than 0, with ``state`` and without a code; on a PC QQ's page just
        closes and nobody comes back.
        """
        reported = as_code(request.GET["error"]) if "error" in request.GET else ""
        if request.GET.get("usercancel", "0") not in {"", "0"} or reported == self.adapter.login_cancelled_error:
            return {"error": AuthError.CANCELLED}
        if reported:
            return {"exception": codes.refusal(reported, step="authorize")}
        return {"exception": AnswerInvalid("QQ's callback carried neither a code nor an error")}


oauth2_login = login_view(QQOAuth2Adapter)
oauth2_callback = callback_view(QQOAuth2Adapter, QQCallbackView)
