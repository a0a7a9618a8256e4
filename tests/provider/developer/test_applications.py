"""Developers register, change, submit and delete their own applications, and nobody else's."""

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from provider_site.models import ApplicationScope, AuditEvent, ClientSecret, Member, Registration, Review
from provider_site.services import applications, reviews
from tests import factories
from tests.provider.developer import pages
from tests.provider.developer.browsers import grow_stale, nobody, signed_in
from tests.provider.developer.pages import change, facts, hidden, register
from tests.provider.driver import Driver

STEPS = ("edit", "delete", "members", "secrets", "try", "settings", "usage")


@pytest.fixture(autouse=True)
def everyone_may_register(settings: Any) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"WHO_MAY_REGISTER": "everyone", "MAX_APPLICATIONS": 3}


@pytest.fixture
def developer(user: Any) -> Client:
    return signed_in(user)


@pytest.fixture
def draft(user: Any) -> Any:
    registered = factories.make_application(owner=user, name="Timetable", status="draft")
    Registration.objects.filter(application=registered.application).update(
        description="Shows trains.", homepage_url="https://a.example/", privacy_policy_url="https://a.example/p"
    )
    ApplicationScope.objects.update(justification="To greet people.")
    return registered


def test_new_application_is_a_draft_with_a_secret_that_works_and_is_shown_once(developer: Client, user: Any) -> None:
    answer = register(developer)
    assert answer.status_code == 201
    assert "no-store" in answer["Cache-Control"]
    registration = Registration.objects.select_related("application").get()
    assert (registration.status, registration.owner, registration.language) == ("draft", user, "en")
    assert ApplicationScope.objects.get(scope="nickname").justification == "To greet people."
    secret = re.search(r'id="client-secret"[^>]*>([^<]+)<', answer.content.decode())[1]  # type: ignore[index]  # asserted
    registered = applications.RegisteredApplication(registration.application, secret)
    assert Driver(registered).token(grant_type="authorization_code", code="none").error == "invalid_grant"
    later = developer.get(f"/o/developer/{registration.application.pk}/")
    assert secret not in later.content.decode() + str(dict(developer.session))


def test_public_application_has_no_secret(developer: Client) -> None:
    answer = register(developer, client_type="public")
    assert answer.status_code == 302
    assert not ClientSecret.objects.exists()


def test_form_sent_twice_registers_once_and_shows_no_second_secret(developer: Client) -> None:
    form = facts(once=hidden(developer.get(pages.NEW), "once"))
    assert developer.post(pages.NEW, form).status_code == 201
    again = developer.post(pages.NEW, form)
    assert again["Location"] == f"/o/developer/{Registration.objects.get().application_id}/"
    assert ClientSecret.objects.count() == 1


@pytest.mark.parametrize("once", ["", "chosen", "chosen:by:me"])
def test_one_time_text_that_is_not_ours_registers_nothing_until_it_is_sent_again(developer: Client, once: str) -> None:
    answer = developer.post(pages.NEW, facts(once=once))
    assert answer.status_code == 400
    assert not Registration.objects.exists()
    assert developer.post(pages.NEW, facts(once=hidden(answer, "once"))).status_code == 201


def test_another_persons_one_time_text_is_worth_nothing(developer: Client, other_user: Any) -> None:
    once = hidden(developer.get(pages.NEW), "once")
    assert signed_in(other_user).post(pages.NEW, facts(once=once)).status_code == 400


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 256),
        ("name", "\u202eelbatemiT"),
        ("name", "\u200d"),
        ("name", "Time\x00table"),
        ("description", "x" * 201),
        ("homepage_url", "javascript:alert(1)"),
        ("homepage_url", "https://evil.example\\@good.example/"),
        ("privacy_policy_url", "data:text/html,x"),
        ("terms_url", "not an address"),
        ("client_type", "superuser"),
        ("redirect_uris", ""),
        ("redirect_uris", "http://app.example.com/callback"),
        ("redirect_uris", "javascript:alert(1)"),
        ("redirect_uris", "\n".join(f"https://app.example.com/{number}" for number in range(51))),
        ("allowed_origins", "https://app.example.com/path"),
        ("wish:nickname", "always"),
        ("wish:openid", "optional"),
        ("why:nickname", "x" * 301),
    ],
)
def test_refused_fact_is_told_at_its_field_and_nothing_is_registered(developer: Client, field: str, value: str) -> None:
    answer = register(developer, **{field: value})
    assert answer.status_code == 400
    assert not Registration.objects.exists()
    errors = answer.context["form"].errors
    assert list(errors) == [field]
    marked = answer.content.decode()
    assert f'id="{answer.context["form"][field].auto_id}_error"' in marked


