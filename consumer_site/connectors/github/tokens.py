"""Tell the vault how GitHub's tokens are renewed, and where they may go.

An OAuth app's token never expires and comes without a refresh token; a GitHub App's lives 8 hours, and its refresh
token 6 months, once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialApp
from django.core.exceptions import MultipleObjectsReturned
from django.views.decorators.debug import sensitive_variables

from consumer_site.connectors.github.client import API_HEADERS, GitHubClient, api_url_of, read_answer
from consumer_site.connectors.github.errors import NoIdentity, NoSingleApp
from consumer_site.connectors.github.views import GitHubOAuth2Adapter, granted_scope, is_of_server
from consumer_site.errors import NotConfigured
from consumer_site.provider_calls import expiry_of, origin_of, refresh_token_of
from consumer_site.vault import Connection, TokenSet, VaultClient

if TYPE_CHECKING:
    from allauth.socialaccount.models import SocialAccount


@sensitive_variables()
def refresh(*, account: SocialAccount, refresh_token: str) -> TokenSet:
    """Return new tokens. GitHub takes a refresh token once: whoever loses the answer has to sign in again."""
    app = _app_of(account)
    token_url = f"{GitHubOAuth2Adapter.web_url_for(app)}/login/oauth/access_token"
    fields = GitHubClient(None, app.client_id, app.secret, "POST", token_url, "").refresh(refresh_token)
    return TokenSet(
        access_token=str(fields["access_token"]),
        refresh_token=refresh_token_of(fields),
        expires_at=expiry_of(fields),
        scope=tuple(granted_scope(fields.get("scope"))),
    )


def origins(*, account: SocialAccount) -> tuple[str, ...]:
    """Return the origin of GitHub's API, or of the emulator or Enterprise Server that this account's app is at."""
    return (origin_of(api_url_of(GitHubOAuth2Adapter.web_url_for(_app_of(account)))),)


def profile(*, account: SocialAccount, client: VaultClient) -> dict[str, Any]:
    """Return what is kept of the account, as GitHub shows it now."""
    address = api_url_of(GitHubOAuth2Adapter.web_url_for(_app_of(account))) + "/user"
    answer = client.get(address, headers=API_HEADERS, allow_redirects=False)
    data = read_answer("profile", answer.status_code, answer.content)
    provider = account.get_provider()
    if not isinstance(data, dict) or provider.extract_uid(data) != account.uid:
        raise NoIdentity("GitHub's profile is about somebody else")
    kept: dict[str, Any] = provider.extract_extra_data(data)
    return kept


def _app_of(account: SocialAccount) -> SocialApp:
    """Return the app; raise NotConfigured where it is at another GitHub now, which must not see these tokens."""
    try:
        app = get_adapter().get_app(None, provider=account.provider)
    except (SocialApp.DoesNotExist, MultipleObjectsReturned) as error:
        raise NoSingleApp(f"not exactly one GitHub app is configured: {type(error).__name__}") from None
    if not is_of_server(account, GitHubOAuth2Adapter.web_url_for(app)):
        raise NotConfigured("the account was connected at another GitHub than the one configured")
    return app


CONNECTION = Connection(origins=origins, refresh=refresh, profile=profile)
