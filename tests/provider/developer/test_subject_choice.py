"""Developers choose by what their application knows people, and are told what follows."""

from typing import Any

import pytest
from django.test import Client

from provider_site.models import Registration, Review
from provider_site.services import reviews, sectors
from tests import factories
from tests.provider.developer.browsers import signed_in
from tests.provider.developer.pages import change, facts, register
from tests.provider.driver import REDIRECT
from tests.provider.sector_host import SectorHost

OTHER = "https://other.example.com/callback"


@pytest.fixture
def developer(user: Any, settings: Any) -> Client:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"WHO_MAY_REGISTER": "everyone"}
    return signed_in(user)


def shown(developer: Client, *parts: str) -> str:
    key = Registration.objects.get().application_id
    return str(developer.get("/".join(["/o/developer", str(key), *parts, ""])).content.decode())


def test_public_is_chosen_and_shown_by_default(developer: Client) -> None:
    page = developer.get("/o/developer/new/").content.decode()
    assert 'name="subject_type" value="public"' in page
    assert page.count("(A pairwise subject.)") == page.count("(A public subject.)") == 1
    assert register(developer).status_code == 201
    assert Registration.objects.get().subject_type == "public"
    for parts in ((), ("settings",)):
        assert "The same identifier as other applications (public)" in shown(developer, *parts)


def test_pairwise_is_kept_with_its_sector_and_shown(developer: Client) -> None:
    assert register(developer, subject_type="pairwise").status_code == 201
    row = Registration.objects.get()
    assert (row.subject_type, row.sector_identifier) == ("pairwise", "app.example.com")
    for parts in ((), ("settings",)):
        assert "only applications on app.example.com are given" in shown(developer, *parts)


def test_application_on_devices_is_a_sector_of_its_own(developer: Client) -> None:
    register(developer, subject_type="pairwise", client_type="public", redirect_uris="com.example.app:/back")
    row = Registration.objects.get()
    assert row.sector_identifier == f"client:{row.application.client_id}"
    assert "no other application is given" in shown(developer)


@pytest.mark.parametrize("chosen", ["legacy", "nonsense"])
def test_other_kind_is_not_to_be_had(developer: Client, chosen: str) -> None:
    assert register(developer, subject_type=chosen).status_code == 400
    assert not Registration.objects.exists()


def test_several_hosts_need_an_address_that_lists_them(developer: Client, sector_site: SectorHost) -> None:
    several = {"subject_type": "pairwise", "redirect_uris": f"{REDIRECT}\n{OTHER}"}
    refused = register(developer, **several)
    assert refused.status_code == 400
    assert "several hosts (app.example.com, other.example.com)" in refused.content.decode()
    assert 'id="id_sector_identifier_uri_error"' in refused.content.decode()  # told where it is mended
    sector_site.listed = [REDIRECT]
    refused = register(developer, **several, sector_identifier_uri=sector_site.uri)
    assert "does not list these redirect URIs" in refused.content.decode()
    sector_site.listed = [REDIRECT, OTHER]
    assert register(developer, **several, sector_identifier_uri=sector_site.uri).status_code == 201
    row = Registration.objects.get()
    assert (row.sector_identifier, row.sector_identifier_uri) == ("localhost", sector_site.uri)


def test_list_for_nothing_is_refused_and_not_read(developer: Client, sector_site: SectorHost) -> None:
    refused = register(developer, sector_identifier_uri=sector_site.uri)
    assert "choose that one, or leave this empty" in refused.content.decode()
    assert not sector_site.seen


def test_form_in_which_nothing_was_chosen_is_public(developer: Client) -> None:
    assert register(developer, subject_type="").status_code == 201
    assert Registration.objects.get().subject_type == "public"


def test_move_to_another_host_is_explained(developer: Client, user: Any) -> None:
    application = factories.make_draft(user, subject_type="pairwise").application
    refused = change(developer, application, redirect_uris=OTHER)
    assert refused.status_code == 400
    assert "everybody would be somebody new to it" in refused.content.decode()
    application.refresh_from_db()
    assert application.redirect_uris == REDIRECT


def test_new_address_is_looked_up_and_waits_for_review(
    developer: Client, user: Any, staff: Any, sector_site: SectorHost
) -> None:
    sector_site.listed = [REDIRECT]
    application = factories.make_draft(
        user, subject_type="pairwise", sector_document=sectors.read(uri=sector_site.uri), status="approved"
    ).application
    both = f"{REDIRECT}\n{OTHER}"
    assert "does not list" in change(developer, application, redirect_uris=both).content.decode()
    sector_site.listed = [REDIRECT, OTHER]
    assert change(developer, application, redirect_uris=both).status_code == 302
    sector_site.raw = b"gone"
    review = Review.objects.get(decided_at=None)
    reviews.approve(application=application, actor=staff, seen=review_digest(application))
    application.refresh_from_db()
    assert application.redirect_uris.split() == [REDIRECT, OTHER]
    assert review.is_change
    third = change(
        developer, application, **facts(client_type=None, redirect_uris=f"{both}\nhttps://third.example.com/")
    )
    assert "can&#x27;t be read (no connection, or it broke)" in third.content.decode()


def review_digest(application: Any) -> str:
    from provider_site.policy.facts import digest

    return digest(*reviews.compared(application=application))
