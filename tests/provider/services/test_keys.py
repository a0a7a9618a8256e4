"""services/keys.py."""

from typing import Any

import jwt
import pytest

from provider_site import crypto
from provider_site.models import AuditEvent, SigningKey
from provider_site.services import keys


def statuses() -> list[str]:
    return sorted(SigningKey.objects.values_list("status", flat=True))


def published() -> set[str]:
    return {key["kid"] for key in keys.published_jwks()["keys"]}


def test_first_use_makes_one_key_that_is_published(db: None) -> None:
    signer = keys.signer()
    assert published() == {signer.kid}
    assert keys.signer().kid == signer.kid
    assert statuses() == ["active"]


def test_first_rotation_only_publishes(db: None) -> None:
    active = keys.signer()
    following = keys.rotate()
    assert keys.signer().kid == active.kid
    assert published() == {active.kid, following.kid}


def test_second_rotation_lets_the_published_key_sign_and_the_old_one_verify(db: None) -> None:
    old = keys.signer()
    token = old.sign({"sub": "s"})
    following = keys.rotate()
    keys.rotate()
    assert keys.signer().kid == following.kid
    assert statuses() == ["active", "next", "previous"]
    jwks = jwt.PyJWKSet.from_dict(keys.published_jwks())
    assert jwt.decode(token, jwks[old.kid], algorithms=["RS256"]) == {"sub": "s"}


def test_retired_key_is_published_no_more(db: None) -> None:
    keys.signer()
    for _time in range(3):
        keys.rotate()
    previous = SigningKey.objects.filter(status="previous").order_by("created").first()
    assert previous is not None
    SigningKey.objects.filter(pk=previous.pk).update(status="retired")
    assert previous.kid not in published()


def test_rotation_is_in_the_audit_trail(db: None, staff: Any) -> None:
    following = keys.rotate(actor=staff)
    event = AuditEvent.objects.get(action="key.rotated")
    assert (event.actor, event.data) == (staff, {"published": following.kid})


def test_private_half_is_sealed_and_in_no_representation(db: None) -> None:
    signer = keys.signer()
    row = SigningKey.objects.get()
    assert "PRIVATE" not in row.sealed_private_key
    assert not {"d", "p", "q"} & row.public_jwk.keys()
    for text in (repr(signer), str(signer), repr(row), str(row)):
        assert "PRIVATE" not in text
        assert row.sealed_private_key not in text


def test_new_secret_in_the_ring_opens_the_old_key(db: None, settings: Any) -> None:
    kid = keys.signer().kid
    ring = settings.PROVIDER_SITE["KEY_RING"]
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"KEY_RING": ["n" * 40, *ring]}
    assert keys.signer().kid == kid
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"KEY_RING": ["n" * 40]}
    with pytest.raises(crypto.Unsealable):
        keys.signer()
