"""The life of an application: submitted, withdrawn, approved, rejected, suspended, reinstated; and its changes.

Callers have checked who asks. Every step takes the registration's row lock, checks where the application is now, and
leaves its trace, its signal and its notice in the same transaction.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from provider_site import signals
from provider_site.errors import NotAllowed, ReviewConflict, SeenSomethingElse
from provider_site.models import AuditEvent, Registration, Review
from provider_site.policy import facts as fact_policy
from provider_site.policy import review as policy
from provider_site.policy.facts import Facts
from provider_site.policy.review import Step
from provider_site.services import audit, changes, facts, members, outbox

_Action = AuditEvent.Action
# Submitted, withdrawn and submitted again without end: the reviewers are written to once in so long.
_MAIL_AGAIN_AFTER = timedelta(hours=1)


class Saved(StrEnum):
    """What became of an owner's change."""

    UNCHANGED = "unchanged"
    IN_FORCE = "in_force"
    WAITING = "waiting"


def waiting(*, application: Any) -> Review | None:
    """Return the application's request that waits for a decision, or ``None``."""
    return Review.objects.filter(application=application, decided_at=None).first()


def sides(*, review: Review) -> tuple[Facts, Facts]:
    """Return what was approved before and what is asked for: as decided, or as it is now while the review waits."""
    if review.decided_at is not None:
        return Facts.from_json(review.before), Facts.from_json(review.facts)
    in_force = facts.read(application=review.application)
    return (in_force, Facts.from_json(review.facts)) if review.is_change else (Facts(), in_force)


def missing(*, application: Any, asked: Facts | None = None) -> list[fact_policy.Missing]:
    """Return what the application lacks before it can be submitted; ``asked`` are its facts where they are read."""
    in_force = asked or facts.read(application=application)
    return fact_policy.missing(in_force, grant=application.authorization_grant_type)


def _locked(application: Any) -> Registration:
    """Return the registration under its row lock; a draft is made for an application that has none."""
    # No join: who waited for the lock would read the application as it was before the wait (PostgreSQL).
    rows = Registration.objects.select_for_update().filter(application=application)
    registration = rows.first()
    if registration is None and type(application)._default_manager.filter(pk=application.pk).exists():
        Registration.objects.get_or_create(application=application)
        registration = rows.first()
    if registration is None or registration.deleted_at is not None:
        raise ReviewConflict("the application is being deleted")
    return registration


def _check_impartial(registration: Registration, actor: Any) -> None:
    """Raise NotAllowed for who would decide about what is their own; superusers answer for themselves."""
    if actor is None or getattr(actor, "is_superuser", False):
        return
    if members.is_party(application=registration.application, user=actor):
        raise NotAllowed("nobody reviews an application or a request of their own")


def _check_reason(step: Step, reason: str) -> None:
    if step in policy.NEED_A_REASON and not reason.strip():
        raise ValidationError(
            _("Give a reason: its owners will read it, and after a suspension its users too."), code="reason"
        )


def _step(registration: Registration, step: Step, *, reason: str = "") -> None:
    """Move the registration on. Raises ReviewConflict, or ValidationError where a reason has to be given."""
    target = policy.after(registration.status, step, was_approved=registration.approved_at is not None)
    if target is None:
        raise ReviewConflict(f"{step} does not begin at {registration.status}")
    _check_reason(step, reason)
    now = timezone.now()
    registration.status, registration.status_changed_at = target, now
    registration.status_reason = reason.strip() if step in policy.NEED_A_REASON else ""
    if target == Registration.Status.APPROVED and registration.approved_at is None:
        registration.approved_at = now
    if step in {Step.SUSPEND, Step.REINSTATE}:
        # Also on the way back: a token asked for before the suspension may have been written during it.
        registration.tokens_not_before = now
    registration.save()


@transaction.atomic
def submit(*, application: Any, actor: Any, note: str = "", request: HttpRequest | None = None) -> Review:
    """Ask for the review of an application that was never approved.

    Raises ReviewConflict where it is not a draft or rejected, ValidationError while something is missing.
    """
    registration = _locked(application)
    if lacking := missing(application=registration.application):
        raise ValidationError(_("Something is missing before this can be reviewed."), code=lacking[0])
    _step(registration, Step.SUBMIT)
    return _open_review(registration, actor=actor, asked=Facts(), note=note, is_change=False, request=request)