def test_text_of_the_form_is_shown_as_text(developer: Client) -> None:
    name = '<script>alert("x")</script>'
    page = register(developer, name=name).content.decode()
    assert name not in page
    assert "&lt;script&gt;" in page


def test_scopes_not_offered_are_not_registered(developer: Client) -> None:
    assert register(developer, **{"wish:admin": "required", "why:admin": "Because."}).status_code == 201
    assert set(ApplicationScope.objects.values_list("scope", flat=True)) == {"openid", "nickname"}


def test_sixty_scopes_can_be_asked_for(developer: Client, settings: Any) -> None:
    names = [f"calendar:{number}" for number in range(60)]
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"SCOPES": {name: {"title": f"See {name}"} for name in names}}
    wishes = {f"wish:{name}": "optional" for name in names} | {f"why:{name}": "Shown." for name in names}
    assert register(developer, **wishes).status_code == 201
    page = developer.get(f"/o/developer/{Registration.objects.get().application_id}/").content.decode()
    assert all(f"See {name}<" in page or f"See {name} " in page for name in names)


@pytest.mark.parametrize(
    ("who", "allowed"), [("nobody", False), ("staff", False), ("verified", False), ("everyone", True)]
)
def test_only_those_may_register_whom_the_setting_names(settings: Any, user: Any, who: str, allowed: bool) -> None:
    client = signed_in(user)
    once = hidden(client.get(pages.NEW), "once")
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"WHO_MAY_REGISTER": who}
    assert ("/o/developer/new/" in client.get("/o/developer/").content.decode()) is allowed
    assert client.get(pages.NEW).status_code == (200 if allowed else 403)
    assert client.post(pages.NEW).status_code == (400 if allowed else 403)
    assert client.post(pages.NEW, facts(once=once)).status_code == (201 if allowed else 403)
    assert Registration.objects.exists() is allowed


def test_verified_people_may_register(settings: Any, user: Any) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"WHO_MAY_REGISTER": "verified"}
    user.emailaddress_set.create(email=user.email, verified=True, primary=True)
    assert register(signed_in(user)).status_code == 201


def test_only_who_has_to_prove_an_address_is_sent_to_prove_it(settings: Any, user: Any) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"WHO_MAY_REGISTER": "verified", "MAX_APPLICATIONS": 1}
    client = signed_in(user)
    way = '<p><a href="/accounts/email/">'
    assert way in client.get("/o/developer/").content.decode()
    user.emailaddress_set.create(email=user.email, verified=True, primary=True)
    factories.make_application(owner=user)
    page = client.get("/o/developer/").content.decode()
    assert "as many as one person may own" in page
    assert way not in page


def test_nobody_owns_more_than_the_limit(developer: Client, user: Any) -> None:
    once = hidden(developer.get(pages.NEW), "once")
    for _number in range(3):
        factories.make_application(owner=user)
    assert developer.get(pages.NEW).status_code == 403
    answer = developer.post(pages.NEW, facts(once=once))
    assert answer.status_code == 400
    assert Registration.objects.count() == 3


def test_forms_are_protected_against_other_sites(user: Any, draft: Any) -> None:
    client = signed_in(user, enforce_csrf_checks=True)
    base = f"/o/developer/{draft.application.pk}/"
    for address in (pages.NEW, f"{base}edit/", f"{base}submit/", f"{base}withdraw/", f"{base}delete/"):
        assert client.post(address, facts()).status_code == 403


