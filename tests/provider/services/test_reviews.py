"""services/reviews.py: each step of an application's life, who may take it, and the trace it leaves."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import ValidationError

from provider_site import signals
from provider_site.errors import NotAllowed, ReviewConflict, SeenSomethingElse
from provider_site.models import AuditEvent, Member, OutboxMessage, Registration, Review
from provider_site.policy.facts import Facts, ScopeRequest, digest
from provider_site.services import facts, members, outbox, reviews
from tests import factories

NEW_URI = "https://new.example.com/callback"
STATUS_BEFORE = {
    "submit": ("draft", "rejected"),
    "approve": ("draft", "submitted", "rejected"),
    "reject": ("submitted",),
    "suspend": ("draft", "submitted", "approved", "rejected"),
    "reinstate": ("suspended",),
    "withdraw": ("submitted",),
}


@pytest.fixture
def application(db: None) -> Any:
    """Return a draft with everything a reviewer asks for."""
    return factories.make_draft(name="Calendar").application


@pytest.fixture
def owner(application: Any) -> Any:
    return application.registration.owner


@pytest.fixture
def reviewer(db: None) -> Any:
    return factories.make_user("reviewer")


@pytest.fixture
def heard() -> Iterator[list[str]]:
    """Collect the names of the signals that are sent."""
    names: list[str] = []
    ours = {
        name: getattr(signals, name)
        for name in dir(signals)
        if name.startswith(("application_", "review_", "member_")) or name == "audit_recorded"
    }
    receivers = {name: lambda name=name, **_facts: names.append(name) for name in ours}
    for name, receiver in receivers.items():
        ours[name].connect(receiver)
    yield names
    for name, receiver in receivers.items():
        ours[name].disconnect(receiver)


def status(application: Any) -> str:
    return str(Registration.objects.get(application=application).status)


def approved(application: Any, reviewer: Any) -> Any:
    reviews.approve(application=application, actor=reviewer)
    return application


def wider(application: Any) -> Facts:
    now = facts.read(application=application)
    return replace(now, redirect_uris=(*now.redirect_uris, NEW_URI))


def seen_now(application: Any) -> str:
    return digest(*reviews.compared(application=application))


def sent() -> list[Any]:
    outbox.deliver_due()
    return mail.outbox


def bring_to(application: Any, wanted: str, owner: Any, reviewer: Any) -> None:
    """Lead a draft to a state by the steps themselves."""
    if wanted in {"submitted", "rejected"}:
        reviews.submit(application=application, actor=owner)
    if wanted == "rejected":
        reviews.reject(application=application, actor=reviewer, reason="No.")
    if wanted == "approved":
        reviews.approve(application=application, actor=reviewer)
    if wanted == "suspended":
        reviews.suspend(application=application, actor=reviewer, reason="Spam.")


def take(step: str, application: Any, owner: Any, reviewer: Any) -> None:
    actor = owner if step in {"submit", "withdraw"} else reviewer
    reason = {"reason": "Because."} if step in {"reject", "suspend"} else {}
    getattr(reviews, step)(application=application, actor=actor, **reason)


@pytest.mark.parametrize("step", STATUS_BEFORE)
@pytest.mark.parametrize("begin", Registration.Status.values)
def test_step_begins_where_it_may_and_nowhere_else(
    application: Any, owner: Any, reviewer: Any, step: str, begin: str
) -> None:
    bring_to(application, begin, owner, reviewer)
    events = AuditEvent.objects.count()
    if begin in STATUS_BEFORE[step]:
        take(step, application, owner, reviewer)
        assert status(application) != begin
        return
    with pytest.raises(ReviewConflict):
        take(step, application, owner, reviewer)
    assert status(application) == begin
    assert AuditEvent.objects.count() == events


class TestTrace:
    @pytest.mark.parametrize(
        ("begin", "step", "action", "signal", "writes_to_owner"),
        [
            ("draft", "submit", "review.submitted", "review_submitted", False),
            ("submitted", "withdraw", "review.withdrawn", "review_withdrawn", False),
            ("submitted", "approve", "application.approved", "application_approved", True),
            ("submitted", "reject", "application.rejected", "application_rejected", True),
            ("approved", "suspend", "application.suspended", "application_suspended", True),
            ("suspended", "reinstate", "application.reinstated", "application_reinstated", True),
        ],
    )
    def test_each_step_is_audited_signalled_and_mailed(
        self,
        application: Any,
        owner: Any,
        reviewer: Any,
        heard: list[str],
        begin: str,
        step: str,
        action: str,
        signal: str,
        writes_to_owner: bool,
    ) -> None:
        bring_to(application, begin, owner, reviewer)
        sent().clear()
        heard.clear()
        take(step, application, owner, reviewer)
        event = AuditEvent.objects.order_by("-pk")[0]
        assert (event.action, event.application) == (action, application)
        assert event.actor == (owner if step in {"submit", "withdraw"} else reviewer)
        assert heard == ["audit_recorded", signal]
        to_owner = [message for message in sent() if message.to == [owner.email]]
        assert len(to_owner) == writes_to_owner
        if step in {"reject", "suspend"}:
            assert event.data["reason"] == "Because."
            assert "Because." in to_owner[0].body

    def test_reviewers_are_told_of_what_waits(self, application: Any, owner: Any, settings: Any) -> None:
        settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"REVIEW_ADDRESSES": ["review@example.com"]}
        reviews.submit(application=application, actor=owner, note="Please be quick.")
        (message,) = sent()
        assert message.to == ["review@example.com"]
        assert "Please be quick." in message.body

    def test_reviewers_are_not_told_of_what_was_taken_back(self, application: Any, owner: Any, settings: Any) -> None:
        settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"REVIEW_ADDRESSES": ["review@example.com"]}
        reviews.submit(application=application, actor=owner)
        reviews.withdraw(application=application, actor=owner)
        assert sent() == []

    def test_co_owner_is_written_to_and_a_tester_is_not(self, application: Any, owner: Any, reviewer: Any) -> None:
        for role in Member.Role:
            person = factories.make_user(f"the-{role}")
            row = members.invite(application=application, identifier=person.username, role=role, actor=owner)
            members.accept(member_id=row.pk, user=person)
        sent().clear()
        reviews.approve(application=application, actor=reviewer)
        assert {message.to[0] for message in sent()} == {owner.email, "the-owner@example.com"}

    def test_name_with_a_line_break_adds_no_header(self, application: Any, owner: Any, reviewer: Any) -> None:
        type(application).objects.update(name="Calendar\nBcc: everybody@example.com")
        reviews.approve(application=application, actor=reviewer)
        (message,) = sent()
        assert message.recipients() == [owner.email]
        assert "\n" not in message.subject


class TestReasons:
    @pytest.mark.parametrize("reason", ["", "  ", "\n\t"])
    @pytest.mark.parametrize(("begin", "step"), [("submitted", "reject"), ("approved", "suspend")])
    def test_people_concerned_get_one(
        self, application: Any, owner: Any, reviewer: Any, begin: str, step: str, reason: str
    ) -> None:
        bring_to(application, begin, owner, reviewer)
        with pytest.raises(ValidationError) as caught:
            getattr(reviews, step)(application=application, actor=reviewer, reason=reason)
        assert caught.value.code == "reason"
        assert status(application) == begin

    def test_reason_is_kept_while_it_holds(self, application: Any, owner: Any, reviewer: Any) -> None:
        reviews.suspend(application=application, actor=reviewer, reason=" It sends spam. ")
        assert Registration.objects.get(application=application).status_reason == "It sends spam."
        reviews.reinstate(application=application, actor=reviewer)
        assert Registration.objects.get(application=application).status_reason == ""


class TestWhoDecides:
    @pytest.mark.parametrize("by", ["owner", "co-owner"])
    @pytest.mark.parametrize(
        ("begin", "step"), [("submitted", "approve"), ("submitted", "reject"), ("suspended", "reinstate")]
    )
    def test_nobody_decides_about_an_application_of_their_own(
        self, application: Any, owner: Any, reviewer: Any, begin: str, step: str, by: str
    ) -> None:
        judge = owner
        if by == "co-owner":
            judge = factories.make_user()
            row = members.invite(application=application, identifier=judge.username, role="owner", actor=owner)
            members.accept(member_id=row.pk, user=judge)
        bring_to(application, begin, owner, reviewer)
        with pytest.raises(NotAllowed):
            take(step, application, owner, judge)
        assert status(application) == begin

    def test_superuser_answers_for_themselves(self, db: None) -> None:
        root = factories.make_staff()
        own = factories.make_application(root, status="draft").application
        reviews.approve(application=own, actor=root)
        assert status(own) == "approved"

    def test_invited_co_owner_who_has_not_accepted_is_no_owner(
        self, application: Any, owner: Any, reviewer: Any
    ) -> None:
        members.invite(application=application, identifier=reviewer.username, role="owner", actor=owner)
        reviews.approve(application=application, actor=reviewer)
        assert status(application) == "approved"


class TestSubmission:
    def test_what_is_missing_is_named(self, application: Any, owner: Any) -> None:
        Registration.objects.update(privacy_policy_url="")
        with pytest.raises(ValidationError) as caught:
            reviews.submit(application=application, actor=owner)
        assert caught.value.code == "privacy_policy_url"
        assert status(application) == "draft"
        assert not Review.objects.exists()

    def test_decision_writes_down_what_was_looked_at(self, application: Any, owner: Any, reviewer: Any) -> None:
        reviews.submit(application=application, actor=owner)
        shown = facts.read(application=application)
        reviews.approve(application=application, actor=reviewer, seen=seen_now(application))
        reviews.change(application=application, actor=owner, asked=replace(shown, redirect_uris=(NEW_URI,)))
        review = Review.objects.get(decision="approved")
        assert reviews.sides(review=review) == (Facts(), shown)
        assert (review.decided_by, review.is_change) == (reviewer, False)

    def test_approval_of_something_else_than_was_seen_is_refused(
        self, application: Any, owner: Any, reviewer: Any
    ) -> None:
        reviews.submit(application=application, actor=owner)
        seen = seen_now(application)
        reviews.change(application=application, actor=owner, asked=wider(application))
        for step, more in ((reviews.approve, {}), (reviews.reject, {"reason": "No."})):
            with pytest.raises(SeenSomethingElse):
                step(application=application, actor=reviewer, seen=seen, **more)
        assert status(application) == "submitted"
        reviews.approve(application=application, actor=reviewer, seen=seen_now(application))
        assert status(application) == "approved"

    def test_rejected_application_can_be_bettered_and_submitted_again(
        self, application: Any, owner: Any, reviewer: Any
    ) -> None:
        bring_to(application, "rejected", owner, reviewer)
        assert reviews.change(application=application, actor=owner, asked=wider(application)) == "in_force"
        reviews.submit(application=application, actor=owner)
        assert Review.objects.filter(decided_at=None).count() == 1
        assert status(application) == "submitted"


class TestSuspension:
    def test_application_without_registration_becomes_a_suspended_draft(self, application: Any, reviewer: Any) -> None:
        Registration.objects.all().delete()
        reviews.suspend(application=type(application).objects.get(), actor=reviewer, reason="Unknown.")
        assert status(application) == "suspended"

    @pytest.mark.parametrize(
        ("begin", "end"), [("approved", "approved"), ("submitted", "draft"), ("rejected", "draft")]
    )
    def test_reinstated_is_what_it_had_earned(
        self, application: Any, owner: Any, reviewer: Any, begin: str, end: str
    ) -> None:
        bring_to(application, begin, owner, reviewer)
        reviews.suspend(application=application, actor=reviewer, reason="Spam.")
        reviews.reinstate(application=application, actor=reviewer)
        assert status(application) == end

    def test_what_waited_is_over(self, application: Any, owner: Any, reviewer: Any, heard: list[str]) -> None:
        approved(application, reviewer)
        reviews.change(application=application, actor=owner, asked=wider(application))
        heard.clear()
        reviews.suspend(application=application, actor=reviewer, reason="Spam.")
        assert Review.objects.get(is_change=True).decision == "ended"
        assert "review_withdrawn" in heard
        with pytest.raises(ReviewConflict):
            reviews.change(application=application, actor=owner, asked=wider(application))

    def test_never_reviewed_facts_are_not_put_in_force_by_reinstating(
        self, application: Any, owner: Any, reviewer: Any
    ) -> None:
        approved(application, reviewer)
        before = facts.read(application=application)
        reviews.change(application=application, actor=owner, asked=wider(application))
        reviews.suspend(application=application, actor=reviewer, reason="Spam.")
        reviews.reinstate(application=application, actor=reviewer)
        assert facts.read(application=application) == before

    def test_rows_of_stock_dot_follow_both_ways(self, application: Any, reviewer: Any) -> None:
        reviews.suspend(application=application, actor=reviewer, reason="Spam.")
        reviews.reinstate(application=application, actor=reviewer)
        kinds = list(OutboxMessage.objects.values_list("kind", flat=True))
        assert kinds.count("revoke-application-tokens") == 2


def test_scope_needs_its_words(application: Any, owner: Any) -> None:
    now = facts.read(application=application)
    asked = replace(now, scopes={**now.scopes, "nickname": ScopeRequest()})
    reviews.change(application=application, actor=owner, asked=asked)
    with pytest.raises(ValidationError) as caught:
        reviews.submit(application=application, actor=owner)
    assert caught.value.code == "justification"