def _open_review(
    registration: Registration, *, actor: Any, asked: Facts, note: str, is_change: bool, request: HttpRequest | None
) -> Review:
    now = timezone.now()
    withdrawn = Review.objects.filter(application=registration.application, decision=Review.Decision.WITHDRAWN)
    again = withdrawn.filter(submitted_at__gt=now - _MAIL_AGAIN_AFTER).exists()
    review = Review.objects.create(
        application=registration.application,
        facts=asked.to_json() if is_change else {},
        is_change=is_change,
        note=note.strip()[:2000],
        submitted_by=actor,
        submitted_at=now,
    )
    audit.record(
        action=_Action.REVIEW_SUBMITTED,
        actor=actor,
        application=registration.application,
        request=request,
        data={"review": review.pk, "change": is_change},
    )
    signals.review_submitted.send(sender=Review, registration=registration, review=review)
    not_before = now + _MAIL_AGAIN_AFTER if again else None  # of what is withdrawn by then, nothing is written
    outbox.put(kind="review-submitted-mail", payload={"review": review.pk}, not_before=not_before)
    return review


@transaction.atomic
def change(*, application: Any, actor: Any, asked: Facts, note: str = "", request: HttpRequest | None = None) -> Saved:
    """Save an owner's change of the facts: in force at once, or waiting for review where the application is approved.

    What only takes away (an address, a scope) is in force at once too. A later change replaces the one that waits.
    Raises ValidationError by field, and ReviewConflict for a suspended application, whose owners change nothing.
    """
    registration = _locked(application)
    application = registration.application
    if registration.status == Registration.Status.SUSPENDED:
        raise ReviewConflict("a suspended application is not changed by its owners")
    facts.validate(application=application, facts=asked)
    in_force = facts.read(application=application)
    open_review = waiting(application=application)
    is_approved = registration.status == Registration.Status.APPROVED
    before = Facts.from_json(open_review.facts) if is_approved and open_review is not None else in_force
    if not fact_policy.diff(before, asked):
        return Saved.UNCHANGED
    if is_approved and open_review is not None:
        _take_back(registration, open_review, actor=actor, request=request)
    if is_approved and not fact_policy.only_narrows(in_force, asked):
        _open_review(registration, actor=actor, asked=asked, note=note, is_change=True, request=request)
        return Saved.WAITING
    changes.put_in_force(registration=registration, asked=asked, actor=actor, request=request)
    return Saved.IN_FORCE


@transaction.atomic
def withdraw(*, application: Any, actor: Any, request: HttpRequest | None = None) -> None:
    """Take back what waits for review. Raises ReviewConflict when nothing does."""
    registration = _locked(application)
    review = waiting(application=application)
    if review is None:
        raise ReviewConflict("nothing waits for review")
    if not review.is_change:
        _step(registration, Step.WITHDRAW)
    _take_back(registration, review, actor=actor, request=request)


def _take_back(
    registration: Registration,
    review: Review,
    *,
    actor: Any,
    request: HttpRequest | None,
    decision: Review.Decision = Review.Decision.WITHDRAWN,
    reason: str = "",
) -> None:
    """End a review that nobody decided about, with its trace and signal."""
    _close(review, decision, actor=actor, reason=reason)
    audit.record(
        action=_Action.REVIEW_WITHDRAWN,
        actor=actor,
        application=registration.application,
        request=request,
        data={"review": review.pk},
    )
    signals.review_withdrawn.send(sender=Review, registration=registration, review=review)


def _close(review: Review, decision: Review.Decision, *, actor: Any, reason: str) -> None:
    """End a review, and write down what it was about."""
    before, asked = sides(review=review)
    review.before, review.facts = before.to_json(), asked.to_json()
    review.decision, review.reason = decision, reason.strip()
    review.decided_by, review.decided_at = actor, timezone.now()
    review.save()


def compared(*, application: Any) -> tuple[Facts, Facts]:
    """Return the two sides of what waits for review; twice what is in force where nothing waits."""
    review = waiting(application=application)
    if review is not None:
        return sides(review=review)
    in_force = facts.read(application=application)
    return in_force, in_force


def _check_seen(application: Any, seen: str | None) -> None:
    if seen is not None and fact_policy.digest(*compared(application=application)) != seen:
        raise SeenSomethingElse("the facts differ from those the reviewer saw")


