"""The two views of the GitHub connector and the steps between them: allauth's, with every failure a page."""

from __future__ import annotations

import logging
import re
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount import app_settings
from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.models import SocialApp, SocialLogin, SocialToken
from allauth.socialaccount.providers.github.views import GitHubOAuth2Adapter as AllauthGitHubOAuth2Adapter
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from django.core.exceptions import MultipleObjectsReturned
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from consumer_site.connectors.github import codes
from consumer_site.connectors.github.client import GitHubClient, api_url_of, web_url_of
from consumer_site.connectors.github.errors import NoIdentity, NoSingleApp
from consumer_site.errors import AnswerInvalid, SignInError
from consumer_site.pages import harden, provider_form_targets, sign_in_error_page
from consumer_site.provider_calls import TOKEN, as_code, as_lifetime
from consumer_site.vault import without_locals

logger = logging.getLogger("consumer_site.sign_in")

_SCOPE = re.compile(r"\A[a-z0-9_:]{1,60}\Z")
_EMAIL_SCOPES = frozenset({"user", "user:email"})
# Of scopes about the person GitHub names the largest alone (docs.github.com, normalized scopes).
_CONTAINED = {"user": ("read:user", "user:email", "user:follow")}
_OF_GITHUB_APP = "ghu_"


class GitHubOAuth2Adapter(AllauthGitHubOAuth2Adapter):
    """allauth's adapter, with a client that reads GitHub's errors, and addresses that are this very app's."""

    client_class = GitHubClient
    state: dict[str, Any] | None = None

    @staticmethod
    def web_url_for(app: SocialApp) -> str:
        """Return where this app's people sign in."""
        configured = app_settings.PROVIDERS.get("github", {}).get("GITHUB_URL", "")
        return web_url_of(app.client_id, configured=str(configured))

    def get_provider(self) -> Any:
        """Return the configured provider, or answer with the page that says that there is not exactly one."""
        try:
            return super().get_provider()
        except SocialApp.DoesNotExist as error:
            fault = NoSingleApp(str(error) or "no GitHub app is configured")
        except MultipleObjectsReturned:
            fault = NoSingleApp("several GitHub apps are configured: keep one, or hide the others")
        raise ImmediateHttpResponse(sign_in_error_page(self.request, fault, provider=None))

    def get_client(self, request: HttpRequest, app: SocialApp) -> GitHubClient:
        """Return a client of this very app; allauth asks for it before any endpoint's address."""
        web_url = self.web_url_for(app)
        api_url = api_url_of(web_url)
        self.authorize_url = f"{web_url}/login/oauth/authorize"
        self.access_token_url = f"{web_url}/login/oauth/access_token"
        self.profile_url, self.emails_url = f"{api_url}/user", f"{api_url}/user/emails"
        client: GitHubClient = super().get_client(request, app)
        return client

    def parse_token(self, data: dict[str, object]) -> SocialToken:
        """Return the token; only a GitHub App's expires, and comes with a refresh token."""
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
        """Ask GitHub who signed in, and for the e-mail addresses where the person has granted them."""
        client = self.get_client(request, app)
        granted = granted_scope(kwargs.get("response", {}).get("scope"))
        if self.state is not None:
            # A GitHub App has permissions instead: its answers name no scopes, whatever the person allowed.
            if not token.token.startswith(_OF_GITHUB_APP):
                self.state["granted_scope"] = granted
            # It has done its work; what is left of a state may wait in the session for a sign-up to end.
            self.state.pop("pkce_code_verifier", None)
        data = client.get_json("profile", self.profile_url, token.token)
        if not isinstance(data, dict):
            raise NoIdentity("GitHub's profile is no object")
        if app_settings.QUERY_EMAIL or _EMAIL_SCOPES.intersection(granted):
            data = {**data, "emails": self._emails(client, token.token)}
        sociallogin: SocialLogin = app.get_provider(request).sociallogin_from_response(request, data)
        return sociallogin

    def _emails(self, client: GitHubClient, access_token: str) -> object:
        """Return what GitHub lists, or nothing: an address is welcome, and nobody's sign-in hangs on it."""
        try:
            return client.get_json("emails", self.emails_url, access_token)
        except SignInError as error:
            logger.info("github: no e-mail addresses: %s", error.detail)
            return []


def granted_scope(value: object) -> list[str]:
    """Return the scopes that a token answer names, and with "user" what it contains.

    GitHub parts them by commas, and names fewer than were asked for.
    """
    names = re.split(r"[\s,]+", value[:2000]) if isinstance(value, str) else []
    named = [name for name in names if _SCOPE.match(name)]
    return list(dict.fromkeys(smaller for name in named for smaller in (name, *_CONTAINED.get(name, ()))))


class GitHubLoginView(OAuth2LoginView):
    """Send the person to GitHub; a GET asks first, so that no foreign page can start a sign-in."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Ask or redirect; the question may not be framed, and its form ends at GitHub."""
        response: HttpResponse = super().dispatch(request, *args, **kwargs)
        if response.status_code == HTTPStatus.OK:
            harden(response, form_action=provider_form_targets())
        return response


class GitHubCallbackView(OAuth2CallbackView):
    """Receive the person back from GitHub."""

    adapter: GitHubOAuth2Adapter

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Continue with a code; without one, say whether the person declined or what GitHub found wrong."""
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
        fault: SignInError = AnswerInvalid("GitHub's callback carried neither a code nor an error")
        if "error" in request.GET:
            fault = codes.refusal(as_code(request.GET["error"]), step="authorize")
        response = render_authentication_error(
            request, provider, exception=fault, extra_context={"state": state, "callback_view": self}
        )
        return response

    def _get_state(self, request: HttpRequest, provider: Any) -> tuple[dict[str, Any] | None, HttpResponse | None]:
        state, early = super()._get_state(request, provider)
        self.adapter.state = state
        return state, early


# Any method but these two would start a sign-in without a form's token: HEAD and OPTIONS carry none.
oauth2_login = never_cache(
    csrf_protect(require_http_methods(["GET", "POST"])(GitHubLoginView.adapter_view(GitHubOAuth2Adapter)))
)
# The frames of allauth's callback hold tokens, and a page of development shows the locals of every frame.
oauth2_callback = never_cache(require_safe(without_locals()(GitHubCallbackView.adapter_view(GitHubOAuth2Adapter))))
