"""Consents in the admin: found at scale, read in words, and ended for a person with a reason they are told."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone, translation

from provider_site.models import (
    AppProfile,
    AuditEvent,
    Authorization,
    Consent,
    OutboxMessage,
    PairwiseSubject,
    Profile,
    Registration,
    UnionSubject,
)
from provider_site.services import consent_support, consents, first_party, outbox, subjects
from provider_site.services.profiles import get_profile
from tests import factories
from tests.provider.admin.office import as_html, enter, page_of
from tests.provider.driver import Driver, Tokens

REASON = "They wrote to us: their phone was stolen."


@pytest.fixture
def office(staff: Any) -> Client:
    """Return a superuser's browser."""
    return enter(staff)


@pytest.fixture
def tokens(driver: Driver) -> Tokens:
    """Return a person's tokens at an application."""
    return driver.tokens()


def clerk(*codenames: str) -> Client:
    """Return the browser of a member of staff with these permissions."""
    person = factories.make_user(is_staff=True)
    person.user_permissions.add(*Permission.objects.filter(codename__in=codenames))
    return enter(person)


def made(user: Any, application: Any, **fields: Any) -> Consent:
    return Consent.objects.create(
        user=user, application=application, **{"scope": "openid", "given_at": timezone.now()} | fields
    )


def found(browser: Client, model: Any, **query: Any) -> list[Any]:
    """Return what a list shows."""
    answer = browser.get(page_of(model), query)
    as_html(answer)
    return list(answer.context["cl"].queryset)


def deliver(kind: str) -> None:
    for message in OutboxMessage.objects.filter(kind=kind, delivered_at=None):
        assert outbox.deliver(message_id=message.pk)


def end_page(consent: Consent) -> str:
    return page_of(Consent, consent.pk, "end")


class TestList:
    def test_filters_tell_open_from_each_way_to_be_over(self, office: Client, user: Any, application: Any) -> None:
        now = timezone.now()
        rows = {"open": made(user, application)}
        for reason in Consent.ClosedReason.values:
            rows[reason] = made(user, application, closed_at=now, closed_reason=reason)
        for state, row in rows.items():
            assert found(office, Consent, state=state) == [row]
        assert len(found(office, Consent, state="nonsense")) == len(rows)

    def test_filters_find_what_was_not_asked_and_what_is_unused(
        self, office: Client, user: Any, other_user: Any, application: Any
    ) -> None:
        unasked = made(user, application, source=Consent.Source.FIRST_PARTY)
        flagged = made(other_user, application, unused_warned_at=timezone.now())
        assert found(office, Consent, source="first_party") == [unasked]
        assert found(office, Consent, source="person") == [flagged]
        assert found(office, Consent, unused="warned") == [flagged]

    def test_row_of_many_scopes_stays_a_row(self, office: Client, user: Any, application: Any) -> None:
        made(user, application, scope=" ".join(["openid", *(f"calendar:{number}" for number in range(59))]))
        page = as_html(office.get(page_of(Consent)))
        assert ">openid calendar:0 calendar:1 calendar:2 calendar:3 calendar:4 … +54<" in page

    @pytest.mark.skipif(connection.vendor != "sqlite", reason="an empty table's plan is SQLite's")
    @pytest.mark.parametrize(
        ("query", "index"),
        [
            ({"state": "withdrawn"}, "provider_site_consent_closed"),
            ({"state": "open"}, "provider_site_consent_closed"),
            ({"source": "first_party"}, "provider_site_consent_source"),
            ({"unused": "warned"}, "provider_site_consent_warned"),
        ],
    )
    def test_each_filter_has_its_index(self, office: Client, query: dict[str, str], index: str) -> None:
        plan = office.get(page_of(Consent), query).context["cl"].queryset.explain()
        assert index in plan
        assert "TEMP B-TREE" not in plan, "the index gives the order too"

    def test_search_knows_the_whole_name_and_how_one_begins(self, office: Client, other_user: Any, user: Any) -> None:
        apps = [factories.make_application(user, client_id=name).application for name in ("canteen", "canteen-2")]
        first, second = made(user, apps[0]), made(other_user, apps[1])
        assert found(office, Consent, q="canteen") == [first], "a whole client ID is meant alone"
        assert found(office, Consent, q="cante") == [second, first]
        assert found(office, Consent, q=" grac ") == [second]
        assert found(office, Consent, q="nothing") == []

    def test_state_is_told_in_words(self, office: Client, user: Any, other_user: Any, application: Any) -> None:
        past = timezone.now() - timedelta(days=1)
        made(user, application, ends_at=past)
        made(other_user, application, unused_warned_at=past)
        page = as_html(office.get(page_of(Consent)))
        assert '<td class="field-state">Over</td>' in page
        assert '<td class="field-state">Open, unused for long</td>' in page

    def test_list_costs_the_same_however_many_it_shows(
        self, office: Client, django_assert_max_num_queries: Any
    ) -> None:
        for _number in range(12):
            made(factories.make_user(), factories.make_application().application)
        with django_assert_max_num_queries(9):
            as_html(office.get(page_of(Consent)))


