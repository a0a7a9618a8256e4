"""Take from an OpenID provider's claims what may be kept: what was granted, cleaned, and nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from allauth.socialaccount import app_settings

from consumer_site.openid.metadata import is_endpoint
from consumer_site.profile_fields import one_line

# Which granted scope lets which claims in (OpenID Connect Core section 5.4; nickname and avatar are the house's own).
_CLAIMS = {
    "nickname": ("nickname",),
    "avatar": ("picture",),
    "profile": ("nickname", "name", "preferred_username", "picture"),
    "email": ("email", "email_verified"),
}
_MAX_TEXT = 150
_FINGERPRINT = "sha256-"


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
                clean = one_line(value, limit=_MAX_TEXT)
            if clean:
                kept[name] = clean
    return kept


def uid_of(subject: str) -> str:
    """Return the account's uid: the subject, or its fingerprint where that is longer than allauth's column."""
    # A subject that looks like a fingerprint has one of its own: it must not be the account of the one it stands for.
    if len(subject) <= app_settings.UID_MAX_LENGTH and not subject.startswith(_FINGERPRINT):
        return subject
    return _FINGERPRINT + hashlib.sha256(subject.encode()).hexdigest()
