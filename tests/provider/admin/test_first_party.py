"""People are not asked about an application of the site: who decides so, about what, with which trace, and its end."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core import mail
from django.core.exceptions import ValidationError
from django.core.management import CommandError
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import get_application_model

from provider_site.errors import NotAllowed
from provider_site.models import AuditEvent, Consent, Member, OutboxMessage, Registration
from provider_site.policy import grants
from provider_site.services import consents, first_party, members, outbox, reviews, roles
from tests import factories
from tests.provider.admin import registrations
from tests.provider.admin.office import as_html, enter, page_of
from tests.provider.application_command import Ran
from tests.provider.driver import Driver, plant_signing_key


@pytest.fixture
def reviewer(db: None) -> Any:
    """Return a member of the staff who may review."""
    person = factories.make_user("judith", is_staff=True)
    person.groups.add(Group.objects.get(name=roles.REVIEWERS))
    return person


def decision_page(application: Any, wanted: str) -> str:
    return page_of(get_application_model(), application.pk, "first-party", wanted)


def own_page(application: Any) -> str:
    return page_of(get_application_model(), application.pk, "change")


def decide(application: Any, *, value: bool = True, actor: Any = None, reason: str = "It is ours.") -> bool:
    return first_party.set_first_party(application=application, actor=actor, value=value, reason=reason)


def is_first_party(application: Any) -> bool:
    return Registration.objects.get(application=application).first_party


def deliver_all() -> None:
    for key in OutboxMessage.objects.filter(delivered_at=None).order_by("pk").values_list("pk", flat=True):
        assert outbox.deliver(message_id=key)


def goes_through(driver: Driver, **changes: Any) -> bool:
    """Tell whether the person's browser is sent on with a code without having been asked."""
    answer = driver.authorize(**changes)
    return answer.status_code == 302 and "code=" in answer["Location"]


class TestDecision:
    def test_reviewer_decides_with_a_reason_and_people_are_not_asked(
        self, reviewer: Any, user: Any, registered: Any
    ) -> None:
        plant_signing_key()
        application, browser = registered.application, enter(reviewer)
        driver = Driver(registered, user)
        assert not goes_through(driver)
        page = as_html(browser.get(own_page(application)))
        assert decision_page(application, "on") in page
        answer = browser.post(decision_page(application, "on"), {"reason": "The <b>canteen</b> is ours."}, follow=True)
        page = as_html(answer)
        assert "People are not asked: the application belongs to this site." in page
        assert page.count("The &lt;b&gt;canteen&lt;/b&gt; is ours.") == 2, "with the decision, and in the trail"
        assert decision_page(application, "off") in page
        assert goes_through(driver)
        assert Consent.objects.get().source == Consent.Source.FIRST_PARTY

    def test_trace_has_who_what_and_why(self, reviewer: Any, application: Any) -> None:
        decide(application, actor=reviewer, reason="  It is ours. ")
        event = AuditEvent.objects.get(action="application.changed")
        (change,) = event.data["changes"]
        assert (change["fact"], change["before"], change["after"]) == ("first_party", "False", "True")
        assert event.data["reason"] == "It is ours."
        assert event.actor == reviewer
        assert first_party.decision(application=application) == event
        assert not decide(application, actor=reviewer), "decided already"
        assert AuditEvent.objects.filter(action="application.changed").count() == 1

    @pytest.mark.parametrize("reason", ["", "  \n"])
    def test_reason_is_needed_to_ask_no_more_and_not_to_ask_again(
        self, reviewer: Any, application: Any, reason: str
    ) -> None:
        browser = enter(reviewer)
        answer = browser.post(decision_page(application, "on"), {"reason": reason})
        assert 'id="id_reason_error"' in as_html(answer)
        with pytest.raises(ValidationError):
            decide(application, reason=reason)
        assert not is_first_party(application)
        decide(application)
        assert browser.post(decision_page(application, "off"), {"reason": reason}).status_code == 302
        assert not is_first_party(application)

    def test_public_client_is_always_asked_about(self, reviewer: Any, user: Any) -> None:
        application = factories.make_application(user, client_type="public").application
        browser = enter(reviewer)
        assert "first-party" not in as_html(browser.get(own_page(application)))
        answer = browser.post(decision_page(application, "on"), {"reason": "It is ours."})
        assert "Any program can claim to be a public client" in as_html(answer)
        assert not is_first_party(application)

    def test_machine_asks_nobody_anyway(self, user: Any) -> None:
        application = factories.make_application(user, authorization_grant_type="client-credentials").application
        with pytest.raises(ValidationError, match="Nobody signs in"):
            decide(application)

    def test_device_is_always_asked_about(self, user: Any) -> None:
        application = factories.make_application(user, authorization_grant_type=grants.DEVICE_CODE).application
        with pytest.raises(ValidationError, match="Whoever signs in on a device is always asked"):
            decide(application)

    def test_client_that_becomes_public_has_people_asked_again(self, staff: Any, application: Any) -> None:
        decide(application)
        answer = enter(staff).post(own_page(application), registrations.change_form(application, client_type="public"))
        assert answer.status_code == 302, answer.content.decode()
        assert not is_first_party(application)

    def test_application_that_gets_another_owner_has_people_asked_again(self, staff: Any, application: Any) -> None:
        decide(application)
        browser = enter(staff)
        browser.post(own_page(application), registrations.change_form(application, description="Still ours"))
        assert is_first_party(application)
        buyer = factories.make_user("buyer")
        form = registrations.change_form(application, **{"registration-0-owner": buyer.pk})
        answer = browser.post(own_page(application), form)
        assert answer.status_code == 302, answer.content.decode()
        assert not is_first_party(application)

    def test_owners_are_told_each_time(self, reviewer: Any, user: Any) -> None:
        application = factories.make_application(user, name="Canteen").application
        deliver_all()
        mail.outbox.clear()
        decide(application, actor=reviewer, reason="It is ours.")
        decide(application, value=False, actor=reviewer, reason="Sold.")
        deliver_all()
        assert [letter.to for letter in mail.outbox] == [["ada@example.com"]] * 2
        on, off = mail.outbox
        assert "People are no longer asked for consent: Canteen" in on.subject
        assert "It is ours." in on.body
        assert "People are asked for consent again: Canteen" in off.subject
        assert "Sold." in off.body

    def test_owner_sees_it_and_the_limit_among_the_developer_pages(self, user: Any, application: Any) -> None:
        members_page = f"/o/developer/{application.pk}/"
        owner = application.registration.owner
        browser = enter(owner)
        assert "People are not asked" not in as_html(browser.get(members_page))
        decide(application)
        Registration.objects.update(max_consent_days=30)
        page = as_html(browser.get(members_page))
        assert "People are not asked for consent." in page
        assert "A consent lasts 30 days at most." in page


