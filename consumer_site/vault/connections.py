"""Know how each connector's service renews tokens and takes them: connectors register here, the vault imports none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import requests
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.providers import registry
from django.views.decorators.debug import sensitive_variables

from consumer_site.errors import NotConfigured
from consumer_site.vault.token_set import TokenSet

if TYPE_CHECKING:
    from allauth.socialaccount.models import SocialAccount

    from consumer_site.vault.client import VaultClient


class Refresh(Protocol):
    """Ask the service for new tokens, in one or more HTTP calls.

    Return what it gave: without a refresh token the old one stays, without a scope the old scope.
    Raise errors.CodeRefused, or another SignInError, when the service refuses for good: the account is then marked.
    Raise errors.OutboundError or errors.Unreachable when there was no answer to rely on, and errors.NotConfigured when
    the fault is this site's: nothing is marked then.
    """

    def __call__(self, *, account: SocialAccount, refresh_token: str) -> TokenSet: ...


class Authorize(Protocol):
    """Put the access token where the service wants it, by changing `request`."""

    def __call__(self, *, account: SocialAccount, tokens: TokenSet, request: requests.PreparedRequest) -> None: ...


class Origins(Protocol):
    """Return the origins (scheme://host[:port], nothing more) that the account's access token may be sent to."""

    def __call__(self, *, account: SocialAccount) -> Iterable[str]: ...


class TokenEnded(Protocol):
    """Return whether an answer says that the access token is no longer good."""

    def __call__(self, response: requests.Response) -> bool: ...


class Profile(Protocol):
    """Ask the service, by one or more calls of `client`, what it shows of the account now.

    Return the account's new extra_data, which replaces what is stored. Raise a SignInError for an answer that is no
    use, above all one about somebody else.
    """

    def __call__(self, *, account: SocialAccount, client: VaultClient) -> dict[str, Any]: ...


class Revoke(Protocol):
    """End the tokens at the service; `account` may be deleted here by then. Raise as `Refresh` does."""

    def __call__(self, *, account: SocialAccount, tokens: TokenSet) -> None: ...


@sensitive_variables()
def bearer(*, account: SocialAccount, tokens: TokenSet, request: requests.PreparedRequest) -> None:
    """Send the token in a header (RFC 6750 section 2.1)."""
    del account
    request.headers["Authorization"] = f"Bearer {tokens.access_token}"


def answered_401(response: requests.Response) -> bool:
    """Return whether the status says it (RFC 6750 section 3.1)."""
    return bool(response.status_code == requests.codes.unauthorized)


@dataclass(frozen=True, slots=True)
class Connection:
    """How the vault deals with the service behind one connector.

    `refresh` is None where tokens can't be renewed, `profile` where nothing can be read again, `revoke` where the
    service ends no token at a client's word.
    """

    origins: Origins
    refresh: Refresh | None = None
    authorize: Authorize = bearer
    token_ended: TokenEnded = answered_401
    profile: Profile | None = None
    revoke: Revoke | None = None


_connections: dict[str, Connection] = {}


def register(provider: str, connection: Connection) -> None:
    """Make `connection` the one for accounts of the connector whose provider class has the id `provider`.

    Called at the import of the connector's provider module, which allauth imports before anything is asked of it.
    """
    _connections[provider] = connection


def connection_for(account: SocialAccount) -> Connection:
    """Return the account's connection; raise NotConfigured when its connector has none, or is gone.

    The account carries the id of its entry, which is the connector's own unless the entry has one of its own.
    """
    registry.load()
    if account.provider in _connections:
        return _connections[account.provider]
    for app in get_adapter().list_apps(None, provider=account.provider):
        if account.provider == app.provider_id and app.provider in _connections:
            return _connections[app.provider]
    raise NotConfigured(f"no connector has registered with the vault for {account.provider}")
