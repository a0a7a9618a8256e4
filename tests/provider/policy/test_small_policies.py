"""policy/claims.py, lifetimes.py, review.py and scopes.py."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_site.models import Registration
from provider_site.policy import claims, lifetimes, review, scopes

NOW = datetime(2026, 1, 1, tzinfo=UTC)
EVERYTHING = claims.Person(
    subject="s",
    unionid="u",
    nickname="n",
    picture="https://p",
    given_name="g",
    family_name="f",
    name="n",
    preferred_username="u",
    email="e@example.com",
    email_verified=False,
    updated_at=NOW,
    middle_name="m",
    profile="https://p.example",
    website="https://w.example",
    gender="g",
    birthdate="1990",
    zoneinfo="Europe/Berlin",
    locale="de",
    phone_number="+4930123456",
    address={"formatted": "a", "country": "DE", "region": ""},
)


@given(names=st.lists(st.sampled_from([*scopes.catalog(), "unheard-of"])))
def test_claims_are_those_of_the_scopes_and_the_subject(names: list[str]) -> None:
    allowed = {claim for name in names if name in scopes.catalog() for claim in scopes.catalog()[name].claims}
    assert claims.for_scopes(EVERYTHING, names).keys() == allowed | {"sub"}


def test_what_is_not_known_is_not_sent() -> None:
    assert claims.for_scopes(claims.Person(subject="s"), scopes.catalog()) == {"sub": "s"}


def test_unverified_address_is_said_to_be_so() -> None:
    assert claims.for_scopes(EVERYTHING, ["email"])["email_verified"] is False


@given(lifetime=st.timedeltas(timedelta(0), timedelta(days=999)), rest=st.timedeltas(timedelta(0), timedelta(days=999)))
def test_token_ends_with_the_first_of_its_life_and_the_consent(lifetime: timedelta, rest: timedelta) -> None:
    end = lifetimes.bounded_end(now=NOW, lifetime=lifetime, consent_ends_at=NOW + rest)
    assert end == NOW + min(lifetime, rest)
    assert lifetimes.bounded_end(now=NOW, lifetime=lifetime, consent_ends_at=None) == NOW + lifetime


@pytest.mark.parametrize("status", [*Registration.Status, None, "unheard-of"])
@pytest.mark.parametrize("is_member", [False, True])
def test_application_serves_all_when_approved_and_its_owner_before_review(status: Any, is_member: bool) -> None:
    expected = status == "approved" or (is_member and status in {"draft", "submitted", "rejected"})
    assert review.may_serve(status=status, is_member=is_member) is expected


@given(names=st.lists(st.sampled_from([*scopes.catalog(), "unheard-of"])))
def test_scopes_are_serialized_once_each_in_the_catalogues_order(names: list[str]) -> None:
    expected = [name for name in scopes.catalog() if name in names]
    assert scopes.serialize(names).split() == expected == scopes.in_order(reversed(names))


def test_scope_of_the_settings_joins_the_catalogue(settings: Any) -> None:
    extra = {"calendar": {"title": "Calendar", "claims": ["calendar_url"]}}
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"SCOPES": extra}
    assert list(scopes.catalog())[-1] == "calendar"
    assert "calendar_url" in claims.supported()
