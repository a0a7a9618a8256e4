"""policy/token_use.py, over every combination of facts."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from provider_site.policy.token_use import Refusal, TokenFacts, refusal

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FLAGS = [name for name in TokenFacts.__dataclass_fields__ if name != "expires_at"]
GOOD = {
    "has_user": True,
    "user_active": True,
    "application_approved": True,
    "voided": False,
    "taken_over": False,
    "authorization_known": True,
    "authorization_revoked": False,
    "consent_open": True,
    "offline": False,
    "session_ended": False,
    "password_changed": False,
}


def facts(*, seconds: int = 60, **changes: bool) -> TokenFacts:
    return TokenFacts(expires_at=NOW + timedelta(seconds=seconds), **(GOOD | changes))


def test_table_names_every_fact() -> None:
    assert set(GOOD) == set(FLAGS)


def test_token_is_accepted_only_when_everything_it_hangs_on_holds() -> None:
    accepted = 0
    for values in itertools.product([False, True], repeat=len(FLAGS)):
        given = dict(zip(FLAGS, values, strict=True))
        if refusal(facts(**given), now=NOW) is None:
            accepted += 1
            assert given["application_approved"]
            assert not given["voided"]
            if given["has_user"]:
                assert given["user_active"]
                assert given["authorization_known"] or given["taken_over"]
                assert not given["authorization_revoked"]
                assert given["consent_open"]
                assert given["offline"] or not given["session_ended"]
                assert not given["password_changed"]
    assert accepted


def test_expired_token_is_refused_whatever_else_holds() -> None:
    for values in itertools.product([False, True], repeat=len(FLAGS)):
        given = dict(zip(FLAGS, values, strict=True))
        assert refusal(facts(seconds=0, **given), now=NOW) is Refusal.EXPIRED


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, None),
        ({"application_approved": False}, Refusal.APPLICATION_NOT_APPROVED),
        ({"voided": True}, Refusal.VOIDED),
        ({"voided": True, "has_user": False, "user_active": False, "authorization_known": False}, Refusal.VOIDED),
        ({"has_user": False, "user_active": False, "authorization_known": False}, None),
        ({"has_user": False, "application_approved": False}, Refusal.APPLICATION_NOT_APPROVED),
        ({"user_active": False}, Refusal.USER_INACTIVE),
        ({"authorization_known": False}, Refusal.AUTHORIZATION_UNKNOWN),
        ({"authorization_known": False, "taken_over": True}, None),
        ({"authorization_known": False, "taken_over": True, "consent_open": False}, Refusal.CONSENT_CLOSED),
        ({"authorization_revoked": True}, Refusal.AUTHORIZATION_REVOKED),
        ({"consent_open": False}, Refusal.CONSENT_CLOSED),
        ({"session_ended": True}, Refusal.SESSION_ENDED),
        ({"session_ended": True, "offline": True}, None),
        ({"password_changed": True, "offline": True}, Refusal.PASSWORD_CHANGED),
    ],
)
def test_each_reason_has_its_name(changes: dict[str, bool], expected: Refusal | None) -> None:
    assert refusal(facts(**changes), now=NOW) is expected


def test_last_moment_is_not_accepted() -> None:
    assert refusal(facts(seconds=0), now=NOW) is Refusal.EXPIRED
    assert refusal(facts(seconds=1), now=NOW) is None
