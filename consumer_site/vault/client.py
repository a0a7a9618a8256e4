"""Call a service for a person, with tokens that renew themselves and go nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import SplitResult, urlsplit

import requests
from allauth.socialaccount.models import SocialAccount
from django.views.decorators.debug import sensitive_variables

from consumer_site.errors import DestinationRefused, NoTokens, SignInNeeded
from consumer_site.http import OutboundSession
from consumer_site.vault.connections import Connection, connection_for
from consumer_site.vault.refresh import PACE, Pace, fresh, refuse_open_transaction
from consumer_site.vault.store import Held
from consumer_site.vault.tracebacks import without_locals

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

_DEFAULT_PORTS = {"https": 443, "http": 80}
_Origin = tuple[str, str, int | None]


def client(
    user: AbstractBaseUser | AnonymousUser, provider: str, *, account: SocialAccount | None = None
) -> VaultClient:
    """Return an HTTP client that calls `provider` (the id that the accounts of an entry carry) for `user`.

    Among several accounts it is the one connected last, unless `account` names one. Needs no request, so it works in
    commands and tasks too. Raise NoTokens when the person has no such account with tokens.
    """
    accounts = SocialAccount.objects.filter(user_id=user.pk, provider=provider, stored_token__isnull=False)
    if account is not None:
        accounts = accounts.filter(pk=account.pk)
    found = accounts.order_by("-date_joined", "-pk").first()
    if found is None:
        raise NoTokens(f"user {user.pk} has no account at {provider} with tokens")
    return VaultClient(found)


class VaultClient:
    """A small requests.Session for one account.

    Its failures are NoTokens, SignInNeeded and other SignInErrors when it has no token to send, OutboundErrors when the
    call itself fails. A call inside a transaction raises TransactionOpen. Use it in a `with` block to keep the
    connection between calls.
    """

    def __init__(self, account: SocialAccount, *, pace: Pace = PACE) -> None:
        self.account = account
        self._pace = pace
        self._session: OutboundSession | None = None

    def __repr__(self) -> str:
        return f"VaultClient(account={self.account.pk}, provider={self.account.provider!r})"

    def __enter__(self) -> Self:
        self._session = OutboundSession()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            self._session.close()
        self._session = None

    def get(self, url: str, **kwargs: Any) -> requests.Response:
        """Send a GET; see `request`."""
        return self.request("GET", url, **kwargs)

    def post(self, url: str, **kwargs: Any) -> requests.Response:
        """Send a POST; see `request`."""
        return self.request("POST", url, **kwargs)

    @without_locals()
    @sensitive_variables()
    def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, str] | str | bytes | None = None,
        json: object = None,
        headers: Mapping[str, str] | None = None,
        allow_redirects: bool = True,
    ) -> requests.Response:
        """Return the service's answer, whatever its status; redirects are followed within the same origin alone.

        An answer that the token has ended renews it, once, and asks again; refused again, it raises SignInNeeded.
        Raise DestinationRefused for an origin that the token may not be sent to, before the token is touched.
        """
        refuse_open_transaction()
        connection = connection_for(self.account)
        origins = {_origin(urlsplit(origin)) for origin in connection.origins(account=self.account)}
        _check(_as_sent(method, url), origins)
        what: dict[str, Any] = {"params": params, "data": data, "json": json, "headers": headers}
        what["allow_redirects"] = allow_redirects
        held = fresh(account=self.account, pace=self._pace)
        response = self._send(method, url, _Token(connection, self.account, held, origins), what)
        if connection.token_ended(response):
            held = fresh(account=self.account, spent=held.generation, pace=self._pace)
            response = self._send(method, url, _Token(connection, self.account, held, origins), what)
            if connection.token_ended(response):
                # Not marked: it may be this one address that takes no token of this kind.
                raise SignInNeeded(f"account {self.account.pk}: a renewed token was refused")
        return _bare(response)

    def _send(self, method: str, url: str, token: _Token, what: dict[str, Any]) -> requests.Response:
        if self._session is not None:
            return self._session.request(method, url, auth=token, **what)
        with OutboundSession() as session:
            return session.request(method, url, auth=token, **what)


class _Token(requests.auth.AuthBase):
    """Put the token into a request at the last moment, once it is sure where that goes."""

    def __init__(self, connection: Connection, account: SocialAccount, held: Held, origins: set[_Origin]) -> None:
        self._connection = connection
        self._account = account
        self._held = held
        self._origins = origins

    @sensitive_variables()
    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        _check(request.url, self._origins)
        self._connection.authorize(account=self._account, tokens=self._held.tokens, request=request)
        _check(request.url, self._origins)
        return request


def _as_sent(method: str, url: str) -> str | None:
    """Return the address as requests would send it: what it reads out of an odd one is what counts."""
    try:
        return requests.Request(method, url).prepare().url
    except (requests.RequestException, ValueError):
        raise DestinationRefused("no address that can be called") from None


def _check(url: str | None, origins: set[_Origin]) -> None:
    parts = urlsplit(url or "")
    if parts.username is not None or parts.password is not None or _origin(parts) not in origins:
        raise DestinationRefused(f"the token may not be sent to {parts.scheme}://{parts.hostname}")


def _origin(parts: SplitResult) -> _Origin:
    try:
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        port = None
    return parts.scheme, parts.hostname or "", port


def _bare(response: requests.Response) -> requests.Response:
    """Return the answer without the requests that led to it: they hold the token."""
    for answer in (response, *response.history):
        bare = requests.PreparedRequest()
        bare.method, bare.url = answer.request.method, answer.url
        answer.request = bare
    return response
