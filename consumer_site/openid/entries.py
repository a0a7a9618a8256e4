"""The OpenID providers that this site is configured as a client of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.providers import registry
from django.core.exceptions import MultipleObjectsReturned, ObjectDoesNotExist

from consumer_site.errors import AnswerInvalid, NotConfigured
from consumer_site.jose import ALGORITHMS
from consumer_site.openid.issuer import Issuer
from consumer_site.openid.metadata import Metadata

if TYPE_CHECKING:
    from allauth.socialaccount.models import SocialApp
    from django.http import HttpRequest

HOUSE = "house"
FORM_POST = "form_post"
# What stands in an address, as Django's slug converter reads it.
_PROVIDER_ID = re.compile(r"\A[-a-zA-Z0-9_]{1,200}\Z")


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
    def path_kwargs(self) -> dict[str, str]:
        """Return what `reverse` needs for the entry's addresses."""
        return path_kwargs(self.provider_id)

    @property
    def issuer(self) -> Issuer:
        """Return the issuer that this client is registered at."""
        return Issuer(self.server_url)

    @property
    def wants_form_post(self) -> bool:
        """Return whether the entry asks for answers by a form; raise NotConfigured for a mode unknown here."""
        mode = self.settings.get("response_mode")
        if mode not in (None, "", "query", FORM_POST):
            raise NotConfigured("response_mode is neither query nor form_post")
        return bool(mode == FORM_POST)

    def response_mode(self, metadata: Metadata) -> str:
        """Return how the answer is to come: form_post where the entry wants it and the provider names it, else query.

        OAuth 2.0 Multiple Response Type Encoding Practices section 2.1; OAuth 2.0 Form Post Response Mode.
        """
        return FORM_POST if self.wants_form_post and FORM_POST in metadata.response_modes else "query"

    def algorithms(self, metadata: Metadata) -> tuple[str, ...]:
        """Return what may sign tokens for this client: the one it is registered with, else all the provider names.

        Raise NotConfigured for an algorithm unknown here, AnswerInvalid for one that the provider does not have.
        """
        wanted = self.settings.get("id_token_signed_response_alg")
        if wanted in (None, ""):
            return metadata.algorithms
        if wanted not in ALGORITHMS:
            raise NotConfigured("id_token_signed_response_alg is none that this site knows")
        if wanted not in metadata.algorithms:
            raise AnswerInvalid(f"discovery: the provider does not sign with {wanted}")
        return (str(wanted),)


def entry_of(app: SocialApp) -> Entry:
    """Return the entry of a SocialApp; raise NotConfigured when it is incomplete, or its id is somebody else's."""
    server_url = app.settings.get("server_url")
    if not app.client_id or not isinstance(server_url, str) or not server_url:
        raise NotConfigured("the house entry lacks its client id or server_url")
    if not is_usable_id(app.provider_id):
        raise NotConfigured("the house entry's provider id is malformed, or is another connector's")
    if getattr(app, "secret_unreadable", False):
        # Without it the client would pass for a public one.
        raise NotConfigured("the house entry's secret can't be opened")
    return Entry(
        provider_id=app.provider_id or app.provider,
        name=app.name,
        server_url=server_url,
        client_id=app.client_id,
        client_secret=app.secret or "",
        settings=app.settings,
    )


def is_usable_id(provider_id: str) -> bool:
    """Return whether an entry may have this id; empty is the default entry's.

    An entry called "qq" would have accounts of QQ: whoever runs its provider could sign in as anybody of QQ's.
    """
    if not provider_id or provider_id == HOUSE:
        return True
    return bool(_PROVIDER_ID.match(provider_id)) and registry.get_class(provider_id) is None


def path_kwargs(provider_id: str) -> dict[str, str]:
    """Return what `reverse` needs for the addresses of the entry with this id, empty for the default one."""
    if provider_id in {"", HOUSE}:
        return {}
    # A malformed id has an address too, so that pages that list every entry don't fail: nobody answers there.
    return {"provider_id": provider_id if _PROVIDER_ID.match(provider_id) else "-"}


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
    """Return the one entry with this id, empty for the default one; None when there is none, or more than one.

    It is the entry that a sign-in would use: a hidden one gives way to one that is shown.
    """
    try:
        app = get_adapter(request).get_app(request, provider=provider_id or HOUSE)
        return entry_of(app) if app.provider == HOUSE else None
    except (ObjectDoesNotExist, MultipleObjectsReturned, NotConfigured):
        return None