class TestImpartial:
    @pytest.mark.parametrize("side", ["owner", "co_owner", "asked"])
    def test_nobody_decides_in_favour_of_what_is_their_own(self, reviewer: Any, user: Any, side: str) -> None:
        application = registrations.submitted(reviewer if side == "owner" else user)
        if side == "co_owner":
            Member.objects.create(
                application=application, user=reviewer, invited_as="j", role="owner", accepted_at=timezone.now()
            )
        if side == "asked":
            review = registrations.waiting(application)
            review.submitted_by = reviewer
            review.save()
        assert members.is_party(application=application, user=reviewer)
        with pytest.raises(NotAllowed):
            decide(application, actor=reviewer)
        browser = enter(reviewer)
        assert "somebody else decides" in as_html(browser.get(decision_page(application, "on")))
        browser.post(decision_page(application, "on"), {"reason": "It is ours."})
        assert not is_first_party(application)

    def test_superuser_answers_for_themselves(self, staff: Any) -> None:
        application = factories.make_application(staff).application
        enter(staff).post(decision_page(application, "on"), {"reason": "It is ours."})
        assert is_first_party(application)


class TestTakenBack:
    @pytest.fixture
    def driver(self, registered: Any, user: Any) -> Driver:
        """Return a person who was not asked about an application of the site."""
        plant_signing_key()
        decide(registered.application)
        return Driver(registered, user)

    def test_what_nobody_was_asked_about_ends_at_once_and_stays_over(self, driver: Driver, application: Any) -> None:
        tokens = driver.tokens()
        assert driver.works(tokens.access)
        decide(application, value=False, reason="")
        assert not driver.works(tokens.access)
        deliver_all()
        assert Consent.objects.get().closed_reason == Consent.ClosedReason.ENDED
        decide(application)
        assert not driver.works(tokens.access), "not even when the decision is made again"
        assert driver.refresh(tokens.refresh).status == 400
        assert goes_through(driver)

    def test_what_people_allowed_themselves_stays(self, registered: Any, user: Any, other_user: Any) -> None:
        plant_signing_key()
        asked = Driver(registered, user)
        tokens = asked.tokens()
        decide(registered.application)
        Driver(registered, other_user).tokens()
        decide(registered.application, value=False)
        deliver_all()
        assert asked.works(tokens.access)
        assert list(Consent.objects.filter(closed_at=None).values_list("user", flat=True)) == [user.pk]

    def test_of_a_consent_to_both_only_the_persons_own_part_stays(self, registered: Any, user: Any) -> None:
        plant_signing_key()
        driver = Driver(registered, user)
        driver.code(scopes=["nickname"], scope="openid nickname")
        decide(registered.application)
        tokens = driver.tokens(scope="openid nickname avatar")
        assert set(tokens.body["scope"].split()) == {"openid", "nickname", "avatar"}
        decide(registered.application, value=False)
        deliver_all()
        assert Consent.objects.get().scopes == {"openid", "nickname"}
        decide(registered.application)
        assert "picture" not in driver.userinfo(tokens.access).json()
        assert driver.works(tokens.access)

    def test_consents_of_a_later_decision_are_left_alone(self, driver: Driver, application: Any, user: Any) -> None:
        driver.tokens()
        decide(application, value=False)
        decide(application)
        later = timezone.now() + timedelta(seconds=1)
        row = Consent.objects.get()
        row.terms = {name: term | {"given_at": later.isoformat()} for name, term in row.terms.items()}
        row.save()
        deliver_all()
        assert Consent.objects.get().closed_at is None

    def test_many_are_closed_batch_by_batch(self, application: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(first_party, "BATCH", 2)
        decide(application)
        scope = frozenset({"openid"})
        for _number in range(5):
            consents.record_unasked(user=factories.make_user(), application=application, granted=scope, seen=None)
        decide(application, value=False)
        while OutboxMessage.objects.filter(delivered_at=None).exists():
            deliver_all()
        assert Consent.objects.filter(closed_at=None).count() == 0
        assert OutboxMessage.objects.filter(kind="drop-unasked-consents").count() == 3

    def test_suspension_is_independent_of_it(self, driver: Driver, application: Any) -> None:
        tokens = driver.tokens()
        reviews.suspend(application=application, actor=None, reason="Spam.")
        assert not driver.works(tokens.access)


class TestLimit:
    def test_operator_bounds_consents_with_a_trace_of_before_and_after(self, staff: Any, application: Any) -> None:
        browser = enter(staff)

        def save(days: str) -> Any:
            form = registrations.change_form(application, **{"registration-0-max_consent_days": days})
            return browser.post(own_page(application), form)

        assert save("0").status_code == 200, "a consent lasts a day at least"
        for days in ("30", "7", ""):
            assert save(days).status_code == 302
        events = AuditEvent.objects.filter(action="application.changed").order_by("pk")
        changes = [change for event in events for change in event.data["changes"]]
        assert {change["fact"] for change in changes} == {"max_consent_days"}
        told = [(change["before"], change["after"]) for change in changes]
        assert told[:2] == [("", "30"), ("30", "7")]
        assert Registration.objects.get(application=application).max_consent_days is None
        assert "Longest consent in days" in as_html(browser.get(own_page(application)))


class TestCommand:
    def test_decides_and_takes_back(self, application: Any) -> None:
        with pytest.raises(CommandError, match="reason"):
            Ran("first-party", application.client_id)
        Ran("first-party", application.client_id, "--reason", "It is ours.")
        assert is_first_party(application)
        assert AuditEvent.objects.get(action="application.changed").actor is None
        Ran("first-party", application.client_id, "--off")
        assert not is_first_party(application)

    def test_bounds_consents(self, application: Any, user: Any) -> None:
        for wrong in ("0", "1.5", "-1", "soon", "99999"):
            with pytest.raises(CommandError, match="whole days"):
                Ran("limit-consent", application.client_id, "--days", wrong)
        Ran("limit-consent", application.client_id, "--days", "30")
        assert Registration.objects.get(application=application).max_consent_days == 30
        assert AuditEvent.objects.get(action="application.changed").data["fields"] == ["max_consent_days"]
        Ran("limit-consent", application.client_id, "--off")
        assert Registration.objects.get(application=application).max_consent_days is None
        created = Ran(
            *("create", "--name", "Almanac", "--owner", "ada", "--redirect-uri", factories.CALLBACK),
            *("--client-id", "almanac", "--max-consent-days", "7"),
        )
        assert created.out
        assert Registration.objects.get(application__client_id="almanac").max_consent_days == 7


def test_page_needs_the_permission_and_the_application(db: None, reviewer: Any, application: Any) -> None:
    clerk = factories.make_user("clerk", is_staff=True)
    clerk.groups.add(Group.objects.get(name=roles.OPERATORS))
    browser: Client = enter(clerk)
    assert browser.get(decision_page(application, "on")).status_code == 403
    assert "first-party" not in as_html(browser.get(own_page(application)))
    browser = enter(reviewer)
    assert browser.get(decision_page(application, "maybe")).status_code == 404
    assert "default-src" in browser.get(decision_page(application, "on"))["Content-Security-Policy"]
