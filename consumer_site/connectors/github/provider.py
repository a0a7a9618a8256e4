"""The GitHub provider for allauth: its own, with PKCE, and with what may be kept made explicit."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.socialaccount.providers.base import AuthProcess
from allauth.socialaccount.providers.github.provider import GitHubAccount as AllauthGitHubAccount
from allauth.socialaccount.providers.github.provider import GitHubProvider as AllauthGitHubProvider
from allauth.utils import get_request_param
from django.http import HttpRequest

from consumer_site import probing, vault
from consumer_site.connectors.github import tokens
from consumer_site.connectors.github.errors import NoIdentity
from consumer_site.connectors.github.probe import probe
from consumer_site.connectors.github.views import GitHubOAuth2Adapter
from consumer_site.pages import local_next
from consumer_site.profile_fields import one_line, picture_address

_MAX_ID = 2**63
_MAX_NAME = 100


class GitHubAccount(AllauthGitHubAccount):
    """A GitHub account as pages show it."""

    def to_str(self) -> str:
        """Return the name that the person chose, else the login; neither is constant."""
        data = self.account.extra_data
        return data.get("name") or data.get("login") or str(super().to_str())


class GitHubProvider(AllauthGitHubProvider):
    """Sign in with GitHub. The uid is the numeric id: a login can be given up, and taken by somebody else."""

    account_class = GitHubAccount
    oauth2_adapter_class = GitHubOAuth2Adapter
    pkce_enabled_default = True

    def get_redirect_from_request_kwargs(self, request: HttpRequest) -> dict[str, Any]:
        """Return what the form may choose, which is where to go next; scopes and parameters are ours."""
        process, auth_params = get_request_param(request, "process", AuthProcess.LOGIN), self.get_auth_params()
        if process == AuthProcess.CONNECT:
            # Unasked, GitHub answers with the account that is signed in there, and nobody could connect another.
            auth_params.setdefault("prompt", "select_account")
        return {
            "process": process,
            "next_url": local_next(request),
            "scope": list(self.get_scope()),
            "auth_params": auth_params,
        }

    def extract_uid(self, data: dict[str, Any]) -> str:
        """Return the numeric id; raise NoIdentity for anything else."""
        number = data.get("id")
        # bool is an int to Python; True is not person number one.
        if not isinstance(number, int) or isinstance(number, bool) or not 0 < number < _MAX_ID:
            raise NoIdentity("GitHub's profile holds no usable id")
        return str(number)

    def extract_extra_data(self, data: dict[str, Any]) -> dict[str, str]:
        """Return what is stored: login, name, the addresses of picture, page and server; no e-mail address."""
        base_url = self.get_oauth2_adapter(self.request).web_url_for(self.app)
        kept = {
            "login": one_line(data.get("login"), limit=_MAX_NAME),
            "name": one_line(data.get("name"), limit=_MAX_NAME),
            "avatar_url": picture_address(data.get("avatar_url"), base_url=base_url),
            "html_url": picture_address(data.get("html_url"), base_url=base_url),
            "server": base_url,
        }
        return {name: value for name, value in kept.items() if value}

    def extract_common_fields(self, data: dict[str, Any]) -> dict[str, str]:
        """Return the fields for a new user; the public profile's e-mail address is nobody's proof and is not used."""
        return {
            "username": one_line(data.get("login"), limit=_MAX_NAME),
            "name": one_line(data.get("name"), limit=_MAX_NAME),
        }

    def extract_email_addresses(self, data: dict[str, Any]) -> list[EmailAddress]:
        """Return the addresses that GitHub says in so many words to be verified.

        An unproven one would lie in wait: its true owner, resetting a password, would come into this person's account.
        """
        listed = data.get("emails")
        return [
            EmailAddress(email=entry["email"], primary=entry.get("primary") is True, verified=True)
            for entry in (listed if isinstance(listed, list) else [])
            if isinstance(entry, dict) and entry.get("verified") is True and isinstance(entry.get("email"), str)
        ]


vault.register(GitHubProvider.id, tokens.CONNECTION)
probing.register(GitHubProvider.id, probe)

provider_classes = [GitHubProvider]
