"""Tell the vault how QQ's tokens are renewed, where they may go, and how they are sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialApp
from django.core.exceptions import MultipleObjectsReturned
from django.views.decorators.debug import sensitive_variables

from consumer_site.connectors.qq import answers
from consumer_site.connectors.qq.client import QQClient, base_url_of, read_answer, read_profile
from consumer_site.connectors.qq.errors import NoSingleApp
from consumer_site.provider_calls import expiry_of, origin_of, put_into_query, refresh_token_of
from consumer_site.vault import Connection, TokenSet, VaultClient

if TYPE_CHECKING:
    import requests
    from allauth.socialaccount.models import SocialAccount

# get_user_info and its like answer with HTTP 200 and these.
_ENDED = frozenset({"-23", "100013", "100014", "100015", "100016"})


@sensitive_variables()
def refresh(*, account: SocialAccount, refresh_token: str) -> TokenSet:
    """Return new tokens. QQ takes a refresh token once: whoever loses the answer has to sign in again."""
    app = _app_of(account)
    base_url = base_url_of(app.client_id)
    client = QQClient(None, app.client_id, app.secret, "GET", f"{base_url}/oauth2.0/token", "")
    fields = client.refresh(refresh_token)
    return TokenSet(
        access_token=str(fields["access_token"]),
        refresh_token=refresh_token_of(fields),
        expires_at=expiry_of(fields),
    )


@sensitive_variables()
def authorize(*, account: SocialAccount, tokens: TokenSet, request: requests.PreparedRequest) -> None:
    """Put token, App ID and openid into the query, where QQ's APIs want them."""
    put_into_query(
        request,
        {
            "access_token": tokens.access_token,
            "oauth_consumer_key": _app_of(account).client_id,
            "openid": account.uid,
        },
    )


def origins(*, account: SocialAccount) -> tuple[str, ...]:
    """Return QQ's origin, or that of the emulator that serves this account's app."""
    return (origin_of(base_url_of(_app_of(account).client_id)),)


def token_ended(response: requests.Response) -> bool:
    """Return whether QQ says that the token has ended, which it does with HTTP 200."""
    try:
        error = answers.error_of(answers.parse(response.content))
    except answers.Unreadable:
        return False
    return error is not None and error[0] in _ENDED


def profile(*, account: SocialAccount, client: VaultClient) -> dict[str, Any]:
    """Return what is kept of the account, with nickname and picture as they are now; see the provider on is_lost."""
    base_url = base_url_of(_app_of(account).client_id)
    answer = client.get(f"{base_url}/user/get_user_info", allow_redirects=False)
    current = read_profile(read_answer("profile", answer.status_code, answer.content), base_url=base_url)
    kept: dict[str, Any] = account.get_provider().extract_extra_data({"openid": account.uid, **current._asdict()})
    return kept


def _app_of(account: SocialAccount) -> SocialApp:
    try:
        return get_adapter().get_app(None, provider=account.provider)
    except (SocialApp.DoesNotExist, MultipleObjectsReturned) as error:
        raise NoSingleApp(f"not exactly one QQ app is configured: {type(error).__name__}") from None


CONNECTION = Connection(origins=origins, refresh=refresh, authorize=authorize, token_ended=token_ended, profile=profile)
