"""Consents end when their time is over, and when nothing uses them: told before, kept by one use, ended at night."""

import io
from datetime import datetime, timedelta
from threading import Event, Thread
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from provider_site.models import AuditEvent, Consent, OutboxMessage, Registration
from provider_site.policy import terms as policy_terms
from provider_site.policy.unused import Rule, Use
from provider_site.policy.unused import state as policy_state
from provider_site.services import consent_ends, outbox, profiles, unused
from provider_site.storage import tokens as token_storage
from tests import factories
from tests.flows.test_at_once import fresh
from tests.provider.driver import Driver

DAY = timedelta(days=1)
AFTER, WARNING = 180 * DAY, 14 * DAY


def allowed(user: Any, *, name: str = "Almanac", unused_for: timedelta = timedelta(0), **fields: Any) -> Consent:
    """Return a person's consent that was given, and last used, so long ago."""
    then = timezone.now() - unused_for
    facts = {"scope": "openid nickname", "given_at": then, "last_used_at": then, "language": "en"} | fields
    application = factories.make_application(name=name).application
    return Consent.objects.create(user=user, application=application, wording_version="1", **facts)


def age(consent: Consent, distance: timedelta) -> None:
    """Let so much time have passed for a consent."""
    consent.refresh_from_db()
    for name in ("given_at", "last_used_at", "unused_warned_at"):
        if (value := getattr(consent, name)) is not None:
            setattr(consent, name, value - distance)
    consent.save()


def at_night() -> dict[str, int]:
    """Run the command's service and deliver its mails."""
    counts = consent_ends.run()
    outbox.deliver_due()
    return counts


def told() -> list[Any]:
    return list(mail.outbox)


def set_rule(settings: Any, **keys: Any) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | keys


class TestPolicy:
    rule = Rule(AFTER, WARNING)
    now = datetime(2026, 11, 22, tzinfo=timezone.get_default_timezone())

    def state(self, *, used: timedelta, warned: timedelta | None, rule: Rule | None = rule) -> Any:
        warned_at = self.now - warned if warned is not None else None
        used_at = self.now - used
        return policy_state(rule, given_at=used_at, last_used_at=used_at, warned_at=warned_at, now=self.now)

    def test_nobody_told_means_fine_however_long_unused(self) -> None:
        assert self.state(used=1000 * DAY, warned=None).use == Use.FINE

    def test_no_rule_means_fine(self) -> None:
        assert self.state(used=1000 * DAY, warned=500 * DAY, rule=None).use == Use.FINE

    def test_use_after_the_warning_means_fine(self) -> None:
        assert self.state(used=DAY, warned=2 * DAY).use == Use.FINE

    def test_told_in_time_it_ends_when_the_time_without_use_is_full(self) -> None:
        state = self.state(used=170 * DAY, warned=4 * DAY)
        assert (state.use, state.ends_at) == (Use.FLAGGED, self.now + 10 * DAY)

    def test_told_late_a_person_still_has_the_whole_notice(self) -> None:
        state = self.state(used=400 * DAY, warned=4 * DAY)
        assert (state.use, state.ends_at) == (Use.FLAGGED, self.now + 10 * DAY)

    def test_it_is_over_at_its_end_and_not_before(self) -> None:
        assert self.state(used=180 * DAY, warned=14 * DAY).use == Use.OVER
        assert self.state(used=180 * DAY - timedelta(seconds=1), warned=14 * DAY).use == Use.FLAGGED

    def test_newer_giving_counts_as_use(self) -> None:
        old = self.now - 400 * DAY
        state = policy_state(self.rule, given_at=self.now, last_used_at=old, warned_at=old, now=self.now)
        assert state.use == Use.FINE

    @given(after=st.integers(1, 2000), warning=st.integers(1, 365))
    def test_nobody_is_told_of_what_was_used_a_moment_ago(self, after: int, warning: int) -> None:
        rule = Rule(after * DAY, warning * DAY)
        assert rule.quiet_until(self.now) < self.now
        assert rule.quiet_until(self.now) <= rule.gathered_until(self.now) <= self.now
        used = rule.quiet_until(self.now)
        assert rule.ends_at(used_at=used, warned_at=self.now) - self.now >= rule.notice


