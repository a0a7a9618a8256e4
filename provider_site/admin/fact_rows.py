"""An application's reviewed facts as rows of a table: what was approved before, and what is asked for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from provider_site.policy import looks
from provider_site.policy.facts import LISTS, Facts, diff
from provider_site.policy.scopes import Text, catalog
from provider_site.portal.developer.wording import KINDS
from provider_site.services.link_rules import LINKS

NAMES: Mapping[str, Text] = {
    "name": pgettext_lazy("application", "Name"),
    "description": _("Description"),
    "homepage_url": _("Home page"),
    "privacy_policy_url": _("Privacy policy"),
    "terms_url": _("Terms of service"),
    "events_url": _("Address for security events"),
    "backchannel_logout_uri": _("Back-channel logout URI"),
    "frontchannel_logout_uri": _("Front-channel logout URI"),
    "initiate_login_uri": _("Initiate login URI"),
    "logo": _("Logo"),
    "redirect_uris": _("Redirect URI"),
    "post_logout_redirect_uris": _("Redirect URI after sign-out"),
    "allowed_origins": _("Allowed origin"),
    "scopes": _("Scope"),
}
# What only staff decide: no facts, but changed and traced like them.
_OTHERS: Mapping[str, Text] = {
    "first_party": _("Consent not asked"),
    "max_consent_days": _("Longest consent in days"),
    "pkce_waived": _("Sign-in without PKCE"),
    "subject_type": _("Subject identifier"),
    "owner": _("Owner"),
    "language": _("Language"),
    "client_type": _("Client type"),
    "id_token_alg": _("ID tokens are signed with"),
    "access_token_format": _("Access tokens"),
}
_ADDRESSES = frozenset({*LINKS, *LISTS})


@dataclass(frozen=True, slots=True)
class Uri:
    """A URI cut where its host begins and ends, which is what a reviewer looks at.

    ``other_spelling`` is the host's ASCII form where it is written with other letters, and the other way round: two
    hosts that look alike differ there.
    """

    before: str
    host: str
    after: str
    other_spelling: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """One side of a row; ``kind`` says which of the others is filled in: none, text, uri, logo or scope.

    ``hidden`` names the text's characters that nobody sees, ``mixed`` its words of more than one alphabet.
    """

    kind: str = "none"
    text: str = ""
    uri: Uri | None = None
    is_required: bool = False
    lacks_why: bool = False
    title: Text = ""
    hidden: str = ""
    mixed: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One fact, or one entry of a list, on both sides."""

    fact: Text
    kind: str
    kind_name: Text
    before: Cell
    after: Cell


def uri_parts(uri: str) -> Uri:
    """Cut a URI around its host; one without a host (``com.example.app:/``) is cut around its scheme."""
    try:
        parts = urlsplit(uri)
        host = parts.hostname or ""
    except ValueError:
        return Uri("", "", uri)
    if not host:
        return Uri("", parts.scheme, uri[len(parts.scheme) :])
    # Behind a user name that looks like a host; where browsers and Python differ, nothing is called the host.
    authority = uri.find("//") + 2
    start = uri.lower().find(host, authority + len(parts.netloc.rpartition("@")[0]))
    if start < 0 or "\\" in uri:
        return Uri("", "", uri)
    end = start + len(host)
    return Uri(uri[:start], uri[start:end], uri[end:], _other_spelling(host))


def _other_spelling(host: str) -> str:
    try:
        other = host.encode("ascii").decode("idna") if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError:
        return ""
    return other if other != host else ""


def _cell(fact: str, value: str, *, entry: str) -> Cell:
    if not value:
        return Cell()
    if fact in _ADDRESSES:
        return Cell("uri", uri=uri_parts(value))
    if fact == "logo":
        return Cell("logo", text=logo_address(value))
    if fact == "scopes":
        wording: dict[str, Any] = json.loads(value)
        known = catalog().get(entry)
        title = known.title if known is not None else ""
        text = wording["justification"]
        lacks_why = not text and entry != "openid"
        return replace(_text(text), kind="scope", is_required=wording["required"], title=title, lacks_why=lacks_why)
    return _text(value)


def _text(text: str) -> Cell:
    return Cell("text", text=text, hidden=", ".join(looks.hidden(text)), mixed=", ".join(looks.mixed(text)))


def logo_address(key: str) -> str:
    """Return where a logo is shown, or an empty text in a project that leaves that page out."""
    try:
        return reverse("provider_site:logo", args=[key])
    except NoReverseMatch:
        return ""


def rows(before: Facts, after: Facts) -> list[Row]:
    """Return what differs between two sides, in the order of the facts."""
    return [
        Row(
            fact=_named(change.fact, change.entry),
            kind=change.kind.value,
            kind_name=KINDS[change.kind],
            before=_cell(change.fact, change.before, entry=change.entry),
            after=_cell(change.fact, change.after, entry=change.entry),
        )
        for change in diff(before, after)
    ]


def _named(fact: str, entry: str) -> Text:
    return _("Scope %(name)s") % {"name": entry} if fact == "scopes" else NAMES[fact]


def names(facts: Iterable[str]) -> list[Text]:
    """Return the names for people of facts and of what else is changed; what has none keeps its own."""
    return [NAMES.get(fact) or _OTHERS.get(fact, fact) for fact in facts]
