"""OpenID Connect Core 1.0, 8 and 8.1 (subject identifier types), and Registration 1.0, 5."""

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from provider_site.models import PairwiseSubject, Registration
from provider_site.services import sectors
from tests import factories
from tests.provider import sector_host
from tests.provider.driver import ISSUER_HOST, REDIRECT, Driver

OTHER = "https://other.example.com/callback"


@pytest.fixture
def pairwise(driver: Driver, user: Any) -> Driver:
    """Return an application that chose pairwise subjects, and a person's browser."""
    return Driver(factories.make_application(subject_type="pairwise"), user)


def told(driver: Driver) -> str:
    return str(driver.id_token(driver.tokens())["sub"])


def test_both_types_are_in_the_metadata_with_the_claims(driver: Driver) -> None:
    """Discovery 3: subject_types_supported is required; claims_supported is recommended."""
    document = driver.backchannel.get("/.well-known/openid-configuration", headers={"host": ISSUER_HOST}).json()
    assert document["subject_types_supported"] == ["public", "pairwise"]
    assert {"sub", "unionid"} <= set(document["claims_supported"])
    assert "unionid" in document["scopes_supported"]


def test_public_is_the_same_at_every_client(driver: Driver, user: Any) -> None:
    """8: "the same sub (subject) value to all Clients"."""
    other = Driver(factories.make_application(redirect_uris=[OTHER]), user, redirect_uri=OTHER)
    assert told(driver) == told(other)


def test_pairwise_differs_from_client_to_client_and_from_public(pairwise: Driver, driver: Driver, user: Any) -> None:
    """8: "a different sub value to each Client"."""
    registered = factories.make_application(redirect_uris=[OTHER], subject_type="pairwise")
    assert len({told(pairwise), told(Driver(registered, user, redirect_uri=OTHER)), told(driver)}) == 3


def test_pairwise_can_not_be_computed_from_anything_else(pairwise: Driver, user: Any) -> None:
    """8.1: "MUST NOT be reversible by any party other than the OpenID Provider"; ours is random."""
    subject = told(pairwise)
    row = PairwiseSubject.objects.get(subject=subject)
    row.delete()
    assert told(pairwise) != subject
    assert len(subject) <= 255  # 2: sub
    assert subject.isascii()


def test_distinct_people_are_distinct_within_a_sector(pairwise: Driver, other_user: Any) -> None:
    """8.1: "Distinct Sector Identifier values MUST result in distinct Subject Identifier values", as must people."""

    class Registered:
        application, client_secret = pairwise.application, pairwise.secret

    assert told(pairwise) != told(Driver(Registered, other_user))


def test_one_host_is_one_sector(pairwise: Driver, user: Any) -> None:
    """8.1: without a sector_identifier_uri it is "the host component of the registered redirect_uri"."""
    assert told(pairwise) == told(Driver(factories.make_application(subject_type="pairwise"), user))


def test_several_hosts_need_a_sector_identifier_uri(db: None) -> None:
    """8.1: "If there are multiple hostnames ..., the Client MUST register a sector_identifier_uri"."""
    with pytest.raises(ValidationError):
        factories.make_application(redirect_uris=[REDIRECT, OTHER], subject_type="pairwise")


def test_host_of_the_sector_identifier_uri_is_the_sector(
    driver: Driver, user: Any, settings: Any, tmp_path: Path
) -> None:
    """8.1: "a group of websites under common administrative control"; its document lists all of them."""
    with sector_host.publishing(settings, tmp_path) as site:
        site.listed = [REDIRECT, OTHER]
        chosen: dict[str, Any] = {"subject_type": "pairwise", "sector_document": sectors.read(uri=site.uri)}
        one = factories.make_application(redirect_uris=[OTHER], **chosen)
        both = factories.make_application(redirect_uris=[REDIRECT, OTHER], **chosen)
        assert set(Registration.objects.filter(subject_type="pairwise").values_list("sector_identifier")) == {
            ("localhost",)
        }
        assert told(Driver(one, user, redirect_uri=OTHER)) == told(Driver(both, user))
        with pytest.raises(ValidationError):
            factories.make_application(redirect_uris=[REDIRECT, "https://third.example.com/"], **chosen)
    assert len(site.seen) == 1


def test_userinfo_and_refreshed_id_token_name_the_same_subject(pairwise: Driver) -> None:
    """5.3.2: "MUST be verified to exactly match"; 12.2: the new ID token's sub "MUST be the same"."""
    tokens = pairwise.tokens()
    subject = pairwise.id_token(tokens)["sub"]
    assert pairwise.userinfo(tokens.access).json()["sub"] == subject
    refreshed = pairwise.refresh(tokens.refresh)
    assert pairwise.id_token(refreshed)["sub"] == subject
    assert pairwise.userinfo(refreshed.access).json()["sub"] == subject


def test_no_claim_gives_the_subject_of_another_client_away(pairwise: Driver, driver: Driver) -> None:
    """17.3: pairwise subjects are against correlation; nothing else of the ID token is the person's alone."""
    public, tokens = told(driver), pairwise.tokens()
    for claims in (pairwise.id_token(tokens), pairwise.userinfo(tokens.access).json()):
        assert public not in claims.values()
        assert "unionid" not in claims