class TestTold:
    def test_consent_unused_for_long_is_flagged_and_its_person_told_how_to_keep_it(self, user: Any) -> None:
        consent = allowed(user, unused_for=AFTER - WARNING)
        assert at_night()["unused consents flagged"] == 1
        consent.refresh_from_db()
        state = unused.state(consent=consent)
        assert state.use == Use.FLAGGED
        assert state.ends_at is not None
        (message,) = told()
        assert message.to == [user.email]
        assert "Almanac" in message.subject
        assert f"Almanac: ends on {state.ends_at:%b. %-d, %Y}".replace("May.", "May") in message.body
        assert "sign in to it once" in message.body
        assert "http://localhost:8000/o/apps/" in message.body

    def test_consent_used_a_day_later_is_left_alone(self, user: Any) -> None:
        consent = allowed(user, unused_for=AFTER - WARNING - DAY)
        assert at_night()["unused consents flagged"] == 0
        assert not told()
        assert unused.state(consent=consent).use == Use.FINE

    def test_consent_that_was_never_used_counts_from_when_it_was_given(self, user: Any) -> None:
        allowed(user, unused_for=AFTER, last_used_at=None)
        assert at_night()["unused consents flagged"] == 1

    def test_one_mail_names_every_app_and_those_whose_turn_comes_in_a_week(self, user: Any) -> None:
        for name, early in (("Almanac", 0), ("Bakery", 6), ("Cinema", 8)):
            allowed(user, name=name, unused_for=AFTER - WARNING - early * DAY)
        counts = at_night()
        assert (counts["unused consents flagged"], counts["people told of them"]) == (2, 1)
        (message,) = told()
        assert "2 apps" in message.subject
        assert "Almanac" in message.body
        assert "Bakery" in message.body
        assert "Cinema" not in message.body

    def test_second_run_tells_nobody_again(self, user: Any) -> None:
        allowed(user, unused_for=AFTER)
        at_night()
        assert set(at_night().values()) == {0}
        assert len(told()) == 1

    def test_mail_is_in_the_language_of_the_latest_consent(self, user: Any) -> None:
        allowed(user, unused_for=AFTER, language="en")
        newest = allowed(user, name="Newer", unused_for=DAY, language="zh-hans")
        assert unused.language_of(user=user) == "zh-hans"
        Consent.objects.filter(pk=newest.pk).update(language="")
        assert unused.language_of(user=user) == "en"

    def test_person_without_an_address_is_flagged_all_the_same(self, user: Any) -> None:
        consent = allowed(user, unused_for=AFTER)
        type(user).objects.update(email="")
        assert at_night()["unused consents flagged"] == 1
        assert not told()
        consent.refresh_from_db()
        assert unused.state(consent=consent).use == Use.FLAGGED

    def test_inactive_person_is_not_written_to(self, user: Any) -> None:
        allowed(user, unused_for=AFTER)
        type(user).objects.update(is_active=False)
        assert at_night()["unused consents flagged"] == 1
        assert not told()

    def test_consent_that_ends_by_itself_before_is_not_spoken_of(self, user: Any) -> None:
        allowed(user, unused_for=AFTER, ends_at=timezone.now() + 5 * DAY)
        assert at_night()["unused consents flagged"] == 0

    def test_mail_says_nothing_of_an_app_used_before_it_goes_out(self, user: Any) -> None:
        consent = allowed(user, unused_for=AFTER)
        consent_ends.run()
        token_storage.note_use(consent)
        outbox.deliver_due()
        assert not told()


