"""The values an app is told by a scope, in words: for the consent page before, and for the connected app after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _

from provider_site.policy import claims
from provider_site.policy.claims import Person
from provider_site.policy.scopes import WORDING_VERSION, as_worded

CLAIM_NAMES = {
    "nickname": _("Nickname"),
    "name": _("Name"),
    "given_name": _("Given name"),
    "family_name": _("Family name"),
    "preferred_username": _("User name"),
    "middle_name": _("Middle name"),
    "email": _("E-mail address"),
    "email_verified": _("Verified"),
    "phone_number": _("Phone number"),
    "phone_number_verified": _("Verified"),
    "address": _("Postal address"),
    "profile": _("Page about you"),
    "website": _("Website"),
    "gender": _("Gender"),
    "birthdate": _("Birthday"),
    "zoneinfo": _("Time zone"),
    "locale": _("Language"),
}
# The rest of the claims is either a picture or not for eyes: `sub` is a random text, `updated_at` a number.
_SHOWN_CLAIMS = {*CLAIM_NAMES, "picture"}
_KNOWN = {*_SHOWN_CLAIMS, "sub", "unionid", "updated_at"}
# What people write on the page of their profile; their name and e-mail address are the account's.
_OF_THE_PROFILE = {
    *("nickname", "picture", "middle_name", "profile", "website", "gender", "birthdate", "zoneinfo", "locale"),
    *("phone_number", "address"),
}


@dataclass(frozen=True, slots=True)
class SharedValues:
    """What one scope tells of a person: labels with their values, and the address of a picture or an empty text.

    ``empty``: the scope would tell something of the person, but nothing of it is known; ``settable``: they can say
    it in their profile.
    """

    values: list[tuple[Any, Any]]
    picture: str
    empty: bool
    settable: bool


def of_scope(person: Person, name: str, *, wording: str = WORDING_VERSION) -> SharedValues:
    """Return what the scope ``name``, one of the catalogue, tells of ``person``, as the words of ``wording`` say."""
    worded = as_worded({name: wording})
    shared = claims.for_scopes(person, worded)
    opens = _SHOWN_CLAIMS & claims.opened(worded)
    labels = {**CLAIM_NAMES, **_of_the_host(person, shared)}
    return SharedValues(
        values=[(label, _in_words(shared[claim])) for claim, label in labels.items() if claim in shared],
        picture="" if "picture" in labels else shared.get("picture", ""),
        empty=bool(opens) and not opens & shared.keys(),
        settable=bool(opens & _OF_THE_PROFILE),
    )


def _of_the_host(person: Person, shared: Mapping[str, Any]) -> dict[str, Any]:
    """Return labels of what only the host knows: by the claim's own name; and of a picture that is kept elsewhere.

    Its address is shown, not the picture: a page of ours loads nothing from other sites.
    """
    own = {name: name for name in shared if name in person.of_the_host and name not in _KNOWN}
    return own | ({"picture": _("Picture")} if "picture" in shared and "picture" in person.of_the_host else {})


def _in_words(value: Any) -> Any:
    """Return a value as people read it, of any claim of a host's too."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, Mapping):  # an address, in lines
        lines = str(value["formatted"]).splitlines() if "formatted" in value else map(str, value.values())
        # Each of its own direction: a line in Arabic would otherwise take the numbers beside it along.
        return format_html_join(", ", "<bdi>{}</bdi>", ((line,) for line in lines))
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return value
