"""The discovery document against what the server does: each member has a proof, and none is published without one.

OpenID Connect Discovery 1.0, RFC 8414. To publish a new member, write what it promises into tests/spec/discovery/.
"""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from provider_site.services import sessions
from tests.provider.driver import ISSUER, ISSUER_HOST, plant_signing_key
from tests.spec.discovery import back_channel, front_channel, sign_out
from tests.spec.discovery.world import PROOFS, World

OPENID = "/.well-known/openid-configuration"
OAUTH = "/.well-known/oauth-authorization-server"
AREAS = (back_channel, front_channel, sign_out)


def published(address: str = OPENID) -> dict[str, Any]:
    """Return the document as anybody reads it."""
    document: dict[str, Any] = Client(headers={"host": ISSUER_HOST}).get(address).json()
    return document


def unproven(document: dict[str, Any]) -> set[str]:
    """Return the members of a document that nothing here tests."""
    return document.keys() - PROOFS.keys()


@pytest.fixture
def world(user: Any, settings: Any) -> World:
    """Return the published document and a person."""
    plant_signing_key()
    return World(published(), user, settings)


@pytest.mark.parametrize("member", sorted(PROOFS))
def test_member_is_what_the_server_does(world: World, member: str) -> None:
    PROOFS[member](world, world.document[member])


def test_every_member_has_a_proof_and_every_proof_a_member(db: None) -> None:
    assert not unproven(published())
    assert not PROOFS.keys() - published().keys()


def test_member_without_a_proof_is_found(db: None) -> None:
    assert unproven(published() | {"registration_endpoint": "x"}) == {"registration_endpoint"}


def test_list_of_more_than_the_server_does_fails_its_proof(world: World) -> None:
    for member, value in world.document.items():
        if isinstance(value, list):
            with pytest.raises((AssertionError, KeyError, ValidationError)):
                PROOFS[member](world, [*value, "unheard-of"])


def test_frame_of_sessions_is_not_published_where_the_host_gives_no_browser_a_state(db: None, settings: Any) -> None:
    """OpenID Session Management 3.3."""
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if name != sessions.MIDDLEWARE]
    assert "check_session_iframe" not in published()


def test_both_documents_agree_at_each_address(db: None, settings: Any) -> None:
    """OpenID Discovery 4.1; RFC 8414 3.1, 5."""
    assert published(OPENID) == published(OAUTH)
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"ISSUER": f"{ISSUER}/tenant"}
    forms = [published(address) for address in (f"/tenant{OPENID}", f"{OPENID}", f"{OAUTH}/tenant", OAUTH)]
    assert all(form == forms[0] for form in forms)
    assert forms[0]["issuer"] == f"{ISSUER}/tenant"
