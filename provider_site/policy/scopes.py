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

# A single claim that a client asks for without a scope that opens it (OpenID Core 5.5) is asked about, kept and taken
# back like a scope, under a name that no client can send as one. What it is called to a person, claim by claim:
CLAIM_PREFIX = "claim:"
_CLAIM_TITLES: dict[str, Text] = {
    "unionid": _("Know you in other apps of the same maker"),
    "name": _("See your name"),
    "given_name": _("See your given name"),
    "family_name": _("See your family name"),
    "middle_name": _("See your middle name"),
    "nickname": _("See your nickname"),
    "preferred_username": _("See your user name"),
    "profile": _("See the address of the page about you"),
    "picture": _("See your avatar"),
    "website": _("See the address of your website"),
    "email": _("See your e-mail address"),
    "email_verified": _("See whether your e-mail address is verified"),
    "gender": _("See your gender"),
    "birthdate": _("See your birthday"),
    "zoneinfo": _("See your time zone"),
    "locale": _("See your language"),
    "phone_number": _("See your phone number"),
    "phone_number_verified": _("See whether your phone number is verified"),
    "address": _("See your postal address"),
    "updated_at": _("See when your profile last changed"),
}

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


def allowable() -> dict[str, ScopeDefinition]:
    """Return everything a person may allow by name: the catalogue, and then each single claim that a scope opens.

    A claim is as sensitive as the scope that opens it; of several, as the most harmless of them.
    """
    offered = catalog()
    definitions = dict(offered)
    for scope in offered.values():
        for claim in scope.claims:
            name = CLAIM_PREFIX + claim
            if claim != "sub" and (name not in definitions or not scope.sensitive):
                title = _CLAIM_TITLES.get(claim, scope.title)
                description = scope.description if scope.claims == (claim,) else ""
                definitions[name] = ScopeDefinition(name, title, description, (claim,), sensitive=scope.sensitive)
    return definitions


def is_claim(name: str) -> bool:
    """Tell whether a name stands for a single claim rather than for a scope."""
    return name.startswith(CLAIM_PREFIX)


def on_the_wire(names: Iterable[str]) -> list[str]:
    """Return the scopes among ``names``: what clients know nothing of is left out."""
    return [name for name in names if not is_claim(name)]


def with_claims(names: Iterable[str]) -> frozenset[str]:
    """Return scopes with every single claim they open: who may ask for a scope may ask for a part of it."""
    definitions, wanted = catalog(), frozenset(names)
    opened = (definitions[name].claims for name in wanted if name in definitions)
    return wanted | {CLAIM_PREFIX + claim for claims in opened for claim in claims if claim != "sub"}


def sensitive() -> frozenset[str]:
    """Return the scopes that people are asked about at each sign-in."""
    return frozenset(name for name, scope in allowable().items() if scope.sensitive)


def in_order(names: Iterable[str]) -> list[str]:
    """Return ``names`` in the catalogue's order, without doubles and unknown ones; single claims come last."""
    wanted = set(names)
    return [name for name in allowable() if name in wanted]


def serialize(names: Iterable[str]) -> str:
    """Return scopes as the space-separated text of the database, in the catalogue's order."""
    return " ".join(in_order(names))
