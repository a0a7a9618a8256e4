"""The scopes this site offers, in words for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from provider_site.conf import provider_settings

Text = str | Promise


@dataclass(frozen=True, slots=True)
class ScopeDefinition:
    """One scope: its name on the wire, its words for people, and the claims it opens (OpenID Core 5.4).

    ``writes``: the app may change something, not only read; ``sensitive``: people are asked about it at each sign-in.
    """

    name: str
    title: Text
    description: Text
    claims: tuple[str, ...] = ()
    writes: bool = False
    sensitive: bool = False


_STANDARD = (
    ScopeDefinition(
        "openid",
        _("Know that it is you"),
        _("A number that stands for you at this app. It is not your name."),
        ("sub",),
    ),
    ScopeDefinition(
        "unionid",
        _("Know you in other apps of the same maker"),
        _("A second number, the same in each of them. By it they can put together what you do in one and in another."),
        ("unionid",),
    ),
    ScopeDefinition("nickname", _("See your nickname"), _("The name you chose to show."), ("nickname",)),
    ScopeDefinition("avatar", _("See your avatar"), _("The picture you chose to show."), ("picture",)),
    ScopeDefinition(
        "profile",
        _("See your profile"),
        _("Your name, user name, nickname and avatar."),
        ("name", "given_name", "family_name", "preferred_username", "nickname", "picture", "updated_at"),
    ),
    ScopeDefinition(
        "email", _("See your e-mail address"), _("And whether it has been verified."), ("email", "email_verified")
    ),
    ScopeDefinition(
        "offline_access",
        _("Keep this access while you are away"),
        _("The app can renew its access without asking you each time, for as long as you allow it."),
    ),
)

# What a wording means to a person: raise it when a text above changes its meaning, and consent is asked again.
WORDING_VERSION = "1"


def catalog() -> dict[str, ScopeDefinition]:
    """Return every scope the site offers by name, the standard ones first, in the order people see them."""
    scopes = {scope.name: scope for scope in _STANDARD}
    for name, texts in provider_settings.scopes.items():
        scopes[name] = _from_settings(name, texts)
    return scopes


def _from_settings(name: str, texts: Mapping[str, Any]) -> ScopeDefinition:
    return ScopeDefinition(
        name=name,
        title=texts.get("title", name),
        description=texts.get("description", ""),
        claims=tuple(texts.get("claims", ())),
        writes=bool(texts.get("writes", False)),
        sensitive=bool(texts.get("sensitive", False)),
    )


def sensitive() -> frozenset[str]:
    """Return the scopes that people are asked about at each sign-in."""
    return frozenset(name for name, scope in catalog().items() if scope.sensitive)


def in_order(names: Iterable[str]) -> list[str]:
    """Return ``names`` in the catalogue's order, without doubles and unknown ones."""
    wanted = set(names)
    return [name for name in catalog() if name in wanted]


def serialize(names: Iterable[str]) -> str:
    """Return scopes as the space-separated text of the wire and the database, in the catalogue's order."""
    return " ".join(in_order(names))
