"""How somebody signed in, what that is worth, and when they have to prove it anew."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from provider_site.policy import authentication
from provider_site.policy.authentication import Demand, Situation
from provider_site.sign_in_settings import MULTI_FACTOR, PHISHING_RESISTANT, SINGLE_FACTOR

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
PASSWORD = {"method": "password", "at": 1.0}
TOTP = {"method": "mfa", "type": "totp"}
KEY = {"method": "mfa", "type": "webauthn"}
PASSKEY = KEY | {"passwordless": True}


@pytest.mark.parametrize(
    ("records", "amr", "reached"),
    [
        ([PASSWORD], ["pwd"], (SINGLE_FACTOR,)),
        ([PASSWORD, PASSWORD], ["pwd"], (SINGLE_FACTOR,)),
        ([PASSWORD, TOTP], ["mfa", "otp", "pwd"], (MULTI_FACTOR, SINGLE_FACTOR)),
        ([PASSWORD, {"method": "mfa", "type": "recovery_codes"}], ["mfa", "otp", "pwd"], (MULTI_FACTOR, SINGLE_FACTOR)),
        ([PASSWORD, KEY], ["mfa", "pop", "pwd"], (PHISHING_RESISTANT, MULTI_FACTOR, SINGLE_FACTOR)),
        ([PASSKEY], ["mfa", "pop"], (PHISHING_RESISTANT, MULTI_FACTOR, SINGLE_FACTOR)),
        ([KEY], ["pop"], (PHISHING_RESISTANT, SINGLE_FACTOR)),
        ([{"method": "socialaccount", "provider": "qq"}], [], ()),
        ([], [], ()),
    ],
)
def test_records_become_methods_and_contexts(records: list[Any], amr: list[str], reached: tuple[str, ...]) -> None:
    assert authentication.methods(records) == amr
    assert authentication.contexts(amr) == reached


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ([], MULTI_FACTOR),
        ([SINGLE_FACTOR], SINGLE_FACTOR),
        ([PHISHING_RESISTANT, SINGLE_FACTOR, MULTI_FACTOR], SINGLE_FACTOR),
        (["urn:unheard"], MULTI_FACTOR),
    ],
)
def test_client_is_told_the_first_context_it_wanted_or_the_strongest(wanted: list[str], told: str) -> None:
    assert authentication.context(["pwd", "otp"], wanted=wanted) == told


def test_nothing_is_claimed_of_a_sign_in_nothing_is_known_of() -> None:
    assert authentication.context([], wanted=[SINGLE_FACTOR]) == ""


NEW = Situation(signed_in=True, session_ended=False, auth_time=NOON - timedelta(hours=1), began=NOON, resumed=False)
# Back from the sign-in page, just proven.
PROVEN = replace(NEW, resumed=True, auth_time=NOON)


@pytest.mark.parametrize(
    ("situation", "demand"),
    [
        (NEW, None),
        (replace(NEW, signed_in=False), Demand.SIGNED_OUT),
        (replace(NEW, session_ended=True), Demand.SESSION_ENDED),
        (replace(NEW, login_asked=True), Demand.LOGIN_ASKED),
        (replace(NEW, login_asked=True, resumed=True), Demand.LOGIN_ASKED),
        (replace(PROVEN, login_asked=True), None),
        # A sign-in of this very second counts only for who was asked for it.
        (replace(NEW, login_asked=True, auth_time=NOON), Demand.LOGIN_ASKED),
        (replace(NEW, max_age=3600), None),
        (replace(NEW, max_age=3599), Demand.TOO_OLD),
        (replace(NEW, max_age=0), Demand.TOO_OLD),
        (replace(PROVEN, max_age=0), None),
        (replace(NEW, wanted_person=True), None),
        (replace(NEW, wanted_person=False), Demand.OTHER_PERSON),
        (replace(PROVEN, wanted_person=False), Demand.OTHER_PERSON),
        (replace(NEW, wanted_contexts=[MULTI_FACTOR], amr=["pwd"]), Demand.STRONGER),
        (replace(NEW, wanted_contexts=[MULTI_FACTOR, SINGLE_FACTOR], amr=["pwd"]), None),
        (replace(NEW, wanted_contexts=["urn:unheard"], amr=["pop", "mfa"]), Demand.STRONGER),
        (replace(NEW, wanted_contexts=[SINGLE_FACTOR]), Demand.STRONGER),
        # The first reason is the one that is named.
        (replace(NEW, login_asked=True, max_age=0, wanted_person=False), Demand.LOGIN_ASKED),
    ],
)
def test_first_reason_to_sign_in_is_named(situation: Situation, demand: Demand | None) -> None:
    assert authentication.demand(situation) is demand


def test_proof_counts_for_the_request_it_was_given_for() -> None:
    assert PROVEN.proven_since
    assert not replace(PROVEN, resumed=False).proven_since
    assert not replace(PROVEN, auth_time=NOON - timedelta(seconds=1)).proven_since
    assert not replace(PROVEN, signed_in=False).proven_since
