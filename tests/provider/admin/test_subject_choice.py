"""Which subject an application is given: chosen in the admin, with what a change does to people."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from provider_site.models import AuditEvent, PairwiseSubject, Registration
from provider_site.services.profiles import get_profile
from tests import factories
from tests.provider.admin import registrations
from tests.provider.admin.office import as_html, enter, page_of
from tests.provider.driver import REDIRECT, Driver, plant_signing_key
from tests.provider.sector_host import SectorHost

OTHER = "https://other.example.com/callback"
TYPE, URI, CONFIRM = (f"registration-0-{name}" for name in ("subject_type", "sector_identifier_uri", "orphan_accounts"))


@pytest.fixture
def office(staff: Any) -> Client:
    """Return a superuser's browser."""
    return enter(staff)


@pytest.fixture
def used(user: Any) -> Driver:
    """Return an application that somebody has used, with that person's browser."""
    plant_signing_key()
    driver = Driver(factories.make_application(), user)
    driver.tokens()
    return driver


def address(application: Any) -> str:
    return page_of(type(application), application.pk, "change")


def save(browser: Client, application: Any, **fields: Any) -> Any:
    kept = {URI: Registration.objects.get(application=application).sector_identifier_uri}
    return browser.post(address(application), registrations.change_form(application, **(kept | fields)))


def registration(application: Any) -> Registration:
    return Registration.objects.get(application=application)


def changed_facts() -> dict[str, tuple[str, str]]:
    event = AuditEvent.objects.filter(action="application.changed").latest("pk")
    return {change["fact"]: (change["before"], change["after"]) for change in event.data["changes"]}


class TestUnusedApplication:
    def test_is_changed_without_a_word_and_shows_its_sector(self, office: Client, application: Any) -> None:
        assert CONFIRM not in as_html(office.get(address(application)))
        assert save(office, application, **{TYPE: "pairwise"}).status_code == 302
        assert registration(application).sector_identifier == "app.example.com"
        assert changed_facts() == {
            "subject_type": ("public", "pairwise"),
            "sector_identifier": ("", "app.example.com"),
        }
        assert '<div class="readonly">app.example.com</div>' in as_html(office.get(address(application)))

    def test_of_its_own_sector_says_so(self, office: Client, user: Any) -> None:
        application = factories.make_draft(user, redirect_uris=["com.example.app:/back"]).application
        save(office, application, **{TYPE: "pairwise"})
        assert registration(application).sector_identifier == f"client:{application.client_id}"
        assert "This application alone" in as_html(office.get(address(application)))

    def test_new_one_is_given_a_sector(self, office: Client, staff: Any) -> None:
        form = registrations.add_form(staff, **{TYPE: "pairwise"})
        answer = office.post(page_of(registration_application(), "add"), form)
        assert answer.status_code in {200, 201, 302}
        assert Registration.objects.get().sector_identifier == "new.example.com"

    def test_primary_key_is_offered_to_those_taken_over_alone(self, office: Client, application: Any) -> None:
        option = '<option value="legacy"'
        assert option not in as_html(office.get(address(application)))
        assert "Select a valid choice" in as_html(save(office, application, **{TYPE: "legacy"}))
        Registration.objects.update(taken_over_at=timezone.now())
        assert option in as_html(office.get(address(application)))

    def test_change_of_other_fields_asks_nothing_about_sectors(self, office: Client, user: Any) -> None:
        application = factories.make_draft(user, redirect_uris=[REDIRECT, OTHER]).application
        Registration.objects.update(subject_type="pairwise")
        assert save(office, application, **{"registration-0-description": "Shows trains."}).status_code == 302


class TestUsedApplication:
    def test_warns_that_accounts_are_lost_and_changes_nothing_unconfirmed(self, office: Client, used: Driver) -> None:
        text = as_html(office.get(address(used.application)))
        assert CONFIRM in text
        assert "1 person has used the application" in text
        refused = as_html(save(office, used.application, **{TYPE: "pairwise"}))
        assert "Tick this if that is meant" in refused
        assert registration(used.application).subject_type == "public"

    def test_confirmed_change_orphans_accounts_ends_tokens_and_is_traced(
        self, office: Client, used: Driver, user: Any
    ) -> None:
        tokens = used.tokens()
        assert save(office, used.application, **{TYPE: "pairwise", CONFIRM: "on"}).status_code == 302
        facts = changed_facts()
        assert (facts["subject_type"], facts["orphan_accounts"]) == (("public", "pairwise"), ("", "True"))
        assert not used.works(tokens.access)
        assert used.refresh(tokens.refresh).error == "invalid_grant"
        subject = used.id_token(used.tokens())["sub"]
        assert subject == PairwiseSubject.objects.get(user=user).subject != get_profile(user=user).subject

    def test_confirmation_without_a_change_is_refused(self, office: Client, used: Driver) -> None:
        assert "You have not changed" in as_html(save(office, used.application, **{CONFIRM: "on"}))

    def test_way_back_finds_the_accounts_again(self, office: Client, used: Driver) -> None:
        before = used.id_token(used.tokens())["sub"]
        for subject_type in ("pairwise", "public"):
            save(office, used.application, **{TYPE: subject_type, CONFIRM: "on"})
        assert used.id_token(used.tokens())["sub"] == before
        assert registration(used.application).sector_identifier == "app.example.com"

    def test_taken_over_is_in_use_before_anybody_comes_back(self, office: Client, application: Any) -> None:
        Registration.objects.update(subject_type="legacy", taken_over_at=timezone.now())
        for subject_type in ("public", "pairwise"):
            assert "Tick this" in as_html(save(office, application, **{TYPE: subject_type}))
        assert registration(application).subject_type == "legacy"
        assert save(office, application, **{TYPE: "public", CONFIRM: "on"}).status_code == 302


