"""Signing keys: made, published, used, rotated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone

from provider_site import crypto
from provider_site.conf import provider_settings
from provider_site.models import AuditEvent, SigningKey
from provider_site.services import audit

_PURPOSE = "signing-key"
_PUBLISHED = (SigningKey.Status.NEXT, SigningKey.Status.ACTIVE, SigningKey.Status.PREVIOUS)


@dataclass(frozen=True, slots=True)
class Signer:
    """A key that signs, its private half open in memory."""

    kid: str
    pem: bytes

    def __repr__(self) -> str:
        return f"<Signer {self.kid}>"

    def sign(self, claims: Mapping[str, Any], *, typ: str = "JWT") -> str:
        """Return ``claims`` as a signed JWT."""
        return crypto.sign_jwt(claims, pem=self.pem, kid=self.kid, typ=typ)


def signer() -> Signer:
    """Return the active key, made at the first call of an installation.

    Raises crypto.Unsealable when the key ring no longer holds the secret that sealed it.
    """
    key = SigningKey.objects.filter(status=SigningKey.Status.ACTIVE, alg="RS256").first()
    if key is None:
        key = _first_key()
    pem = crypto.unseal(key.sealed_private_key, key_ring=provider_settings.key_ring, purpose=_PURPOSE)
    return Signer(kid=key.kid, pem=pem)


def _first_key() -> SigningKey:
    try:
        with transaction.atomic():
            return _new_key(status=SigningKey.Status.ACTIVE)
    except IntegrityError:  # another process made it first
        return SigningKey.objects.get(status=SigningKey.Status.ACTIVE, alg="RS256")


def _new_key(*, status: SigningKey.Status) -> SigningKey:
    pem = crypto.generate_private_key()
    jwk = crypto.public_jwk(pem)
    return SigningKey.objects.create(
        kid=jwk["kid"],
        alg="RS256",
        status=status,
        sealed_private_key=crypto.seal(pem, key_ring=provider_settings.key_ring, purpose=_PURPOSE),
        public_jwk=jwk,
        activated_at=timezone.now() if status == SigningKey.Status.ACTIVE else None,
    )


def published_jwks() -> dict[str, Any]:
    """Return the JWK set: the next, active and previous keys, never a retired one (RFC 7517 5)."""
    if not SigningKey.objects.filter(status=SigningKey.Status.ACTIVE).exists():
        _first_key()
    keys = SigningKey.objects.filter(status__in=_PUBLISHED).order_by("created")
    return {"keys": [key.public_jwk for key in keys]}


def rotate(*, actor: Any = None, request: HttpRequest | None = None) -> SigningKey:
    """Move one step: the next key signs, the active one only verifies, and a new next key is published.

    Without a next key yet, only publishes one: a key is in the JWK set before it signs. Returns the key published.
    """
    with transaction.atomic():
        keys = SigningKey.objects.select_for_update()
        following = keys.filter(status=SigningKey.Status.NEXT).order_by("created").first()
        if following is not None:
            now = timezone.now()
            keys.filter(status=SigningKey.Status.ACTIVE).update(status=SigningKey.Status.PREVIOUS)
            SigningKey.objects.filter(pk=following.pk).update(status=SigningKey.Status.ACTIVE, activated_at=now)
        published = _new_key(status=SigningKey.Status.NEXT)
        data = {"published": published.kid}
        audit.record(action=AuditEvent.Action.KEY_ROTATED, actor=actor, request=request, data=data)
    return published
