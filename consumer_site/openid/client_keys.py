"""Keys by which this site proves itself to OpenID providers (private_key_jwt), and what is published of them.

A key is published when it is made, signs from the next day on, so that no provider's copy of the set lacks it, and is
published until it is retired. The first key of an algorithm signs at once: there is no other.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa_key
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from consumer_site.errors import NotConfigured
from consumer_site.models import ClientKey
from consumer_site.vault import UnsealError, cipher

PUBLISHED_AHEAD = timedelta(days=1)
ROTATE_AFTER = timedelta(days=90)
# For how long a key that signs no more is still published, counted from when its successor began: assertions live a
# minute.
KEPT_AFTER = timedelta(days=1)
_RSA_BITS = 2048
# The smallest first; where a provider takes several, that of the newest key counts.
ALGORITHMS = ("ES256", "EdDSA", "PS256", "RS256")
# The members of a key that its fingerprint covers (RFC 7638 section 3.2, RFC 8037 section 2).
_FINGERPRINTED = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}

_MAKERS: dict[str, Callable[[], Any]] = {
    "ES256": lambda: generate_ec_key(SECP256R1()),
    "EdDSA": Ed25519PrivateKey.generate,
    "PS256": lambda: generate_rsa_key(65537, _RSA_BITS),
    "RS256": lambda: generate_rsa_key(65537, _RSA_BITS),
}
_WRITERS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "ES256": lambda key: ECAlgorithm.to_jwk(key, as_dict=True),
    "EdDSA": lambda key: OKPAlgorithm.to_jwk(key, as_dict=True),
    "PS256": lambda key: RSAAlgorithm.to_jwk(key, as_dict=True),
    "RS256": lambda key: RSAAlgorithm.to_jwk(key, as_dict=True),
}


class KeyInUse(Exception):
    """The key still signs, and has no successor that could."""


@sensitive_variables()
def make(*, algorithm: str = "ES256", now: datetime | None = None) -> ClientKey:
    """Make a key and publish it; raise ValueError for an algorithm unknown here."""
    if algorithm not in _MAKERS:
        raise ValueError(f"no such algorithm: {algorithm}")
    private = _MAKERS[algorithm]()
    public = _WRITERS[algorithm](private.public_key())
    public.pop("key_ops", None)
    kid = _fingerprint(public)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    key = ClientKey(kid=kid, algorithm=algorithm, public_jwk={**public, "kid": kid, "alg": algorithm, "use": "sig"})
    key.sealed = cipher.seal(pem, binding=key.binding)
    key.save()
    if now is not None:
        ClientKey.objects.filter(pk=key.pk).update(created_at=now)
        key.created_at = now
    return key


def current(*, algorithms: Collection[str], now: datetime | None = None) -> ClientKey | None:
    """Return the key that signs where one of `algorithms` is wanted, None where there is none."""
    keys = ClientKey.objects.filter(retired_at=None, algorithm__in=algorithms).order_by("-created_at", "-pk")
    known_since = (now or timezone.now()) - PUBLISHED_AHEAD
    return keys.filter(created_at__lte=known_since).first() or keys.last()


@transaction.atomic
def retire(*, kid: str, force: bool = False, now: datetime | None = None) -> ClientKey:
    """Publish and use a key no more, and delete its private half.

    Raise ClientKey.DoesNotExist, or KeyInUse for one that signs unless forced.
    """
    now = now or timezone.now()
    key = ClientKey.objects.select_for_update().get(kid=kid)
    if key.retired_at is None:
        if not force and current(algorithms=[key.algorithm], now=now) == key:
            raise KeyInUse(kid)
        # Nothing is signed by it again: what can't be opened can't leak.
        key.retired_at, key.sealed = now, ""
        key.save(update_fields=["retired_at", "sealed"])
    return key


@transaction.atomic
def rotate(
    *, algorithm: str = "ES256", older_than: timedelta = ROTATE_AFTER, now: datetime | None = None
) -> tuple[list[ClientKey], list[ClientKey]]:
    """Make a successor where the newest key is older than `older_than`, retire those long succeeded; return both.

    Safe to run as often as one likes, from cron.
    """
    now = now or timezone.now()
    newest = ClientKey.objects.filter(retired_at=None, algorithm=algorithm).order_by("-created_at", "-pk").first()
    made = [make(algorithm=algorithm, now=now)] if newest is None or newest.created_at <= now - older_than else []
    signing = current(algorithms=[algorithm], now=now)
    retired = []
    if signing is not None and signing.created_at + PUBLISHED_AHEAD + KEPT_AFTER <= now:
        earlier = ClientKey.objects.filter(retired_at=None, algorithm=algorithm, created_at__lt=signing.created_at)
        retired = [retire(kid=key.kid, now=now) for key in earlier]
    return made, retired


def published() -> dict[str, Any]:
    """Return the set of public keys (RFC 7517 section 5)."""
    return {"keys": [key.public_jwk for key in ClientKey.objects.filter(retired_at=None).order_by("pk")]}


@sensitive_variables()
def private_key(key: ClientKey) -> PrivateKeyTypes:
    """Return what signs; raise NotConfigured when no key of the ring opens it. Parsed once per process."""
    try:
        return _parsed(key.sealed, key.binding)
    except (UnsealError, ImproperlyConfigured, ValueError):
        raise NotConfigured("the client key can't be opened: was its secret taken out of KEY_RING?") from None


@lru_cache(maxsize=16)
@sensitive_variables()
def _parsed(sealed: str, binding: str) -> PrivateKeyTypes:
    return load_pem_private_key(cipher.unseal(sealed, binding=binding).encode(), password=None)


def _fingerprint(public: dict[str, Any]) -> str:
    """Return the key's name, which is its fingerprint (RFC 7638)."""
    members = {name: public[name] for name in _FINGERPRINTED[public["kty"]]}
    text = json.dumps(members, sort_keys=True, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(hashlib.sha256(text).digest()).rstrip(b"=").decode()
