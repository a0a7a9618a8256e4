"""The OpenID providers that this site is configured as a client of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from allauth.socialaccount.adapter import get_adapter

from consumer_site.errors import NotConfigured
from consumer_site.openid.issuer import Issuer

if TYPE_CHECKING:
    from allauth.socialaccount.models import SocialApp
    from django.http import HttpRequest

HOUSE = "house"


@dataclass(frozen=True, slots=True)
class Entry:
    """One registered client at one issuer.

    `provider_id` is allauth's id of the entry, which its accounts carry; `path_id` is the part that tells its addresses
    from those of the others, empty for the entry without an id of its own.
    """

    provider_id: str
    name: str
    server_url: str
    client_id: str
    client_secret: str = field(repr=False)
    settings: Mapping[str, Any] = field(repr=False, default_factory=dict)

    @property
    def path_id(self) -> str:
        """Return the id in the entry's addresses."""
        return "" if self.provider_id == HOUSE else self.provider_id

    @property
    def issuer(self) -> Issuer:
        """Return the issuer that this client is registered at."""
        return Issuer(self.server_url)


def entry_of(app: SocialApp) -> Entry:
    """Return the entry of a SocialApp; raise NotConfigured when it is incomplete."""
    server_url = app.settings.get("server_url")
    if not app.client_id or not isinstance(server_url, str) or not server_url:
        raise NotConfigured("the house entry lacks its client id or server_url")
    return Entry(
        provider_id=app.provider_id or app.provider,
        name=app.name,
        server_url=server_url,
        client_id=app.client_id,
        client_secret=app.secret or "",
        settings=app.settings,
    )


def entries(request: HttpRequest | None = None) -> tuple[Entry, ...]:
    """Return every complete entry."""
    found = []
    for app in get_adapter(request).list_apps(request, provider=HOUSE):
        if app.provider != HOUSE:
            continue
        try:
            found.append(entry_of(app))
        except NotConfigured:
            continue
    return tuple(found)


def entry_for(provider_id: str, request: HttpRequest | None = None) -> Entry | None:
    """Return the one entry with this id, empty for the default one; None when there is none, or more than one."""
    fitting = [entry for entry in entries(request) if entry.provider_id == (provider_id or HOUSE)]
    return fitting[0] if len(fitting) == 1 else None