@transaction.atomic
def approve(
    *, application: Any, actor: Any, reason: str = "", seen: str | None = None, request: HttpRequest | None = None
) -> None:
    """Approve what waits for review, or an application that was not submitted.

    ``seen`` is ``policy.facts.digest`` of what ``compared`` returned to the reviewer; SeenSomethingElse is raised when
    that is not what is there now. Raises ReviewConflict for a step that does not begin here, NotAllowed to an owner,
    and ValidationError for a change that is not possible any more.
    """
    registration = _locked(application)
    _check_impartial(registration, actor)
    review = waiting(application=registration.application)
    _check_seen(registration.application, seen)
    is_change = review is not None and review.is_change
    if is_change and registration.status != Registration.Status.APPROVED:
        raise ReviewConflict(f"a change of an application that is {registration.status}")
    asked = sides(review=review)[1] if review is not None else None
    if review is not None:
        _close(review, Review.Decision.APPROVED, actor=actor, reason=reason)
    if is_change and asked is not None:
        changes.put_in_force(registration=registration, asked=asked, actor=actor, request=request)
    else:
        _step(registration, Step.APPROVE, reason=reason)
    _tell(
        registration,
        _Action.CHANGE_APPROVED if is_change else _Action.APPLICATION_APPROVED,
        signals.application_approved,
        actor=actor,
        reason=reason,
        request=request,
        review=review,
    )


@transaction.atomic
def reject(
    *, application: Any, actor: Any, reason: str, seen: str | None = None, request: HttpRequest | None = None
) -> None:
    """Reject what waits for review; an application that is approved stays so without the change.

    Raises ValidationError without a reason, ReviewConflict when nothing waits, SeenSomethingElse and NotAllowed as
    ``approve``.
    """
    registration = _locked(application)
    _check_impartial(registration, actor)
    review = waiting(application=registration.application)
    if review is None:
        raise ReviewConflict("nothing waits for review")
    _check_seen(registration.application, seen)
    _check_reason(Step.REJECT, reason)
    _close(review, Review.Decision.REJECTED, actor=actor, reason=reason)
    if not review.is_change:
        _step(registration, Step.REJECT, reason=reason)
    _tell(
        registration,
        _Action.CHANGE_REJECTED if review.is_change else _Action.APPLICATION_REJECTED,
        signals.application_rejected,
        actor=actor,
        reason=reason,
        request=request,
        review=review,
    )


@transaction.atomic
def suspend(*, application: Any, actor: Any, reason: str, request: HttpRequest | None = None) -> None:
    """Switch an application off: it serves nobody, and every token it has is dead from this commit on, for good.

    Its users read ``reason``. Raises ValidationError without one, ReviewConflict when it is suspended already.
    """
    registration = _locked(application)
    _step(registration, Step.SUSPEND, reason=reason)
    if (review := waiting(application=application)) is not None:
        ended = Review.Decision.ENDED
        _take_back(registration, review, actor=actor, decision=ended, reason=reason, request=request)
    _tell(
        registration,
        _Action.APPLICATION_SUSPENDED,
        signals.application_suspended,
        actor=actor,
        reason=reason,
        request=request,
    )
    _delete_tokens_later(registration)


@transaction.atomic
def reinstate(*, application: Any, actor: Any, reason: str = "", request: HttpRequest | None = None) -> None:
    """Switch a suspended application on again; people sign in anew.

    Raises ReviewConflict when it is not suspended, NotAllowed to an owner.
    """
    registration = _locked(application)
    _check_impartial(registration, actor)
    _step(registration, Step.REINSTATE, reason=reason)
    _tell(
        registration,
        _Action.APPLICATION_REINSTATED,
        signals.application_reinstated,
        actor=actor,
        reason=reason,
        request=request,
    )
    _delete_tokens_later(registration)  # also those written during the suspension by who had read "approved" before


def _delete_tokens_later(registration: Registration) -> None:
    """Let what stock DOT reads follow in the background: it may be a million rows."""
    outbox.put(kind="revoke-application-tokens", payload={"application": str(registration.application_id)})


def _tell(
    registration: Registration,
    action: AuditEvent.Action,
    signal: Any,
    *,
    actor: Any,
    reason: str,
    request: HttpRequest | None,
    **details: Review | None,
) -> None:
    """Leave the trace of a decision, send its signal, and write to the owners."""
    data: dict[str, Any] = {"reason": reason.strip()} if reason.strip() else {}
    if (review := details.get("review")) is not None:
        data["review"] = review.pk
    audit.record(action=action, actor=actor, application=registration.application, request=request, data=data)
    signal.send(sender=Registration, registration=registration, reason=reason.strip(), **details)
    payload = {"registration": registration.pk, "action": action, "reason": reason.strip()}
    outbox.put(kind="review-decided-mail", payload=payload)
