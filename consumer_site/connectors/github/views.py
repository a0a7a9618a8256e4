"""The two views of the GitHub connector and the steps between them: allauth's, with every failure a page."""

from __future__ import annotations

import logging
import re
from typing import Any

from allauth.socialaccount import app_settings
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialLogin, SocialToken
from allauth.socialaccount.providers.github.views import GitHubOAuth2Adapter as AllauthGitHubOAuth2Adapter
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

from consumer_site.connectors.github import codes
from consumer_site.connectors.github.client import GitHubClient, api_url_of, web_url_of
from consumer_site.connectors.github.errors import NoIdentity, NoSingleApp, OtherServer
from consumer_site.errors import AnswerInvalid, SignInError
from consumer_site.oauth2_views import CallbackView, ConnectorAdapter, callback_view, login_view
from consumer_site.provider_calls import as_code

logger = logging.getLogger("consumer_site.sign_in")

_SCOPE = re.compile(r"\A[a-z0-9_:]{1,60}\Z")
_EMAIL_SCOPES = frozenset({"user", "user:email"})
# Of scopes about the person GitHub names the largest alone (docs.github.com, normalized scopes).
_CONTAINED = {"user": ("read:user", "user:email", "user:follow")}
_OF_GITHUB_APP = "ghu_"


class GitHubOAuth2Adapter(ConnectorAdapter, AllauthGitHubOAuth2Adapter):
    """allauth's adapter, with a client that reads GitHub's errors, and addresses that are this very app's."""

    service = "GitHub"
    no_single_app = NoSingleApp
    client_class = GitHubClient

    @staticmethod
    def web_url_for(app: SocialApp) -> str:
        """Return where this app's people sign in."""
        configured = app_settings.PROVIDERS.get("github", {}).get("GITHUB_URL", "")
        return web_url_of(app.client_id, configured=str(configured))

    def get_client(self, request: HttpRequest, app: SocialApp) -> GitHubClient:
        """Return a client of this very app; allauth asks for it before any endpoint's address."""
        web_url = self.web_url_for(app)
        api_url = api_url_of(web_url)
        self.authorize_url = f"{web_url}/login/oauth/authorize"
        self.access_token_url = f"{web_url}/login/oauth/access_token"
        self.profile_url, self.emails_url = f"{api_url}/user", f"{api_url}/user/emails"
        client: GitHubClient = super().get_client(request, app)
        return client

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
        provider = app.get_provider(request)
        _refuse_account_of_another_server(provider, provider.extract_uid(data), self.web_url_for(app))
        sociallogin: SocialLogin = provider.sociallogin_from_response(request, data)
        return sociallogin

    def _emails(self, client: GitHubClient, access_token: str) -> object:
        """Return what GitHub lists, or nothing: an address is welcome, and nobody's sign-in hangs on it."""
        try:
            return client.get_json("emails", self.emails_url, access_token)
        except SignInError as error:
            logger.info("github: no e-mail addresses: %s", error.detail)
            return []


def _refuse_account_of_another_server(provider: Any, uid: str, server: str) -> None:
    # An id means nothing but at its own server, and counts up from one: at another one it is another person's.
    known = SocialAccount.objects.filter(provider=provider.sub_id, uid=uid).first()
    if known is not None and not is_of_server(known, server):
        raise OtherServer(f"the account was connected at another GitHub than {server}")


def is_of_server(account: SocialAccount, server: str) -> bool:
    """Return whether an account is of the GitHub at this address; one that allauth's connector made notes none."""
    data = account.extra_data if isinstance(account.extra_data, dict) else {}
    return bool(data.get("server", server) == server)


def granted_scope(value: object) -> list[str]:
    """Return the scopes that a token answer names, and with "user" what it contains.

    GitHub parts them by commas, and names fewer than were asked for.
    """
    names = re.split(r"[\s,]+", value[:2000]) if isinstance(value, str) else []
    named = [name for name in names if _SCOPE.match(name)]
    return list(dict.fromkeys(smaller for name in named for smaller in (name, *_CONTAINED.get(name, ()))))


class GitHubCallbackView(CallbackView):
    """Receive the person back from GitHub."""

    def outcome(self, request: HttpRequest) -> dict[str, Any]:
        """Return whether the person declined or what GitHub found wrong."""
        fault: SignInError = AnswerInvalid("GitHub's callback carried neither a code nor an error")
        if "error" in request.GET:
            fault = codes.refusal(as_code(request.GET["error"]), step="authorize")
        return {"exception": fault}


oauth2_login = login_view(GitHubOAuth2Adapter)
oauth2_callback = callback_view(GitHubOAuth2Adapter, GitHubCallbackView)