class TestEnded:
    def flagged(self, driver: Driver, user: Any) -> tuple[Any, Consent]:
        """Return tokens, and their consent, whose person was told as long ago as the notice lasts."""
        tokens = driver.tokens()
        consent = Consent.objects.get(user=user)
        age(consent, AFTER - WARNING)
        assert at_night()["unused consents flagged"] == 1
        mail.outbox.clear()
        age(consent, WARNING)
        consent.refresh_from_db()
        return tokens, consent

    def test_unused_consent_ends_with_its_tokens_a_trace_a_mail_and_an_event(self, driver: Driver, user: Any) -> None:
        Registration.objects.update(events_url="https://app.example.com/events")
        tokens, consent = self.flagged(driver, user)
        assert driver.works(tokens.access)
        assert consent_ends.run()["unused consents ended"] == 1
        consent.refresh_from_db()
        assert (consent.closed_reason, consent.closed_at is not None) == (Consent.ClosedReason.UNUSED, True)
        assert not driver.works(tokens.access)
        assert driver.refresh(tokens.refresh).error == "invalid_grant"
        assert driver.authorize()["Location"].startswith("/o/consent/")
        event = AuditEvent.objects.get(action="consent.unused")
        assert (event.actor, event.application, event.data["consent"]) == (None, driver.application, consent.pk)
        notice = OutboxMessage.objects.get(kind="security-event")
        assert "unused" in str(notice.payload["claims"]["events"])
        OutboxMessage.objects.filter(pk=notice.pk).delete()
        outbox.deliver_due()
        (message,) = told()
        assert driver.application.name in message.subject
        assert message.to == [user.email]

    def test_a_second_before_the_notice_is_over_it_lives(self, driver: Driver, user: Any) -> None:
        tokens, consent = self.flagged(driver, user)
        age(consent, -timedelta(minutes=1))
        assert consent_ends.run()["unused consents ended"] == 0
        assert driver.works(tokens.access)

    def test_one_use_keeps_it(self, driver: Driver, user: Any) -> None:
        tokens, consent = self.flagged(driver, user)
        assert driver.refresh(tokens.refresh).status == 200
        consent.refresh_from_db()
        assert consent.unused_warned_at is None
        assert set(consent_ends.run().values()) == {0}

    def test_it_ends_once_however_often_the_command_runs(self, driver: Driver, user: Any) -> None:
        self.flagged(driver, user)
        assert at_night()["unused consents ended"] == 1
        assert set(at_night().values()) == {0}
        assert AuditEvent.objects.filter(action="consent.unused").count() == 1
        assert len(told()) == 1

    def test_many_people_and_apps_end_in_small_steps(
        self, user: Any, other_user: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(unused, "TOGETHER", 2)
        monkeypatch.setattr(unused, "BATCH", 1)
        for person in (user, other_user):
            for _number in range(5):
                allowed(person, unused_for=AFTER, unused_warned_at=timezone.now() - WARNING)
        assert consent_ends.run()["unused consents ended"] == 10
        assert not Consent.objects.filter(closed_at=None).exists()

    def test_people_who_never_come_back_find_no_consent_of_theirs_kept_by_a_deleted_app(self, user: Any) -> None:
        consent = allowed(user, unused_for=AFTER)
        Registration.objects.filter(application=consent.application).update(deleted_at=timezone.now())
        assert set(at_night().values()) == {0}


class TestSettings:
    def test_site_that_lets_nothing_end_takes_old_flags_away(self, user: Any, settings: Any) -> None:
        set_rule(settings, UNUSED_CONSENT_DAYS=None)
        consent = allowed(user, unused_for=3 * AFTER, unused_warned_at=timezone.now() - 2 * AFTER)
        assert at_night()["flags taken away"] == 1
        consent.refresh_from_db()
        assert (consent.unused_warned_at, consent.closed_at) == (None, None)
        assert not told()

    def test_longer_time_takes_flags_away_that_came_too_early(self, user: Any, settings: Any) -> None:
        consent = allowed(user, unused_for=AFTER)
        at_night()
        set_rule(settings, UNUSED_CONSENT_DAYS=365)
        assert at_night()["flags taken away"] == 1
        consent.refresh_from_db()
        assert unused.state(consent=consent).use == Use.FINE


class TestOver:
    def test_consent_past_its_end_is_closed_with_its_tokens(self, driver: Driver, user: Any) -> None:
        tokens = driver.tokens()
        Consent.objects.update(ends_at=timezone.now())
        assert at_night()["consents whose time was over"] == 1
        consent = Consent.objects.get()
        assert (consent.closed_reason, consent.unused_warned_at) == (Consent.ClosedReason.ENDED, None)
        assert consent.authorizations.filter(revoked_at=None).count() == 0
        assert not driver.works(tokens.access)

    def test_consent_with_time_left_stays(self, driver: Driver) -> None:
        driver.tokens()
        assert at_night()["consents whose time was over"] == 0
        assert Consent.objects.get().closed_at is None

    @pytest.mark.parametrize("whose", ["site", "application"])
    def test_lower_maximum_ends_what_was_given_for_longer(self, user: Any, settings: Any, whose: str) -> None:
        consent, young = allowed(user, unused_for=40 * DAY), allowed(user, name="Young", unused_for=DAY)
        if whose == "site":
            set_rule(settings, MAX_CONSENT_DAYS=30)
        else:
            Registration.objects.update(max_consent_days=30)
        assert at_night()["consents whose time was over"] == 1
        consent.refresh_from_db()
        young.refresh_from_db()
        assert (consent.closed_reason, young.closed_at) == (Consent.ClosedReason.ENDED, None)

    def test_what_an_administrator_takes_back_ends(self, user: Any) -> None:
        consent = allowed(user, source=Consent.Source.FIRST_PARTY)
        Registration.objects.update(first_party=True)
        assert at_night()["consents whose time was over"] == 0
        Registration.objects.update(first_party=False)
        assert at_night()["consents whose time was over"] == 1
        consent.refresh_from_db()
        assert consent.closed_reason == Consent.ClosedReason.ENDED

    def test_what_nobody_was_asked_about_ends_in_a_consent_of_the_person_s_own(self, user: Any) -> None:
        """The person's own part is over and an administrator's, without an end, was in the same row."""
        now = timezone.now()
        own = policy_terms.Term(given_at=now - DAY, ends_at=now - timedelta(hours=1), wording="1")
        unasked = policy_terms.Term(given_at=now - DAY, ends_at=None, wording="1", unasked=True)
        known = policy_terms.to_json({"openid": own, "nickname": unasked})
        consent = allowed(user, unused_for=DAY, terms=known)
        Registration.objects.update(first_party=True)
        assert at_night()["consents whose time was over"] == 0
        Registration.objects.update(first_party=False)
        assert at_night()["consents whose time was over"] == 1
        consent.refresh_from_db()
        assert consent.closed_reason == Consent.ClosedReason.ENDED

    def test_batches_reach_every_row(self, user: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(consent_ends, "BATCH", 2)
        for _number in range(5):
            allowed(user, ends_at=timezone.now())
        assert at_night()["consents whose time was over"] == 5


def test_command_says_how_many_of_each(user: Any) -> None:
    allowed(user, unused_for=AFTER)
    allowed(user, name="Other", ends_at=timezone.now())
    output = io.StringIO()
    call_command("end_consents", stdout=output)
    assert "1 consents whose time was over\n" in output.getvalue()
    assert "1 unused consents flagged\n" in output.getvalue()


def test_simultaneous_use_wins(transactional_db: None) -> None:
    """A refresh that has begun when the run comes by is not overlooked, though it commits only after it was read."""
    user = factories.make_user()
    profiles.get_profile(user=user)
    consent = allowed(user, unused_for=AFTER, unused_warned_at=timezone.now() - WARNING)
    used, read, counts = Event(), Event(), list[int]()

    def use() -> None:
        with transaction.atomic():
            token_storage.note_use(consent)
            used.set()
            read.wait(1)  # the run waits for the row, or has read it as it was before
        connection.close()

    def end() -> None:
        used.wait(20)
        counts.append(unused.end_unused())
        read.set()
        connection.close()

    threads = [Thread(target=use), Thread(target=end)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    consent.refresh_from_db()
    assert (counts, consent.closed_at, consent.unused_warned_at) == ([0], None, None)


def test_use_between_reading_and_ending_wins(driver: Driver, user: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = driver.tokens()
    consent = Consent.objects.get()
    Consent.objects.update(unused_warned_at=timezone.now())
    age(consent, AFTER)
    original = unused._end

    def slowly(row: Consent, due: Any) -> bool:
        assert fresh(driver).refresh(tokens.refresh).status == 200
        return original(row, due)

    monkeypatch.setattr(unused, "_end", slowly)
    assert unused.end_unused() == 0
    consent.refresh_from_db()
    assert (consent.closed_at, consent.unused_warned_at) == (None, None)
