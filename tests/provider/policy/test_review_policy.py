"""The life of an application as a table: every state, every step."""

import itertools

import pytest

from provider_site.models import Registration
from provider_site.policy.review import NEED_A_REASON, Step, after, may_serve

STATES = Registration.Status.values
LEADS_TO = {
    ("draft", "submit"): "submitted",
    ("draft", "approve"): "approved",
    ("draft", "suspend"): "suspended",
    ("submitted", "withdraw"): "draft",
    ("submitted", "approve"): "approved",
    ("submitted", "reject"): "rejected",
    ("submitted", "suspend"): "suspended",
    ("approved", "suspend"): "suspended",
    ("rejected", "submit"): "submitted",
    ("rejected", "approve"): "approved",
    ("rejected", "suspend"): "suspended",
    ("suspended", "reinstate"): "approved",
}


@pytest.mark.parametrize(("status", "step"), list(itertools.product(STATES, Step)))
def test_each_step_from_each_state(status: str, step: Step) -> None:
    assert after(status, step, was_approved=True) == LEADS_TO.get((status, str(step)))


@pytest.mark.parametrize(("status", "step"), list(itertools.product(STATES, Step)))
def test_what_was_never_approved_is_not_approved_by_reinstating(status: str, step: Step) -> None:
    expected = "draft" if (status, step) == ("suspended", Step.REINSTATE) else LEADS_TO.get((status, str(step)))
    assert after(status, step) == expected


@pytest.mark.parametrize("status", [None, "", "deleted", "APPROVED"])
@pytest.mark.parametrize("step", Step)
def test_no_step_begins_at_an_unknown_state(status: str, step: Step) -> None:
    assert after(status, step, was_approved=True) is None


def test_only_approve_and_reinstate_lead_to_approved() -> None:
    ways = {step for status in STATES for step in Step if after(status, step, was_approved=True) == "approved"}
    assert ways == {Step.APPROVE, Step.REINSTATE}


def test_people_concerned_read_a_reason() -> None:
    assert {Step.REJECT, Step.SUSPEND} == NEED_A_REASON


@pytest.mark.parametrize(
    ("status", "anyone", "members"),
    [
        ("draft", False, True),
        ("submitted", False, True),
        ("approved", True, True),
        ("rejected", False, True),
        ("suspended", False, False),
        (None, False, False),
        ("", False, False),
        ("unknown", False, False),
    ],
)
def test_whom_each_state_serves(status: str | None, anyone: bool, members: bool) -> None:
    assert may_serve(status=status, is_member=False) is anyone
    assert may_serve(status=status, is_member=True) is members


def test_table_names_every_state() -> None:
    assert set(STATES) == {"draft", "submitted", "approved", "rejected", "suspended"}
