"""Signing keys in use: what signs, what is published, and what a token of ours is verified by."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

from django.db import IntegrityError, transaction
from django.utils import timezone

from provider_site import crypto
from provider_site.conf import provider_settings
from provider_site.errors import AlgorithmNotOffered, SignedTokenRefused
from provider_site.models import Registration, SigningKey
from provider_site.signing_settings import ALGORITHMS

PURPOSE = "signing-key"
PUBLISHED = (SigningKey.Status.NEXT, SigningKey.Status.ACTIVE, SigningKey.Status.PREVIOUS)
_KID_LENGTH = 64


@dataclass(frozen=True, slots=True)
class Signer:
    """A key that signs, its private half open in memory."""

    kid: str
    pem: bytes
    alg: crypto.SigningAlgorithm = "RS256"

    def __repr__(self) -> str:
        return f"<Signer {self.kid}>"

    def sign(self, claims: Mapping[str, Any], *, typ: str = "JWT") -> str:
        """Return ``claims`` as a signed JWT."""
        return crypto.sign_jwt(claims, pem=self.pem, kid=self.kid, alg=self.alg, typ=typ)

    def half_hash(self, value: str) -> str:
        """Return what ``at_hash`` says of ``value`` in an ID token that this key signs (OpenID Core 3.1.3.6)."""
        return crypto.half_hash(value, alg=self.alg)


def algorithms() -> tuple[str, ...]:
    """Return what has keys: the algorithms offered, and those that applications chose while they were."""
    offered = provider_settings.signing_algorithms
    return tuple(alg for alg in ALGORITHMS if alg in offered or Registration.objects.filter(id_token_alg=alg).exists())


def signer(alg: str = "RS256") -> Signer:
    """Return the active key of an algorithm; the first keys of all are made at the first call of an installation.

    Raises AlgorithmNotOffered for one that is neither offered nor chosen by an application, and crypto.Unsealable when
    the key ring no longer holds the secret that sealed it.
    """
    active = SigningKey.objects.filter(status=SigningKey.Status.ACTIVE, alg=alg)
    key = active.first()
    if key is None:
        make_first_keys()
        key = active.first()
    if key is None:
        raise AlgorithmNotOffered(f"SIGNING_ALGORITHMS does not offer {alg}")
    return signer_of(key)


def signer_of(key: SigningKey) -> Signer:
    """Return what signs with a key that the caller has read; its private half is opened once per process.

    Raises crypto.Unsealable as ``signer`` does.
    """
    return _opened(key.kid, key.alg, key.sealed_private_key, tuple(provider_settings.key_ring))


@lru_cache(maxsize=32)
def _opened(kid: str, alg: str, sealed: str, key_ring: tuple[str, ...]) -> Signer:
    return Signer(kid=kid, pem=crypto.unseal(sealed, key_ring=key_ring, purpose=PURPOSE), alg=_algorithm(alg))


def make_first_keys() -> list[SigningKey]:
    """Make a key that signs for every algorithm that is to have keys and has none; return those made here.

    Together, so that applications find all of them at once. Of two processes that make them, one wins each.
    """
    active = SigningKey.objects.filter(status=SigningKey.Status.ACTIVE)
    return _make_missing(set(active.values_list("alg", flat=True)), algorithms())


def _make_missing(there: Collection[str], wanted: Collection[str]) -> list[SigningKey]:
    made = []
    for alg in wanted:
        if alg not in there:
            try:
                with transaction.atomic():
                    made.append(new_key(alg, status=SigningKey.Status.ACTIVE))
            except IntegrityError:  # another process made it first
                continue
    return made


def new_key(alg: str, *, status: SigningKey.Status, now: datetime | None = None) -> SigningKey:
    """Make and store a key pair, its private half sealed."""
    pem = crypto.generate_private_key(_algorithm(alg))
    jwk = crypto.public_jwk(pem, alg=_algorithm(alg))
    return SigningKey.objects.create(
        kid=jwk["kid"],
        alg=alg,
        status=status,
        sealed_private_key=crypto.seal(pem, key_ring=provider_settings.key_ring, purpose=PURPOSE),
        public_jwk=jwk,
        activated_at=(now or timezone.now()) if status == SigningKey.Status.ACTIVE else None,
    )


def _algorithm(alg: str) -> crypto.SigningAlgorithm:
    # Of a row or of SIGNING_ALGORITHMS, which know no other.
    return cast(crypto.SigningAlgorithm, alg)


def published_jwks() -> dict[str, Any]:
    """Return the JWK set: the next, active and previous keys, oldest first, never a retired one (RFC 7517 5)."""
    rows = SigningKey.objects.filter(status__in=PUBLISHED).order_by("created", "kid")
    keys = list(rows)
    there = {key.alg for key in keys if key.status == SigningKey.Status.ACTIVE}
    if _make_missing(there, provider_settings.signing_algorithms):
        keys = list(rows.all())
    return {"keys": [crypto.public_members(key.public_jwk) for key in keys]}


def verify(token: str, *, allow_expired: bool = False, typ: str = "JWT", audience: str | None = None) -> dict[str, Any]:
    """Return the claims of a token that this site signed, by the key its ``kid`` names, while that key is published.

    The algorithm is the key's own, whatever the header says, and the issuer ours; ``typ`` is what the header has to
    say, which keeps one kind of token from passing for another: ``"JWT"`` is an ID token. ``allow_expired`` is for
    hints (OpenID Core 3.1.2.1, RP-Initiated Logout 2). Without an ``audience`` that is for the caller to look at.

    Raises SignedTokenRefused.
    """
    try:
        header = crypto.header_of(token)
    except crypto.BadToken as error:
        raise SignedTokenRefused(str(error)) from error
    kid = header.get("kid")
    if header.get("typ") != typ:
        raise SignedTokenRefused("a token of another type")
    # A NUL character is what PostgreSQL does not take.
    if not isinstance(kid, str) or len(kid) > _KID_LENGTH or "\x00" in kid:
        raise SignedTokenRefused("no key is named")
    key = SigningKey.objects.filter(pk=kid, status__in=PUBLISHED).first()
    if key is None:
        raise SignedTokenRefused("the key is not ours, or is retired")
    try:
        return crypto.verify_jwt(
            token,
            jwk=key.public_jwk,
            alg=key.alg,
            issuer=provider_settings.issuer,
            audience=audience,
            allow_expired=allow_expired,
        )
    except crypto.BadToken as error:
        raise SignedTokenRefused(str(error)) from error
