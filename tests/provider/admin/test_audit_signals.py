"""Live the whole life of an application: each step leaves its trace and sends its signals."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.dispatch import Signal
from django.utils import timezone
from oauth2_provider.models import get_access_token_model

from provider_site import signals
from provider_site.models import (
    ApplicationScope,
    AuditEvent,
    ClientSecret,
    Consent,
    Member,
    Registration,
    ResourceServer,
    Session,
)
from provider_site.services import (
    audit_export,
    consent_support,
    consents,
    deletion,
    facts,
    first_party,
    key_life,
    keys,
    logout,
    members,
    personal_data,
    resource_servers,
    reviews,
    revocation,
    secrets,
    unused,
)
from tests import factories
from tests.provider.driver import Driver, plant_signing_key

A = AuditEvent.Action
OF_NO_APPLICATION = {
    *(A.KEY_ROTATED, A.KEY_RETIRED, A.AUDIT_EXPORTED, A.SESSION_ENDED),
    *(A.ACCOUNT_DEACTIVATED, A.ACCOUNT_DELETED, A.PERSON_EXPORTED, A.PERSON_ERASED),
}


@contextmanager
def heard(signal: Signal) -> Iterator[list[dict[str, Any]]]:
    """Collect what a signal brings meanwhile."""
    calls: list[dict[str, Any]] = []

    def listen(**kwargs: Any) -> None:
        calls.append(kwargs)

    signal.connect(listen, weak=False)
    try:
        yield calls
    finally:
        signal.disconnect(listen)


class Life:
    """One application, its owner, who joins, who signs in, and who decides."""

    def __init__(self) -> None:
        self.owner, self.friend, self.judge = (factories.make_user(name) for name in ("ada", "grace", "judith"))
        self.step: dict[str, Any] = {"actor": self.judge, "reason": "As it is."}
        plant_signing_key()

    def register(self) -> None:
        made = factories.make_application(
            self.owner, status="draft", description="Greets", homepage_url="https://a.example/"
        )
        self.made, self.application = made, made.application
        self.driver = Driver(made, self.friend)
        Registration.objects.update(privacy_policy_url="https://a.example/p")
        ApplicationScope.objects.update(justification="To greet people.")

    def change(self, description: str) -> None:
        asked = replace(facts.read(application=self.application), description=description)
        reviews.change(application=self.application, actor=self.owner, asked=asked)

    def submit(self) -> None:
        reviews.submit(application=self.application, actor=self.owner)

    def withdraw(self) -> None:
        reviews.withdraw(application=self.application, actor=self.owner)

    def decide(self, decision: Callable[..., None]) -> None:
        decision(application=self.application, **self.step)

    def invite(self) -> None:
        role = Member.Role.TESTER
        members.invite(application=self.application, identifier="grace", role=role, actor=self.owner)

    def accept(self) -> None:
        members.accept(member_id=Member.objects.get().pk, user=self.friend)

    def remove(self) -> None:
        members.remove(member=Member.objects.get(), actor=self.owner)

    def issue(self) -> None:
        secrets.issue_secret(application=self.application, actor=self.owner)

    def rotate(self) -> None:
        overlap = timedelta(days=1)
        self.driver.secret = secrets.rotate(application=self.application, actor=self.owner, overlap=overlap)

    def revoke_secret(self) -> None:
        secrets.revoke(secret=ClientSecret.objects.order_by("pk")[0], actor=self.owner)

    def allow(self) -> None:
        self.tokens = self.driver.tokens()

    def refuse(self) -> None:
        self.driver.consent(self.driver.authorize(prompt="consent"), decision="deny")

    def revoke_token(self) -> None:
        rows = get_access_token_model().objects.all()
        revocation.revoke(access=list(rows), actor=self.judge)

    def take_back(self) -> None:
        consents.withdraw(user=self.friend, application=self.application)

    def narrow(self) -> None:
        consents.narrow(user=self.friend, application=self.application, scopes=["nickname"])

    def sign_out(self) -> None:
        consents.sign_out(user=self.friend, application=self.application)

    def decide_not_to_ask(self) -> None:
        first_party.set_first_party(application=self.application, actor=self.judge, value=True, reason="It is ours.")

    def sign_in_unasked(self) -> None:
        visitor = Driver(self.made, self.judge)
        visitor.code()

    def end_for_the_person(self) -> None:
        consent = Consent.objects.get(user=self.judge)
        consent_support.end_consent(consent=consent, actor=self.judge, reason="They asked us to.")

    def end_unused(self) -> None:
        long_ago = timezone.now() - timedelta(days=400)
        seen = {"given_at": long_ago, "last_used_at": long_ago, "unused_warned_at": long_ago}
        Consent.objects.create(user=self.friend, application=self.application, scope="openid", **seen)
        assert unused.end_unused() == 1

    def deactivate(self) -> None:
        self.friend.is_active = False
        self.friend.save()

    def export_person(self) -> None:
        assert "grace" in "".join(personal_data.export(user=self.friend, actor=self.judge))

    def delete_person(self) -> None:
        deletion.delete_person(user=factories.make_user(), actor=self.judge)

    def erase_person(self) -> None:
        personal_data.erase(user=self.friend, actor=self.judge)

    def rotate_keys(self) -> None:
        key_life.rotate(algorithms=["RS256"], actor=self.judge)

    def open_to_resource_server(self) -> None:
        row = ResourceServer(application=self.application, identifier="https://api.example.com", scope="openid")
        resource_servers.save(row=row, actor=self.judge)

    def end_session(self) -> None:
        row = Session.objects.filter(ended_at=None).latest("created")
        assert logout.end_by_administrator(session=row, actor=self.judge)

    def distrust_keys(self) -> None:
        key_life.distrust(kids=[keys.signer().kid], actor=self.judge)

    def export(self) -> None:
        audit_export.export(events=AuditEvent.objects.all(), file_format="csv", actor=self.judge)

    def delete(self) -> None:
        deletion.delete_application(application=self.application, actor=self.owner)

    def steps(self) -> list[tuple[AuditEvent.Action, Signal | None, Callable[[], None]]]:
        """Return each step with the action it records and the signal of its own, if it has one."""
        s = signals
        return [
            (A.APPLICATION_REGISTERED, s.application_registered, self.register),
            (A.APPLICATION_CHANGED, s.application_changed, lambda: self.change("Greets you")),
            (A.REVIEW_SUBMITTED, s.review_submitted, self.submit),
            (A.REVIEW_WITHDRAWN, s.review_withdrawn, self.withdraw),
            (A.REVIEW_SUBMITTED, s.review_submitted, self.submit),
            (A.APPLICATION_REJECTED, s.application_rejected, lambda: self.decide(reviews.reject)),
            (A.MEMBER_INVITED, s.member_invited, self.invite),
            (A.MEMBER_ACCEPTED, s.member_accepted, self.accept),
            (A.MEMBER_REMOVED, s.member_removed, self.remove),
            (A.REVIEW_SUBMITTED, s.review_submitted, self.submit),
            (A.APPLICATION_APPROVED, s.application_approved, lambda: self.decide(reviews.approve)),
            (A.REVIEW_SUBMITTED, s.review_submitted, lambda: self.change("Greets them")),
            (A.CHANGE_REJECTED, s.application_rejected, lambda: self.decide(reviews.reject)),
            (A.REVIEW_SUBMITTED, s.review_submitted, lambda: self.change("Greets all")),
            (A.CHANGE_APPROVED, s.application_approved, lambda: self.decide(reviews.approve)),
            (A.SECRET_ISSUED, s.secret_issued, self.issue),
            (A.SECRET_ROTATED, s.secret_issued, self.rotate),
            (A.SECRET_REVOKED, s.secret_revoked, self.revoke_secret),
            (A.CONSENT_GIVEN, s.consent_given, self.allow),
            (A.CONSENT_REFUSED, s.consent_refused, self.refuse),
            (A.TOKEN_REVOKED, None, self.revoke_token),
            (A.CONSENT_NARROWED, s.consent_narrowed, self.narrow),
            (A.SIGNED_OUT, None, self.sign_out),
            (A.CONSENT_WITHDRAWN, s.consent_withdrawn, self.take_back),
            (A.APPLICATION_CHANGED, s.application_changed, self.decide_not_to_ask),
            (A.CONSENT_NOT_ASKED, s.consent_given, self.sign_in_unasked),
            (A.CONSENT_ENDED, s.consent_withdrawn, self.end_for_the_person),
            (A.CONSENT_UNUSED, None, self.end_unused),
            (A.RESOURCE_SERVER_CHANGED, None, self.open_to_resource_server),
            (A.SESSION_ENDED, None, self.end_session),
            (A.APPLICATION_SUSPENDED, s.application_suspended, lambda: self.decide(reviews.suspend)),
            (A.APPLICATION_REINSTATED, s.application_reinstated, lambda: self.decide(reviews.reinstate)),
            (A.ACCOUNT_DEACTIVATED, None, self.deactivate),
            (A.PERSON_EXPORTED, None, self.export_person),
            (A.ACCOUNT_DELETED, None, self.delete_person),
            (A.PERSON_ERASED, None, self.erase_person),
            (A.KEY_ROTATED, None, self.rotate_keys),
            (A.KEY_RETIRED, None, self.distrust_keys),
            (A.AUDIT_EXPORTED, None, self.export),
            (A.APPLICATION_DELETED, s.application_deleted, self.delete),
        ]


def test_every_action_there_is_leaves_its_trace_and_sends_its_signals(db: None) -> None:
    life = Life()
    lived: set[str] = set()
    for action, signal, step in life.steps():
        with heard(signals.audit_recorded) as recorded, heard(signal or Signal()) as own:
            step()
        actions = [call["event"].action for call in recorded]
        assert action in actions, (action, actions)
        assert len(own) == (signal is not None), (action, own)
        event = AuditEvent.objects.filter(action=action).latest("pk")
        assert event in [call["event"] for call in recorded]
        assert event.client_id == ("" if action in OF_NO_APPLICATION else life.application.client_id)
        lived.add(action)
    assert lived == set(AuditEvent.Action)
    # Without a name: what the site did by itself, and what the person did whose name was erased.
    assert {event.actor_name for event in AuditEvent.objects.all()} == {"ada", "judith", ""}