class TestPage:
    def test_terms_are_told_for_each_scope(self, office: Client, driver: Driver) -> None:
        driver.code(scopes=["nickname"], scope="openid nickname avatar", prompt="consent")
        row = Consent.objects.get()
        row.terms["nickname"] |= {"ends_at": "2001-02-03T04:05:06+00:00", "once": True}
        row.save()
        with translation.override("en"):
            page = as_html(office.get(page_of(Consent, row.pk, "change")))
        table = page.partition('id="scopes-heading"')[2].partition("</section>")[0]
        assert "Feb. 3, 2001" in table
        assert "once, for a single sign-in" in table
        assert table.count("<td>over</td>") == 1
        assert table.count("<td>holds</td>") == 1
        assert "See your avatar <code>avatar</code>" in table.partition("declined")[2]
        assert "Partly over" in page
        assert "+00:00" not in page
        assert "30 days" in page

    def test_application_is_told_as_it_was_shown(self, office: Client, driver: Driver, application: Any) -> None:
        driver.code()
        application.name = "Another <b>name</b>"
        application.save()
        page = as_html(office.get(page_of(Consent, Consent.objects.get().pk, "change")))
        shown = page.partition('id="shown-heading"')[2].partition("</section>")[0]
        assert shown.count("it is another one now") == 1
        assert "https://app.example.com" in shown
        assert "Another <b>" not in page

    def test_sign_ins_are_told_without_any_token(self, office: Client, driver: Driver, tokens: Tokens) -> None:
        family = Authorization.objects.get()
        family.address, family.user_agent = "192.0.2.7", "Mozilla/5.0 (iPhone) Version/17 Safari/605 <script>"
        family.save()
        page = as_html(office.get(page_of(Consent, family.consent_id, "change")))
        sign_ins = page.partition('id="sign-ins-heading"')[2].partition("</section>")[0]
        assert "192.0.2.7" in sign_ins
        assert "iOS" in sign_ins
        for secret in (tokens.access, tokens.refresh, family.code_digest):
            assert secret not in page

    def test_twenty_sign_ins_are_listed_at_most(self, office: Client, user: Any, application: Any) -> None:
        row = made(user, application)
        for number in range(25):
            Authorization.objects.create(
                application=application,
                user=user,
                consent=row,
                scope="openid",
                code_digest=number,
                auth_time=row.given_at,
            )
        page = as_html(office.get(page_of(Consent, row.pk, "change")))
        assert page.partition('id="sign-ins-heading"')[2].partition("</section>")[0].count('<th scope="row">') == 20

    def test_trail_is_of_this_person_here_and_for_who_may_read_it(
        self, driver: Driver, tokens: Tokens, office: Client, other_user: Any, registered: Any
    ) -> None:
        Driver(registered, other_user).tokens()
        row = Consent.objects.get(user__username="ada")
        page = as_html(office.get(page_of(Consent, row.pk, "change")))
        trail = page.partition('id="events-heading"')[2]
        assert "Consent given" in trail
        assert "grace" not in trail
        page = as_html(clerk("view_consent").get(page_of(Consent, row.pk, "change")))
        assert "events-heading" not in page

    def test_consent_of_before_all_these_columns_has_a_page(self, office: Client, user: Any, application: Any) -> None:
        row = made(user, application, scope="openid nickname gone", declined_scope="also-gone")
        page = as_html(office.get(page_of(Consent, row.pk, "change")))
        assert "older than this record" in page
        assert "<code>gone</code>" in page

    def test_nothing_is_edited_or_deleted(self, office: Client, user: Any, application: Any) -> None:
        row = made(user, application)
        assert office.post(page_of(Consent, row.pk, "change"), {"scope": "openid email"}).status_code == 403
        assert office.post(page_of(Consent, row.pk, "delete"), {"post": "yes"}).status_code == 403
        assert office.get(page_of(Consent, "add")).status_code == 403
        row.refresh_from_db()
        assert row.scope == "openid"