@pytest.mark.parametrize("step", ["", *STEPS])
def test_other_peoples_applications_are_not_found_and_visitors_sign_in(draft: Any, other_user: Any, step: str) -> None:
    address = f"/o/developer/{draft.application.pk}/{step}/".replace("//", "/")
    Member.objects.create(
        application=draft.application, user=other_user, invited_as="x", role="tester", accepted_at=timezone.now()
    )
    stranger = signed_in(other_user)
    assert stranger.get(address).status_code == 404
    assert stranger.post(address).status_code in {404, 405}
    assert "/login/" in nobody().get(address)["Location"]


@pytest.mark.parametrize("step", ["submit", "withdraw", "delete", "edit"])
def test_other_peoples_applications_are_not_changed(draft: Any, other_user: Any, step: str) -> None:
    answer = signed_in(other_user).post(f"/o/developer/{draft.application.pk}/{step}/", facts(name="Timetable"))
    assert answer.status_code == 404
    assert reviews.waiting(application=draft.application) is None
    assert Registration.objects.get().application.name == "Timetable"


@pytest.mark.parametrize("key", ["999999", "x", "1e3", "%00", "0" * 400])
def test_key_of_no_application_is_not_found(developer: Client, key: str) -> None:
    assert developer.get(f"/o/developer/{key}/").status_code == 404


def test_change_of_a_draft_is_in_force_at_once(developer: Client, draft: Any) -> None:
    assert change(developer, draft.application, name="Departures").status_code == 302
    assert Registration.objects.get().application.name == "Departures"
    assert AuditEvent.objects.filter(action="application.changed").exists()


def test_change_of_an_approved_application_waits_and_its_form_shows_what_waits(developer: Client, user: Any) -> None:
    application = factories.make_application(owner=user, name="Timetable").application
    added = "https://app.example.com/callback\nhttps://app.example.com/other"
    assert change(developer, application, redirect_uris=added, note="We moved.").status_code == 302
    application.refresh_from_db()
    assert application.redirect_uris == "https://app.example.com/callback"
    assert Review.objects.get().note == "We moved."
    assert "https://app.example.com/other" in developer.get(f"/o/developer/{application.pk}/edit/").content.decode()
    assert "https://app.example.com/other" in developer.get(f"/o/developer/{application.pk}/").content.decode()
    assert "A change waits" in developer.get("/o/developer/").content.decode()


def test_hidden_fields_widen_nothing_of_an_approved_application(developer: Client, user: Any) -> None:
    application = factories.make_application(owner=user, name="Timetable").application
    extra = {"status": "approved", "owner": "1", "pkce_waived": "on", "client_type": "public", "logo": "x"}
    change(developer, application, **{"wish:email": "required", "why:email": "To write."}, **extra)
    application.refresh_from_db()
    registration = application.registration
    assert (application.client_type, registration.pkce_waived, registration.logo) == ("confidential", False, None)
    assert not ApplicationScope.objects.filter(application=application, scope="email").exists()


def test_form_opened_before_another_owners_change_is_not_saved(developer: Client, draft: Any) -> None:
    address = f"/o/developer/{draft.application.pk}/edit/"
    seen = hidden(developer.get(address), "seen")
    change(developer, draft.application, redirect_uris="https://new.example.com/")
    stale = developer.post(address, facts(client_type=None, seen=seen, redirect_uris="https://old.example.com/"))
    assert stale.status_code == 400
    assert Registration.objects.get().application.redirect_uris == "https://new.example.com/"


def test_owners_are_written_to_in_the_language_they_changed_it_in(developer: Client, draft: Any) -> None:
    developer.cookies["django_language"] = "zh-hans"
    change(developer, draft.application, name="列车时刻")
    assert Registration.objects.get().language == "zh-hans"


def test_application_is_submitted_withdrawn_and_submitted_again(developer: Client, draft: Any) -> None:
    base = f"/o/developer/{draft.application.pk}/"
    assert developer.post(f"{base}submit/", {"note": "Please."}).status_code == 302
    assert Registration.objects.get().status == "submitted"
    assert developer.post(f"{base}submit/").status_code == 409
    assert developer.post(f"{base}withdraw/").status_code == 302
    assert developer.post(f"{base}withdraw/").status_code == 409
    assert developer.post(f"{base}submit/", {"note": "x" * 2001}).status_code == 400
    assert Registration.objects.get().status == "draft"