class TestSector:
    def several(self, owner: Any) -> Any:
        return factories.make_draft(owner, redirect_uris=[REDIRECT, OTHER]).application

    def test_several_hosts_are_named(self, office: Client, user: Any) -> None:
        application = self.several(user)
        text = as_html(save(office, application, **{TYPE: "pairwise"}))
        assert "several hosts (app.example.com, other.example.com)" in text
        assert registration(application).subject_type == "public"

    def test_document_is_read_and_kept(self, office: Client, user: Any, sector_site: SectorHost) -> None:
        application = self.several(user)
        sector_site.listed = [REDIRECT]
        text = as_html(save(office, application, **{TYPE: "pairwise", URI: sector_site.uri}))
        assert f"does not list these redirect URIs: {OTHER}" in text
        sector_site.listed = [REDIRECT, OTHER]
        assert save(office, application, **{TYPE: "pairwise", URI: sector_site.uri}).status_code == 302
        row = registration(application)
        assert (row.sector_identifier, row.sector_redirect_uris) == ("localhost", [REDIRECT, OTHER])
        sector_site.raw = b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"
        assert save(office, application, **{"registration-0-description": "Shows trains."}).status_code == 302
        assert len(sector_site.seen) == 2
        third = as_html(save(office, application, redirect_uris=f"{REDIRECT}\nhttps://third.example.com/"))
        assert "has to answer 200 with a JSON list" in third

    def test_redirect_uris_and_document_change_together(
        self, office: Client, user: Any, sector_site: SectorHost
    ) -> None:
        application, third = self.several(user), "https://third.example.com/"
        sector_site.listed = [REDIRECT, OTHER]
        save(office, application, **{TYPE: "pairwise", URI: sector_site.uri})
        sector_site.listed = [REDIRECT, third]
        assert save(office, application, redirect_uris=f"{REDIRECT}\n{third}").status_code == 302
        assert registration(application).sector_redirect_uris == [REDIRECT, third]

    def test_address_that_moves_the_sector_is_refused(self, office: Client, user: Any, sector_site: SectorHost) -> None:
        application = factories.make_draft(user, subject_type="pairwise").application
        sector_site.listed = [OTHER]
        for fields in ({}, {URI: sector_site.uri}):
            text = as_html(save(office, application, redirect_uris=OTHER, **fields))
            assert "everybody would be somebody new to it" in text
        application.refresh_from_db()
        assert application.redirect_uris == REDIRECT

    def test_uri_is_given_up_with_pairwise_subjects(self, office: Client, user: Any, sector_site: SectorHost) -> None:
        application = self.several(user)
        sector_site.listed = [REDIRECT, OTHER]
        save(office, application, **{TYPE: "pairwise", URI: sector_site.uri})
        assert save(office, application, **{TYPE: "public"}).status_code == 302
        row = registration(application)
        assert (row.sector_identifier_uri, row.sector_redirect_uris, row.sector_identifier) == ("", [], "localhost")

    def test_sector_kept_from_before_is_not_had_again_at_another_address(self, office: Client, user: Any) -> None:
        application = factories.make_draft(user, subject_type="pairwise").application
        save(office, application, **{TYPE: "public"})
        save(office, application, redirect_uris=OTHER)
        save(office, application, **{TYPE: "pairwise"})
        assert registration(application).sector_identifier == "other.example.com"

    def test_nothing_is_read_for_who_may_not_save(self, user: Any, sector_site: SectorHost) -> None:
        application = self.several(user)
        person = factories.make_user("looker", is_staff=True)
        form = registrations.change_form(application, **{TYPE: "pairwise", URI: sector_site.uri})
        assert enter(person).post(address(application), form).status_code == 403
        assert not sector_site.seen


def registration_application() -> Any:
    from oauth2_provider.models import get_application_model

    return get_application_model()
