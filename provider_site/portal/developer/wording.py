"""An application's facts, and what differs between two sets of them, in words for its developers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from provider_site.models import Registration
from provider_site.policy import sectors
from provider_site.policy.facts import Change, Facts, Kind, Missing, ScopeRequest
from provider_site.policy.scopes import ScopeDefinition, catalog
from provider_site.services import subjects

FACTS: dict[str, Any] = {
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
    "redirect_uris": _("Redirect URIs"),
    "post_logout_redirect_uris": _("Redirect URIs after sign-out"),
    "allowed_origins": _("Allowed origins"),
    "scopes": _("What it asks for"),
}

KINDS: dict[Kind, Any] = {Kind.ADDED: _("new"), Kind.REMOVED: _("removed"), Kind.CHANGED: _("changed")}

_MISSING: dict[Missing, tuple[Any, str]] = {
    Missing.DESCRIPTION: (_("A description: one sentence that tells people what it does"), "id_description"),
    Missing.HOMEPAGE: (_("The address of its home page"), "id_homepage_url"),
    Missing.PRIVACY_POLICY: (_("The address of its privacy policy"), "id_privacy_policy_url"),
    Missing.REDIRECT_URI: (_("A redirect URI"), "id_redirect_uris"),
    Missing.SCOPES: (_("At least one thing it asks for"), "scopes"),
    Missing.JUSTIFICATION: (_("What it needs each thing for that it asks for"), "scopes"),
}


@dataclass(frozen=True, slots=True)
class ChangeInWords:
    """One difference as a page shows it; ``logos`` are keys, before and after."""

    fact: Any
    kind: str
    kind_in_words: Any
    before: Any
    after: Any
    is_logo: bool = False


@dataclass(frozen=True, slots=True)
class AskedScope:
    """One scope an application asks for, in words."""

    name: str
    title: Any
    required: bool
    justification: str


def subject(registration: Registration) -> Any:
    """Return by what the application knows people."""
    if registration.subject_type == Registration.SubjectType.LEGACY:
        return _("The key of their account, as before this site took the application over")
    if registration.subject_type == Registration.SubjectType.PUBLIC:
        return _("The same identifier as other applications (public)")
    sector = subjects.sector_of(registration=registration)
    if sectors.is_own(sector):
        return _("An identifier that no other application is given (pairwise)")
    return _("An identifier that only applications on %(host)s are given (pairwise)") % {"host": sector}


def missing(found: Iterable[Missing]) -> list[tuple[Any, str]]:
    """Return what is missing in words, each with the id of the form's part that it belongs to."""
    return [_MISSING[one] for one in found]


def changes(found: Iterable[Change], before: Facts, after: Facts) -> list[ChangeInWords]:
    """Return differences in words."""
    return [_change(one, before, after) for one in found]


def _change(change: Change, before: Facts, after: Facts) -> ChangeInWords:
    old: Any = change.before
    new: Any = change.after
    fact = FACTS[change.fact]
    if change.fact == "scopes":
        old, new = _scope(before.scopes.get(change.entry)), _scope(after.scopes.get(change.entry))
        definition = catalog().get(change.entry)
        fact = definition.title if definition is not None else change.entry
    return ChangeInWords(fact, change.kind, KINDS[change.kind], old, new, is_logo=change.fact == "logo")


def _scope(scope: ScopeRequest | None) -> Any:
    if scope is None:
        return ""
    wish = _("required") if scope.required else _("optional")
    if not scope.justification:
        return wish
    return _("%(wish)s: %(justification)s") % {"wish": wish, "justification": scope.justification}


def scopes(facts: Facts) -> list[AskedScope]:
    """Return what an application asks for, in the catalogue's order; one no longer offered by its name alone, last."""
    known = catalog()
    names = [name for name in known if name in facts.scopes] + [name for name in facts.scopes if name not in known]
    return [_asked(name, known.get(name), facts.scopes[name]) for name in names]


def _asked(name: str, definition: ScopeDefinition | None, wanted: ScopeRequest) -> AskedScope:
    title = definition.title if definition is not None else name
    return AskedScope(name, title, wanted.required or name == "openid", wanted.justification)
