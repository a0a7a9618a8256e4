"""Take from an OpenID provider's claims what may be kept: what was granted, cleaned, and nothing else."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from allauth.socialaccount import app_settings

from consumer_site.openid.metadata import is_endpoint

# Which granted scope lets which claims in (OpenID Connect Core section 5.4; nickname and avatar are the house's own).
_CLAIMS = {
    "nickname": ("nickname",),
    "avatar": ("picture",),
    "profile": ("nickname", "name", "preferred_username", "picture"),
    "email": ("email", "email_verified"),
}
_MAX_TEXT = 150
_FINGERPRINT = "sha256-"
# Controls, lone surrogates and unassigned characters: databases refuse some, and no name needs any.
_DROPPED_CATEGORIES = frozenset({"Cc", "Cs", "Co", "Cn"})
# Marks that turn the writing direction around, also of the page's text that follows the name.
_DIRECTION_MARKS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def clean_text(value: object) -> str:
    """Return one line of text that is safe to store and to show, empty for anything else."""
    if not isinstance(value, str):
        return ""
    kept = (
        character
        for character in value[: 10 * _MAX_TEXT]
        if unicodedata.category(character) not in _DROPPED_CATEGORIES and character not in _DIRECTION_MARKS
    )
    return " ".join("".join(kept).split())[:_MAX_TEXT].strip()


def kept_claims(claims: Mapping[str, Any], *, granted: Iterable[str]) -> dict[str, Any]:
    """Return the claims of the granted scopes that are well formed."""
    kept: dict[str, Any] = {}
    for scope in granted:
        for name in _CLAIMS.get(scope, ()):
            value = claims.get(name)
            if name == "picture":
                clean: Any = value if is_endpoint(value) else ""
            elif name == "email_verified":
                clean = value is True
            else:
                clean = clean_text(value)
            if clean:
                kept[name] = clean
    return kept


def uid_of(subject: str) -> str:
    """Return the account's uid: the subject, or its fingerprint where that is longer than allauth's column."""
    # A subject that looks like a fingerprint has one of its own: it must not be the account of the one it stands for.
    if len(subject) <= app_settings.UID_MAX_LENGTH and not subject.startswith(_FINGERPRINT):
        return subject
    return _FINGERPRINT + hashlib.sha256(subject.encode()).hexdigest()