def test_what_is_missing_is_named_with_a_link_to_its_field(developer: Client, user: Any) -> None:
    application = factories.make_application(owner=user, status="draft").application
    base = f"/o/developer/{application.pk}/"
    page, form = developer.get(base).content.decode(), developer.get(f"{base}edit/").content.decode()
    parts = re.findall(rf'href="{base}edit/#([^"]+)"', page)
    assert parts == ["id_description", "id_homepage_url", "id_privacy_policy_url", "scopes"]
    assert all(f'id="{part}"' in form for part in parts)
    assert developer.post(f"{base}submit/").status_code == 400


def test_owners_read_why_it_was_rejected_and_submit_it_again(developer: Client, draft: Any, staff: Any) -> None:
    base = f"/o/developer/{draft.application.pk}/"
    developer.post(f"{base}submit/")
    reviews.reject(application=draft.application, actor=staff, reason="Which <trains>?")
    assert "Which &lt;trains&gt;?" in developer.get(base).content.decode()
    assert developer.post(f"{base}submit/").status_code == 302


def test_suspended_application_shows_why_and_is_not_edited(developer: Client, draft: Any, staff: Any) -> None:
    base = f"/o/developer/{draft.application.pk}/"
    seen = hidden(developer.get(f"{base}edit/"), "seen")
    reviews.suspend(application=draft.application, actor=staff, reason="It sells what it reads.")
    assert "It sells what it reads." in developer.get(base).content.decode()
    assert developer.get(f"{base}edit/").status_code == 409
    assert developer.post(f"{base}edit/", facts(name="Other", seen=seen)).status_code == 409
    assert developer.post(f"{base}submit/").status_code == 409
    assert developer.post(f"{base}delete/", {"name": "Timetable"}).status_code == 409
    assert Registration.objects.get().application.name == "Timetable"


def test_machine_that_acts_for_itself_needs_no_redirect_uri(developer: Client, draft: Any) -> None:
    applications.application_model().objects.update(authorization_grant_type="client-credentials")
    assert change(developer, draft.application, redirect_uris="").status_code == 302
    assert Registration.objects.get().application.redirect_uris == ""


def test_owner_deletes_it_by_writing_its_name(developer: Client, draft: Any) -> None:
    address = f"/o/developer/{draft.application.pk}/delete/"
    assert developer.post(address, {"name": "Another"}).status_code == 400
    assert Registration.objects.exists()
    assert developer.post(address, {"name": " Timetable "}).status_code == 302
    assert developer.get(f"/o/developer/{draft.application.pk}/").status_code == 404
    assert AuditEvent.objects.filter(action="application.deleted").exists()


def test_co_owner_does_not_delete_it(draft: Any, other_user: Any) -> None:
    Member.objects.create(
        application=draft.application, user=other_user, invited_as="x", role="owner", accepted_at=timezone.now()
    )
    client = signed_in(other_user)
    assert "/delete/" not in client.get(f"/o/developer/{draft.application.pk}/").content.decode()
    assert client.post(f"/o/developer/{draft.application.pk}/delete/", {"name": "Timetable"}).status_code == 403
    assert Registration.objects.exists()
    assert "Co-owned" in client.get("/o/developer/").content.decode()


def test_old_sign_in_deletes_nothing(developer: Client, draft: Any) -> None:
    grow_stale(developer)
    developer.post(f"/o/developer/{draft.application.pk}/delete/", {"name": "Timetable"})
    assert Registration.objects.get().deleted_at is None


@pytest.mark.parametrize("page", ["/o/profile/", "/accounts/email/"])
def test_way_to_the_developer_pages_is_shown_to_whom_they_concern(
    settings: Any, user: Any, other_user: Any, page: str
) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"WHO_MAY_REGISTER": "nobody"}
    application = factories.make_application(owner=user).application
    assert "/o/developer/" in signed_in(user).get(page).content.decode()
    assert "/o/developer/" not in signed_in(other_user).get(page).content.decode()
    Member.objects.create(application=application, user=other_user, invited_as="x", role="tester")
    assert "/o/developer/" in signed_in(other_user).get(page).content.decode()
