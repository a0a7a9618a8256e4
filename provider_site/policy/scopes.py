"""The scopes this site offers, in words for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from provider_site.conf import provider_settings

Text = str | Promise


@dataclass(frozen=True, slots=True)
class ScopeDefinition:
    """One scope: its name on the wire, its words for people, and the claims it opens (OpenID Core 5.4).

    ``writes``: the app may change something, not only read; ``sensitive``: people are asked about it at each sign-in.
    ``wording`` is the version (``WORDING_VERSION``) since which the words mean what they do; the words before it told
    of ``claims_before``, in the text ``description_before``.
    """

    name: str
    title: Text
    description: Text
    claims: tuple[str, ...] = ()
    writes: bool = False
    sensitive: bool = False
    wording: int = 1
    claims_before: tuple[str, ...] | None = None
    description_before: Text = ""


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
        _("Your name, user name, nickname and avatar, and what more about you is in your profile."),
        (
            *("name", "given_name", "family_name", "middle_name", "nickname", "preferred_username"),
            *("profile", "picture", "website", "gender", "birthdate", "zoneinfo", "locale", "updated_at"),
        ),
        wording=2,
        claims_before=(
            *("name", "given_name", "family_name", "preferred_username"),
            *("nickname", "picture", "updated_at"),
        ),
        description_before=_("Your name, user name, nickname and avatar."),
    ),
    ScopeDefinition(
        "email", _("See your e-mail address"), _("And whether it has been verified."), ("email", "email_verified")
    ),
    ScopeDefinition(
        "phone",
        _("See your phone number"),
        _("And whether it has been verified."),
        ("phone_number", "phone_number_verified"),
    ),
    ScopeDefinition("address", _("See your postal address"), _("Street, town, postal code and country."), ("address",)),
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

# The version of all the words above. Where a text changes what it means to a person, raise it, and say so at the scope
# (``wording``): people are asked again about that scope alone, and until then it opens what its old words said.
WORDING_VERSION = "2"


def catalog() -> Mapping[str, ScopeDefinition]:
    """Return every scope the site offers by name, the standard ones first, in the order people see them."""
    return _offered()[1]


# What the catalogue was made of last, the catalogue, and what may be allowed by it: asked many times a request.
_made: tuple[Mapping[str, Any], Mapping[str, ScopeDefinition], Mapping[str, ScopeDefinition]] | None = None


def _offered() -> tuple[Mapping[str, Any], Mapping[str, ScopeDefinition], Mapping[str, ScopeDefinition]]:
    global _made  # noqa: PLW0603  replaced whole: threads that make it at once make the same
    made, given = _made, provider_settings.scopes
    if made is None or made[0] is not given:
        scopes = {scope.name: scope for scope in _STANDARD}
        scopes |= {name: _from_settings(name, texts) for name, texts in given.items()}
        made = _made = given, MappingProxyType(scopes), MappingProxyType(_with_single_claims(scopes))
    return made


def _from_settings(name: str, texts: Mapping[str, Any]) -> ScopeDefinition:
    return ScopeDefinition(
        name=name,
        title=texts.get("title", name),
        description=texts.get("description", ""),
        claims=tuple(texts.get("claims", ())),
        writes=bool(texts.get("writes", False)),
        sensitive=bool(texts.get("sensitive", False)),
    )


def allowable() -> Mapping[str, ScopeDefinition]:
    """Return everything a person may allow by name: the catalogue, and then each single claim that a scope opens.

    A claim is as sensitive as the scope that opens it; of several, as the most harmless of them.
    """
    return _offered()[2]


def _with_single_claims(offered: Mapping[str, ScopeDefinition]) -> dict[str, ScopeDefinition]:
    definitions = dict(offered)
    for scope in offered.values():
        for claim in scope.claims:
            name = CLAIM_PREFIX + claim
            if claim != "sub" and (name not in definitions or not scope.sensitive):
                title = _CLAIM_TITLES.get(claim, scope.title)
                description = scope.description if scope.claims == (claim,) else ""
                definitions[name] = ScopeDefinition(name, title, description, (claim,), sensitive=scope.sensitive)
    return definitions


def is_outdated(name: str, wording: str) -> bool:
    """Tell whether a scope means something else to a person now than in the words of the version ``wording``."""
    definition = catalog().get(name)
    since = definition.wording if definition is not None else 1
    return (int(wording) if wording.isdecimal() else 0) < since


def as_worded(wordings: Mapping[str, str]) -> frozenset[str]:
    """Return scopes, given with the version of the words each was allowed in, as what these words opened.

    A scope that told of less then stands as the single claims it opened: nothing widens behind a person's back.
    """
    offered, worded = catalog(), set()
    for name, wording in wordings.items():
        before = offered[name].claims_before if name in offered else None
        if before is not None and is_outdated(name, wording):
            worded |= {CLAIM_PREFIX + claim for claim in before}
        else:
            worded.add(name)
    return frozenset(worded)


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
