"""The addresses and token choices of an application in its admin page: judged, traced, and reviewed like the rest."""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from provider_site.models import AuditEvent, Registration
from provider_site.policy import grants
from provider_site.services import roles
from tests import factories
from tests.provider.admin import registrations
from tests.provider.admin.office import enter, page_of

CALLED = {
    "backchannel_logout_uri": "https://app.example.com/logout",
    "frontchannel_logout_uri": "https://app.example.com/logged-out",
    "initiate_login_uri": "https://app.example.com/begin",
}


@pytest.fixture
def office(staff: Any) -> Client:
    """Return a superuser's browser."""
    return enter(staff)


def page(application: Any) -> str:
    return page_of(type(application), application.pk, "change")


def save(browser: Client, application: Any, **fields: Any) -> Any:
    sent = {f"registration-0-{name}": value for name, value in fields.items()}
    return browser.post(page(application), registrations.change_form(application, **sent))


def row(application: Any) -> Registration:
    return Registration.objects.get(application=application)


def wrong(answer: Any) -> dict[str, Any]:
    """Return what is wrong with the registration's form on the page that came back."""
    assert answer.status_code == 200
    for formset in answer.context["inline_admin_formsets"]:
        if formset.opts.model is Registration:
            return dict(formset.formset.forms[0].errors)
    raise AssertionError("the page has no registration")


def test_changes_are_saved_and_traced_each_in_words(office: Client, user: Any) -> None:
    application = registrations.draft(user)
    chosen = {"id_token_alg": "EdDSA", "access_token_format": "jwt"}
    assert save(office, application, **CALLED, **chosen).status_code == 302
    for name, value in (CALLED | chosen).items():
        assert getattr(row(application), name) == value
    event = AuditEvent.objects.get(action="application.changed", application=application)
    assert set(event.data["fields"]) == {*CALLED, *chosen}
    told = {one["fact"]: (one["kind"], one["before"], one["after"]) for one in event.data["changes"]}
    assert told["initiate_login_uri"] == ("added", "", "https://app.example.com/begin")
    assert told["id_token_alg"] == ("changed", "RS256", "EdDSA")
    text = office.get(page(application)).content.decode()
    for words in ("Back-channel logout URI", "Front-channel logout URI", "Initiate login URI", "Access tokens"):
        assert words in text


@pytest.mark.parametrize(
    ("field", "address"),
    [
        ("backchannel_logout_uri", "http://app.example.com/logout"),
        ("backchannel_logout_uri", "https://app.example.com/#logout"),
        ("frontchannel_logout_uri", "https://other.example.com/"),
        ("initiate_login_uri", "http://app.example.com/begin"),
        ("initiate_login_uri", "https://evil.example.net/"),
    ],
)
def test_what_can_not_be_registered_is_told_at_its_field(office: Client, user: Any, field: str, address: str) -> None:
    application = registrations.draft(user)
    assert set(wrong(save(office, application, **{field: address}))) == {field}
    assert getattr(row(application), field) == ""


def test_front_channel_is_judged_with_the_redirect_uris_of_the_same_page(office: Client, user: Any) -> None:
    application = registrations.draft(user)
    moved = {"redirect_uris": "https://new.example.com/callback"}
    sent = registrations.change_form(application, **moved)
    sent |= {"registration-0-frontchannel_logout_uri": "https://new.example.com/out"}
    assert office.post(page(application), sent).status_code == 302
    assert row(application).frontchannel_logout_uri == "https://new.example.com/out"


def test_operator_sees_approved_addresses_and_changes_the_tokens_alone(user: Any) -> None:
    person = factories.make_user("operator", is_staff=True)
    person.groups.add(Group.objects.get(name=roles.OPERATORS))
    application = registrations.approved(user, **CALLED)
    browser = enter(person)
    text = browser.get(page(application)).content.decode()
    assert 'name="registration-0-initiate_login_uri"' not in text
    assert CALLED["initiate_login_uri"] in text
    save(browser, application, initiate_login_uri="https://app.example.com/other", id_token_alg="ES256")
    assert (row(application).initiate_login_uri, row(application).id_token_alg) == (
        CALLED["initiate_login_uri"],
        "ES256",
    )


def test_reviewer_sees_the_difference(office: Client, user: Any) -> None:
    application = registrations.changing(user, initiate_login_uri="https://app.example.com/begin")
    review = registrations.waiting(application)
    text = office.get(f"/admin/provider_site/review/{review.pk}/change/").content.decode()
    assert "Initiate login URI" in text


def test_site_offers_only_algorithms_it_signs_with(office: Client, user: Any, settings: Any) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"SIGNING_ALGORITHMS": ["RS256", "ES256"]}
    application = registrations.draft(user)
    assert set(wrong(save(office, application, id_token_alg="PS256"))) == {"id_token_alg"}
    assert save(office, application, id_token_alg="ES256").status_code == 302


def test_device_is_registered_without_a_redirect_uri(office: Client, staff: Any, user: Any) -> None:
    sent = registrations.add_form(
        user, name="TV", client_type="public", authorization_grant_type=grants.DEVICE_CODE, redirect_uris=""
    )
    application = Registration._meta.get_field("application").related_model
    assert office.post(page_of(application, "add"), sent).status_code == 302
    made = Registration.objects.get().application
    assert (made.authorization_grant_type, made.redirect_uris) == (grants.DEVICE_CODE, "")
