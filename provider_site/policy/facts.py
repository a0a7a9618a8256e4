"""The facts of an application that a reviewer approves, and what differs between two sets of them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from provider_site.policy import grants, redirect

# Where the application is called, or opened by people, without their having begun anything there.
CALLED = ("events_url", "backchannel_logout_uri", "frontchannel_logout_uri", "initiate_login_uri")
TEXTS = ("name", "description", "homepage_url", "privacy_policy_url", "terms_url", *CALLED, "logo")
# Not the logo: a picture drawn anew is no other application, and reviewers see it.
_IDENTITY = ("name", "homepage_url", "privacy_policy_url", "terms_url")
LISTS = ("redirect_uris", "post_logout_redirect_uris", "allowed_origins")
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")


def can_be_stored(text: str) -> bool:
    """Tell whether a database keeps the text; PostgreSQL refuses NUL and halves of surrogate pairs, which JSON has."""
    return _UNSTORABLE.search(text) is None


@dataclass(frozen=True, slots=True)
class ScopeRequest:
    """One scope an application wants: whether it can work without it, and what it needs it for."""

    required: bool = False
    justification: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything of an application that people are shown or that decides where their data goes.

    ``logo`` is the key of a Logo row, or empty. URIs are in the order the developer wrote them.
    """

    name: str = ""
    description: str = ""
    homepage_url: str = ""
    privacy_policy_url: str = ""
    terms_url: str = ""
    events_url: str = ""
    backchannel_logout_uri: str = ""
    frontchannel_logout_uri: str = ""
    initiate_login_uri: str = ""
    logo: str = ""
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    scopes: Mapping[str, ScopeRequest] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the facts as JSON values: texts, lists of texts, and scopes by name."""
        values = {name: getattr(self, name) for name in TEXTS}
        lists = {name: list(getattr(self, name)) for name in LISTS}
        return {**values, **lists, "scopes": {name: asdict(scope) for name, scope in self.scopes.items()}}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Facts:
        """Return the facts that ``to_json`` wrote; what is missing is empty, what is unknown is left out."""
        texts = {name: str(values.get(name, "")) for name in TEXTS}
        lists = {name: tuple(values.get(name, ())) for name in LISTS}
        scopes = {
            name: ScopeRequest(bool(scope.get("required")), str(scope.get("justification", "")))
            for name, scope in values.get("scopes", {}).items()
        }
        return cls(**texts, **lists, scopes=scopes)  # type: ignore[arg-type]  # each name has its type above


class Kind(StrEnum):
    """What happened to one entry of a fact."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: which fact, and its text before and after (empty where there was or is none).

    ``fact`` is the field's name of ``Facts``; ``entry`` names the URI or scope within a list, else it is empty.
    """

    fact: str
    kind: Kind
    before: str = ""
    after: str = ""
    entry: str = ""


def diff(before: Facts, after: Facts) -> list[Change]:
    """Return what differs, in the order of the fields; the order within a list counts for nothing."""
    changes = [
        Change(name, _kind(old, new), old, new)
        for name in TEXTS
        if (old := getattr(before, name)) != (new := getattr(after, name))
    ]
    for name in LISTS:
        old_entries, new_entries = getattr(before, name), getattr(after, name)
        gone = [entry for entry in dict.fromkeys(old_entries) if entry not in new_entries]
        come = [entry for entry in dict.fromkeys(new_entries) if entry not in old_entries]
        changes += [Change(name, Kind.REMOVED, before=entry, entry=entry) for entry in gone]
        changes += [Change(name, Kind.ADDED, after=entry, entry=entry) for entry in come]
    return changes + _scope_changes(before.scopes, after.scopes)


def _kind(old: str, new: str) -> Kind:
    if not old:
        return Kind.ADDED
    return Kind.CHANGED if new else Kind.REMOVED


def _scope_changes(before: Mapping[str, ScopeRequest], after: Mapping[str, ScopeRequest]) -> list[Change]:
    changes = []
    for name in [*before, *(name for name in after if name not in before)]:
        old, new = before.get(name), after.get(name)
        if new is None:
            changes.append(Change("scopes", Kind.REMOVED, before=_wording(old), entry=name))
        elif old is None:
            changes.append(Change("scopes", Kind.ADDED, after=_wording(new), entry=name))
        elif old != new:
            changes.append(Change("scopes", Kind.CHANGED, before=_wording(old), after=_wording(new), entry=name))
    return changes


def _wording(scope: ScopeRequest | None) -> str:
    if scope is None:
        return ""
    return json.dumps({"required": scope.required, "justification": scope.justification}, ensure_ascii=False)


def only_narrows(before: Facts, after: Facts) -> bool:
    """Tell whether every change takes something away: an address or a scope removed, or no longer required.

    Such a change needs no review, so that a developer can close a hole at once.
    """
    for change in diff(before, after):
        if change.fact in {*LISTS, *CALLED, "scopes"} and change.kind is Kind.REMOVED:
            continue
        if change.fact == "scopes" and change.kind is Kind.CHANGED:
            old, new = before.scopes[change.entry], after.scopes[change.entry]
            if new.justification == old.justification and old.required and not new.required:
                continue
        return False
    return True


def digest(before: Facts, after: Facts) -> str:
    """Return a text that stands for exactly this change: a reviewer's approval names what was looked at."""
    both = json.dumps([before.to_json(), after.to_json()], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(both.encode()).hexdigest()


class Missing(StrEnum):
    """What an application lacks before it can be submitted for review."""

    DESCRIPTION = "description"
    HOMEPAGE = "homepage_url"
    PRIVACY_POLICY = "privacy_policy_url"
    REDIRECT_URI = "redirect_uris"
    SCOPES = "scopes"
    JUSTIFICATION = "justification"


def missing(facts: Facts, *, grant: str = grants.AUTHORIZATION_CODE) -> list[Missing]:
    """Return what a reviewer would ask for first; a machine that acts for itself and a device need no redirect URI.

    ``openid`` needs no justification: it only says that somebody signs in.
    """
    signs_in = grants.signs_in(grant)
    found = [
        (not facts.description, Missing.DESCRIPTION),
        (not facts.homepage_url, Missing.HOMEPAGE),
        (signs_in and not facts.privacy_policy_url, Missing.PRIVACY_POLICY),
        (grants.needs_redirect_uri(grant) and not facts.redirect_uris, Missing.REDIRECT_URI),
        (signs_in and not facts.scopes, Missing.SCOPES),
        (
            any(not scope.justification for name, scope in facts.scopes.items() if name != "openid"),
            Missing.JUSTIFICATION,
        ),
    ]
    return [name for lacks, name in found if lacks]


def identity(facts: Facts, *, owner: str) -> dict[str, Any]:
    """Return what a person goes by when they allow something, as JSON values: who asks, and where their data goes.

    ``owner`` is the key of the account that answers for the application, empty where nobody does. ``hosts`` are the
    origins of the redirect URIs. A description or a justification may be reworded without a question.
    """
    texts = {name: getattr(facts, name) for name in _IDENTITY}
    return {**texts, "owner": owner, "hosts": sorted({redirect.origin(uri) for uri in facts.redirect_uris})}


def identity_changes(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return the names of what differs to the person; a host taken away is nothing to ask about.

    ``then`` is empty in a consent older than this record: nothing is known to have changed.
    """
    if not then:
        return []
    changed = [name for name in _IDENTITY if then.get(name, "") != now.get(name, "")]
    # Another account, or none: its makers may have sold it. A name of the same account is only a name.
    if then.get("owner", now.get("owner")) != now.get("owner"):
        changed.append("owner")
    if set(now.get("hosts", ())) - set(then.get("hosts", ())):
        changed.append("hosts")
    return changed
