"""Renew the tokens of an account, and say where they may be sent: what the vault asks of this connector."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from django.views.decorators.debug import sensitive_variables
from requests import RequestException

from consumer_site.connectors.house.claims import kept_claims, uid_of
from consumer_site.connectors.house.client import HouseClient
from consumer_site.errors import AnswerInvalid, NotConfigured, SignInError, Unreachable
from consumer_site.models import StoredToken
from consumer_site.openid.entries import Entry, entry_for
from consumer_site.openid.metadata import is_endpoint
from consumer_site.provider_calls import origin_of
from consumer_site.vault import Connection, TokenSet, VaultClient

if TYPE_CHECKING:
    from allauth.socialaccount.models import SocialAccount


@sensitive_variables()
def refresh(*, account: SocialAccount, refresh_token: str) -> TokenSet:
    """Return new tokens for the account (RFC 6749 section 6); without a refresh token the old one stays.

    Raise CodeRefused when the provider renews them no more, AnswerInvalid when it answered for somebody else,
    NotConfigured for this site's own fault, and Unreachable or an OutboundError when there was no answer to rely on.
    """
    client = HouseClient(entry_of_account(account))
    # Fetched before the refresh token is used up: afterwards a provider that is down would cost the new ones.
    client.keys().ready()
    try:
        tokens = client.refresh(refresh_token)
    except AnswerInvalid as error:
        # No refusal: a gateway's page, or an error that says nothing of these tokens.
        raise Unreachable(error.detail) from None
    if tokens.id_token:
        claims = client.verified_id_token(tokens, nonce=None)
        if uid_of(claims["sub"]) != account.uid:
            raise AnswerInvalid("refresh: the ID token is about somebody else", code="id_token_invalid")
    return TokenSet(
        access_token=tokens.access_token,
        refresh_token=tokens.refresh_token,
        expires_at=tokens.expires_at,
        scope=tokens.scope or (),
    )


def origins(*, account: SocialAccount) -> tuple[str, ...]:
    """Return where the access token may go: the issuer, its userinfo endpoint, and the entry's api_origins."""
    entry = entry_of_account(account)
    addresses: list[object] = [entry.server_url]
    # Where the provider is down, its other addresses may be up.
    with suppress(SignInError, RequestException):
        addresses.append(entry.issuer.metadata().userinfo_endpoint)
    configured = entry.settings.get("api_origins")
    addresses += configured if isinstance(configured, (list, tuple)) else []
    found = [origin_of(address) for address in addresses if isinstance(address, str) and is_endpoint(address)]
    return tuple(dict.fromkeys(found))


def profile(*, account: SocialAccount, client: VaultClient) -> dict[str, Any]:
    """Return what of the person's claims is kept, as the userinfo endpoint has them now."""
    entry = entry_of_account(account)
    house = HouseClient(entry)
    address = house.metadata().userinfo_endpoint
    if not address:
        return dict(account.extra_data)
    answer = client.get(address, headers={"Accept": "application/json, application/jwt"}, allow_redirects=False)
    claims = house.read_userinfo(answer)
    subject = claims.get("sub")
    if not isinstance(subject, str) or uid_of(subject) != account.uid:
        raise AnswerInvalid("userinfo: it is about somebody else", code="userinfo_invalid")
    row = StoredToken.objects.filter(account=account).first()
    return {"iss": entry.server_url, **kept_claims(claims, granted=row.scope.split() if row else ())}


@sensitive_variables()
def revoke(*, account: SocialAccount, tokens: TokenSet) -> None:
    """End the account's tokens at the provider; with the refresh token goes the access token (RFC 7009 section 2.1)."""
    client = HouseClient(entry_of_account(account))
    if tokens.refresh_token:
        client.revoke(tokens.refresh_token, kind="refresh_token")
    else:
        client.revoke(tokens.access_token, kind="access_token")


def entry_of_account(account: SocialAccount) -> Entry:
    """Return the entry that the account came by; raise NotConfigured when it is gone, or of another issuer now.

    The tokens of one issuer are never shown to another.
    """
    entry = entry_for(account.provider)
    if entry is None:
        raise NotConfigured(f"no house entry {account.provider}")
    data = account.extra_data
    if not isinstance(data, dict) or data.get("iss") != entry.server_url:
        raise NotConfigured(f"the account is of another issuer than the house entry {account.provider}")
    return entry


CONNECTION = Connection(refresh=refresh, origins=origins, profile=profile, revoke=revoke)
