"""Client secrets: made, shown once, verified fast."""

from __future__ import annotations

import hashlib
import re
import secrets as random_source
from typing import Any

from django.contrib.auth.hashers import identify_hasher
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from provider_site import crypto
from provider_site.models import ClientSecret
from provider_site.services import audit
from provider_site.storage.credentials import new_client_secret

# What DOT's generator makes: 128 letters and digits, far beyond guessing, so a person did not choose it.
_GENERATED_BY_DOT = re.compile(r"[0-9A-Za-z]{64,}\Z")
# The shape of every Django password hash. A stored text of this shape is never itself the secret.
_ENCODED_HASH = re.compile(r"(!|[a-z0-9_]+\$)")


def issue_secret(*, application: Any, name: str = "", actor: Any = None, text: str | None = None) -> str:
    """Give a confidential application a further secret; return its text, which is shown this once and kept nowhere.

    ``text`` brings a secret from elsewhere; it needs at least 32 characters. Raises ValueError for a shorter one.
    """
    secret = text or new_client_secret()
    if len(secret) < 32:
        raise ValueError("a client secret brought from elsewhere needs at least 32 characters")
    with transaction.atomic():
        ClientSecret.objects.create(
            application=application, name=name, digest=crypto.digest(secret), first_characters=secret[:8]
        )
        audit.record(action="secret.issued", actor=actor, application=application, data={"name": name})
    return secret


def close_dot_column(*, application: Any) -> None:
    """Fill DOT's own secret column with the hash of a random text nobody knows, so that no reader accepts anything.

    An empty or unhashed column would be a secret to stock DOT: it compares such a text as it stands.
    """
    salt, nobody_knows = random_source.token_hex(8), random_source.token_bytes(32)
    hashed = hashlib.pbkdf2_hmac("sha256", nobody_knows, salt.encode(), 1).hex()
    type(application).objects.filter(pk=application.pk).update(
        client_secret=f"pbkdf2_sha256$1${salt}${hashed}", hash_client_secret=True
    )
    application.refresh_from_db(fields=["client_secret", "hash_client_secret"])


def verify_secret(*, application: Any, secret: str) -> bool:
    """Tell whether ``secret`` is a live secret of ``application``, in constant time per stored secret.

    An application taken over from stock DOT has its secret in DOT's column until its first use here: then a secret of
    the generator's shape is stored by its fast digest, and one a person may have chosen keeps its slow hash.
    """
    if not secret:
        return False
    stored = list(ClientSecret.objects.filter(application=application).only("pk", "digest", "expires_at", "revoked_at"))
    now = timezone.now()
    live = [row for row in stored if row.revoked_at is None and (row.expires_at is None or now < row.expires_at)]
    for row in live:
        if crypto.matches(secret, row.digest):
            _note_use(row.pk)
            return True
    return _verify_dot_column(application=application, secret=secret)


def _note_use(secret_id: int) -> None:
    """Record the day of the last use; one write a day per secret, not one per request."""
    now = timezone.now()
    stale = Q(last_used_at__isnull=True) | Q(last_used_at__lt=now.replace(hour=0, minute=0, second=0, microsecond=0))
    ClientSecret.objects.filter(stale, pk=secret_id).update(last_used_at=now)


def _verify_dot_column(*, application: Any, secret: str) -> bool:
    stored = application.client_secret
    if not stored:
        return False
    # DOT's flag counts too: a host may have a hasher with a name that the shape does not foresee.
    if not (_ENCODED_HASH.match(stored) or (application.hash_client_secret and "$" in stored)):
        right = constant_time_compare(secret, stored)
    else:
        try:
            # Not check_password: for a hash with few iterations it makes up for them, to hide how old a password is.
            right = identify_hasher(stored).verify(secret, stored)
        except ValueError:  # its hasher left PASSWORD_HASHERS; the hash itself must not become the secret
            return False
    if right and _GENERATED_BY_DOT.match(secret) and application.algorithm != "HS256":
        _upgrade(application=application, secret=secret)
    return right


def _upgrade(*, application: Any, secret: str) -> None:
    with transaction.atomic():
        type(application).objects.select_for_update().get(pk=application.pk)
        if not ClientSecret.objects.filter(application=application, digest=crypto.digest(secret)).exists():
            ClientSecret.objects.create(
                application=application, digest=crypto.digest(secret), first_characters=secret[:4]
            )
            # Or deleting the row above, which revokes the secret, would bring the old hash back into force.
            close_dot_column(application=application)
