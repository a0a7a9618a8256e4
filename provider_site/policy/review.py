"""The life of an application: which step leads where, and whom each state serves."""

from __future__ import annotations

from enum import StrEnum

from provider_site.models import Registration

_Status = Registration.Status


class Step(StrEnum):
    """What owners and reviewers do to an application."""

    SUBMIT = "submit"
    WITHDRAW = "withdraw"
    APPROVE = "approve"
    REJECT = "reject"
    SUSPEND = "suspend"
    REINSTATE = "reinstate"


_STEPS: dict[Step, dict[str, str]] = {
    Step.SUBMIT: {_Status.DRAFT: _Status.SUBMITTED, _Status.REJECTED: _Status.SUBMITTED},
    Step.WITHDRAW: {_Status.SUBMITTED: _Status.DRAFT},
    Step.APPROVE: dict.fromkeys((_Status.DRAFT, _Status.SUBMITTED, _Status.REJECTED), _Status.APPROVED),
    Step.REJECT: {_Status.SUBMITTED: _Status.REJECTED},
    Step.SUSPEND: dict.fromkeys(
        (_Status.DRAFT, _Status.SUBMITTED, _Status.APPROVED, _Status.REJECTED), _Status.SUSPENDED
    ),
    Step.REINSTATE: {_Status.SUSPENDED: _Status.APPROVED},
}
# Whose decision people have to be able to read.
NEED_A_REASON = frozenset({Step.REJECT, Step.SUSPEND})


def after(status: str, step: Step, *, was_approved: bool = False) -> str | None:
    """Return the state ``step`` leads to from ``status``, or ``None`` where it does not begin there.

    Whatever was never approved goes back to being a draft when it is reinstated.
    """
    target = _STEPS[step].get(status)
    if step is Step.REINSTATE and target is not None and not was_approved:
        return _Status.DRAFT
    return target


def may_serve(*, status: str | None, is_member: bool) -> bool:
    """Tell whether an application may be used by a person: approved by anyone, unapproved by those who build or try it.

    ``status`` is ``None`` without a registration, which counts as a draft of nobody's. A suspended one serves nobody.
    """
    if status == _Status.APPROVED:
        return True
    return is_member and status in {_Status.DRAFT, _Status.SUBMITTED, _Status.REJECTED}
