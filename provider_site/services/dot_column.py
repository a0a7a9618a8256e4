"""The one secret stock DOT keeps in its own column: closed for our applications, taken over with care."""

from __future__ import annotations

import hashlib
import re
import secrets as random_source
from datetime import datetime
from typing import Any

from django.contrib.auth.hashers import identify_hasher
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from provider_site import crypto
from provider_site.models import AuditEvent, ClientSecret, OutboxMessage
from provider_site.services import audit, outbox, slow_hashes

# What DOT's generator makes: 128 letters and digits, far beyond guessing, so a person did not choose it.
_GENERATED_BY_DOT = re.compile(r"[0-9A-Za-z]{64,}\Z")
# The shape of every Django password hash. A stored text of this shape is never itself the secret.
_ENCODED_HASH = re.compile(r"(!|[a-z0-9_]+\$)")
# What ``close`` writes. No hasher of anybody's makes one iteration with a digest in hex.
_CLOSED = re.compile(r"pbkdf2_sha256\$1\$[0-9a-f]{16}\$[0-9a-f]{64}\Z")
_CLOSING = "close-legacy-secret"


def close(*, application: Any) -> None:
    """Fill DOT's own secret column with the hash of a random text nobody knows, so that no reader accepts anything.

    An empty or unhashed column would be a secret to stock DOT: it compares such a text as it stands.
    """
    salt, nobody_knows = random_source.token_hex(8), random_source.token_bytes(32)
    hashed = hashlib.pbkdf2_hmac("sha256", nobody_knows, salt.encode(), 1).hex()
    type(application).objects.filter(pk=application.pk).update(
        client_secret=f"pbkdf2_sha256$1${salt}${hashed}", hash_client_secret=True
    )
    application.refresh_from_db(fields=["client_secret", "hash_client_secret"])


def close_later(*, application: Any, at: datetime) -> None:
    """Let the secret in the column end at a time to come; there is no room for a date in DOT's row."""
    payload = {"application": str(application.pk), "at": at.isoformat()}
    outbox.put(kind=_CLOSING, payload=payload, not_before=at)


@outbox.deliverer(_CLOSING)
def _close_now(payload: dict[str, Any]) -> None:
    from provider_site.services.applications import application_model  # noqa: PLC0415  it needs this module first

    with transaction.atomic():
        application = application_model().objects.select_for_update().filter(pk=payload["application"]).first()
        if application is not None and not _CLOSED.match(application.client_secret):
            close(application=application)
            data = {"legacy": True, "reason": "rotated"}
            audit.record(action=AuditEvent.Action.SECRET_REVOKED, application=application, data=data)


def ends_at(*, application: Any) -> datetime | None:
    """Return when the secret in the column ends by a rotation, or ``None``."""
    rows = OutboxMessage.objects.filter(kind=_CLOSING, delivered_at=None, payload__application=str(application.pk))
    return min((datetime.fromisoformat(row.payload["at"]) for row in rows), default=None)


def is_open(*, application: Any) -> bool:
    """Tell whether the column may hold a secret that works: one of stock DOT's, neither upgraded nor ended."""
    stored = application.client_secret
    if not stored or _CLOSED.match(stored):
        return False
    # The date decides, not how soon the outbox gets to it.
    end = ends_at(application=application)
    return end is None or timezone.now() < end


def verify(*, application: Any, secret: str, is_guess: bool = True) -> bool:
    """Tell whether ``secret`` is the one in the column; one of the generator's shape is stored anew, by a fast digest.

    One a person may have chosen keeps its slow hash. ``is_guess`` counts against the application's budget of guesses,
    as whatever strangers send has to.
    """
    if not is_open(application=application):
        return False
    stored = application.client_secret
    # DOT's flag counts too: a host may have a hasher with a name that the shape does not foresee.
    if not (_ENCODED_HASH.match(stored) or (application.hash_client_secret and "$" in stored)):
        right = constant_time_compare(secret, stored)
    else:
        try:
            hasher = identify_hasher(stored)
            # Not check_password: for a hash with few iterations it makes up for them, to hide how old a password is.
            right = slow_hashes.verify(
                application=application,
                stored=stored,
                secret=secret,
                by_hash=lambda: hasher.verify(secret, stored),
                is_guess=is_guess,
            )
        except ValueError:  # its hasher left PASSWORD_HASHERS; the hash itself must not become the secret
            return False
    if right and _GENERATED_BY_DOT.match(secret) and application.algorithm != "HS256":
        _upgrade(application=application, secret=secret)
    return right


def _upgrade(*, application: Any, secret: str) -> None:
    with transaction.atomic():
        locked = type(application).objects.select_for_update().get(pk=application.pk)
        # Revoked between the comparison and the lock: it must not come back as a row.
        if locked.client_secret != application.client_secret:
            return
        if not ClientSecret.objects.filter(application=application, digest=crypto.digest(secret)).exists():
            ClientSecret.objects.create(
                application=application,
                digest=crypto.digest(secret),
                first_characters=secret[:4],
                expires_at=ends_at(application=application),
            )
            # Or revoking the row above would bring the old hash back into force.
            close(application=application)