class TestEnd:
    def test_support_ends_it_and_everything_dies_at_once(
        self, office: Client, driver: Driver, tokens: Tokens, staff: Any
    ) -> None:
        row = Consent.objects.get()
        mail.outbox.clear()
        assert end_page(row) in as_html(office.get(page_of(Consent, row.pk, "change")))
        answer = office.post(end_page(row), {"reason": REASON}, follow=True)
        page = as_html(answer)
        assert "Ended by an administrator" in page
        assert end_page(row) not in page
        assert not driver.works(tokens.access)
        assert driver.refresh(tokens.refresh).status == 400
        event = AuditEvent.objects.get(action="consent.ended")
        assert event.actor == staff
        assert event.data == {"consent": row.pk, "user": str(row.user_id), "reason": REASON}
        assert REASON in page, "in the trail beside it"
        deliver("consent-ended-mail")
        (letter,) = mail.outbox
        assert letter.to == ["ada@example.com"]
        assert REASON in letter.body
        assert "/o/apps/" in letter.body

    def test_person_is_asked_again_also_by_an_application_of_the_site(
        self, office: Client, driver: Driver, application: Any
    ) -> None:
        first_party.set_first_party(application=application, actor=None, value=True, reason="Ours.")
        driver.tokens()
        office.post(end_page(Consent.objects.get()), {"reason": REASON})
        assert driver.authorize()["Location"].startswith("/o/consent/")

    def test_application_is_told_like_of_a_withdrawal(
        self, office: Client, driver: Driver, tokens: Tokens, application: Any
    ) -> None:
        Registration.objects.update(events_url="https://app.example.com/events")
        office.post(end_page(Consent.objects.get()), {"reason": REASON})
        message = OutboxMessage.objects.get(kind="security-event")
        assert any("tokens-revoked" in name for name in message.payload["claims"]["events"])
        assert REASON not in str(message.payload)

    @pytest.mark.parametrize("reason", ["", "  "])
    def test_reason_is_needed(self, office: Client, user: Any, application: Any, reason: str) -> None:
        row = made(user, application)
        answer = office.post(end_page(row), {"reason": reason})
        assert 'aria-invalid="true"' in as_html(answer)
        row.refresh_from_db()
        assert row.closed_at is None

    def test_who_may_only_see_is_refused(self, user: Any, application: Any) -> None:
        row = made(user, application)
        browser = clerk("view_consent")
        assert end_page(row) not in as_html(browser.get(page_of(Consent, row.pk, "change")))
        assert browser.post(end_page(row), {"reason": REASON}).status_code == 403
        assert clerk("end_consent").post(end_page(row), {"reason": REASON}).status_code == 403
        row.refresh_from_db()
        assert row.closed_at is None
        assert clerk("view_consent", "end_consent").post(end_page(row), {"reason": REASON}).status_code == 302

    def test_what_is_over_stays_as_it_ended(self, office: Client, user: Any, application: Any, staff: Any) -> None:
        row = made(user, application)
        consents.withdraw(user=user, application=application)
        answer = office.post(end_page(row), {"reason": REASON}, follow=True)
        assert "It was over already." in as_html(answer)
        assert not consent_support.end_consent(consent=row, actor=staff, reason=REASON)
        row.refresh_from_db()
        assert row.closed_reason == "withdrawn"
        assert not AuditEvent.objects.filter(action="consent.ended").exists()

    def test_nobody_is_written_to_without_an_address(self, user: Any, application: Any, staff: Any) -> None:
        user.email = ""
        user.save()
        mail.outbox.clear()
        consent_support.end_consent(consent=made(user, application), actor=staff, reason=REASON)
        deliver("consent-ended-mail")
        assert mail.outbox == []


class TestPeopleBySubject:
    def test_every_kind_of_subject_finds_its_person(self, office: Client, user: Any, other_user: Any) -> None:
        mine, _other = get_profile(user=user), get_profile(user=other_user)
        told = [
            mine.subject,
            subjects.pairwise(user=user, sector="app.example.com"),
            subjects.union(user=user, owner_id=other_user.pk),
            str(user.pk),
            "ada",
        ]
        assert len(set(told)) == 5
        for subject in told:
            assert found(office, Profile, q=f" {subject} ") == [mine], subject
        assert found(office, Profile, q=told[1][:-1]) == []

    def test_page_of_the_person_names_them_all(self, office: Client, user: Any, other_user: Any) -> None:
        profile = get_profile(user=user)
        pairwise = subjects.pairwise(user=user, sector="app.example.com")
        union = subjects.union(user=user, owner_id=other_user.pk)
        application = factories.make_application(name="Masked").application
        AppProfile.objects.create(user=user, application=application, nickname="Nobody <i>")
        page = as_html(office.get(page_of(Profile, profile.pk, "change")))
        for text in (pairwise, "app.example.com", union, "grace", "Masked", "Nobody &lt;i&gt;"):
            assert text in page

    def test_who_may_not_see_them_does_not_find_by_them(self, user: Any, other_user: Any) -> None:
        profile = get_profile(user=user)
        pairwise = subjects.pairwise(user=user, sector="app.example.com")
        union = subjects.union(user=user, owner_id=other_user.pk)
        browser = clerk("view_profile")
        page = as_html(browser.get(page_of(Profile, profile.pk, "change")))
        for subject in (pairwise, union):
            assert found(browser, Profile, q=subject) == []
            assert subject not in page
        browser = clerk("view_profile", "view_pairwisesubject", "view_unionsubject")
        assert PairwiseSubject.objects.count() == UnionSubject.objects.count() == 1
        for subject in (pairwise, union):
            assert found(browser, Profile, q=subject) == [profile]
