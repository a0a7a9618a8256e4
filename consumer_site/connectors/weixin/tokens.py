"""Tell the vault how WeChat's tokens are renewed, where they may go, and how they are sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.views.decorators.debug import sensitive_variables

from consumer_site.connectors.weixin import answers
from consumer_site.connectors.weixin.client import WeixinClient, api_url_of, read_answer, read_profile
from consumer_site.connectors.weixin.entrances import app_of_account
from consumer_site.connectors.weixin.errors import NoIdentity
from consumer_site.provider_calls import expiry_of, origin_of, put_into_query, refresh_token_of
from consumer_site.vault import Connection, TokenSet, VaultClient

if TYPE_CHECKING:
    import requests
    from allauth.socialaccount.models import SocialAccount

# The APIs under /sns/ answer with HTTP 200 and these.
_ENDED = frozenset({"40001", "40014", "42001", "42007"})


@sensitive_variables()
def refresh(*, account: SocialAccount, refresh_token: str) -> TokenSet:
    """Return new tokens of the account's app; they have to be of the same person."""
    app = app_of_account(account)
    fields = WeixinClient(None, app.client_id, app.secret, "GET", "", "").refresh(refresh_token)
    if fields["openid"] != account.uid:
        raise NoIdentity("WeChat's answer to a renewal names another openid")
    return TokenSet(
        access_token=str(fields["access_token"]),
        refresh_token=refresh_token_of(fields),
        expires_at=expiry_of(fields),
    )


@sensitive_variables()
def authorize(*, account: SocialAccount, tokens: TokenSet, request: requests.PreparedRequest) -> None:
    """Put token and openid into the query, where WeChat's APIs want them."""
    put_into_query(request, {"access_token": tokens.access_token, "openid": account.uid})


def origins(*, account: SocialAccount) -> tuple[str, ...]:
    """Return the origin of WeChat's API, or that of the emulator that serves this account's app."""
    return (origin_of(api_url_of(app_of_account(account).client_id)),)


def token_ended(response: requests.Response) -> bool:
    """Return whether WeChat says that the token has ended, which it does with HTTP 200."""
    try:
        error = answers.error_of(answers.parse(response.content))
    except answers.Unreadable:
        return False
    return error is not None and error[0] in _ENDED


def profile(*, account: SocialAccount, client: VaultClient) -> dict[str, Any]:
    """Return the account's data with nickname, picture and unionid as they are now; a unionid is not forgotten."""
    base_url = api_url_of(app_of_account(account).client_id)
    answer = client.get(f"{base_url}/sns/userinfo", allow_redirects=False)
    fields = read_answer("profile", answer.status_code, answer.content)
    current = read_profile(fields, openid=account.uid, base_url=base_url)._asdict()
    return {**account.extra_data, **{name: value for name, value in current.items() if value or name != "unionid"}}


CONNECTION = Connection(origins=origins, refresh=refresh, authorize=authorize, token_ended=token_ended, profile=profile)
