"""portal/device: enter the code, compare it, learn the outcome."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F

from provider_site import crypto
from provider_site.models import AuditEvent, AuthorizationRequest, Consent, DeviceAuthorization
from tests import factories
from tests.provider.device import Device, make_device_application
from tests.provider.driver import plant_signing_key

WRONG = "BBBB-BBBB"


@pytest.fixture
def device(db: None, user: Any) -> Device:
    """Return a device that has its codes, and a signed-in person's browser."""
    plant_signing_key()
    made = Device(make_device_application(name="Calendar TV"), user)
    made.begin()
    return made


def text(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def expire() -> None:
    DeviceAuthorization.objects.update(expires_at=F("expires_at") - timedelta(hours=1))


# --- The code ------------------------------------------------------------------------------------------------------


def test_page_asks_for_the_code_in_one_field_that_takes_paste_and_is_not_remembered(device: Device) -> None:
    page = device.browser.get("/o/device/")
    assert page.status_code == 200
    assert "no-store" in page["Cache-Control"]
    field = text(page).partition('name="user_code"')[2].partition(">")[0]
    for attribute in ('autocomplete="off"', 'spellcheck="false"', 'maxlength="100"', "pattern=", "inputmode="):
        assert attribute in field, attribute
    assert 'aria-describedby="id_user_code_helptext"' in field


def test_code_in_the_address_that_can_be_none_is_left_out(device: Device) -> None:
    page = text(device.browser.get("/o/device/", {"user_code": "<script>alert(1)</script>"}))
    assert "alert(1)" not in page
    assert "came with the link" not in page


def test_nobody_is_sent_to_sign_in_with_the_code_kept(device: Device) -> None:
    device.browser.logout()
    answer = device.browser.get("/o/device/", {"user_code": device.begun["user_code"]})
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/?next=/o/device/%3Fuser_code%3D")


@pytest.mark.parametrize("typed", ["", "   "])
def test_nothing_entered_is_told_at_the_field(device: Device, typed: str) -> None:
    answer = device.enter(typed)
    assert answer.status_code == 400
    assert "Enter the code that your device shows." in text(answer)
    assert 'aria-invalid="true"' in text(answer)


def test_wrong_expired_refused_allowed_and_unreadable_codes_are_told_alike(device: Device, user: Any) -> None:
    def told(code: str | None = None) -> tuple[int, str]:
        answer = device.enter(code)
        body = text(answer)
        return answer.status_code, body.partition('class="errorlist"')[2].partition("</ul>")[0].partition(">")[2]

    first = told(WRONG)
    assert first[0] == 400
    assert "No device waits with this code." in first[1]
    assert told("AEIO") == first
    device.compare(device.enter(), answer="no")
    assert told() == first
    device.begin()
    device.decide()
    assert told() == first
    device.begin()
    expire()
    assert told() == first


def test_too_many_wrong_codes_are_told_with_the_time_to_wait(device: Device) -> None:
    answers = [device.enter(WRONG) for _time in range(6)]
    assert [answer.status_code for answer in answers[:4]] == [400] * 4
    assert answers[-1].status_code == 429
    assert 0 < int(answers[-1]["Retry-After"]) <= 30
    assert "Too many codes were wrong. You can try again in" in text(answers[-1])
    # The way out: the page, the field and what was typed are there for the next try.
    assert f'value="{WRONG}"' in text(answers[-1])


# --- The comparison ------------------------------------------------------------------------------------------------


def test_page_shows_the_code_the_app_the_device_and_where_it_asks(device: Device) -> None:
    DeviceAuthorization.objects.update(created=F("created") - timedelta(minutes=3))
    page = device.browser.get(device.enter(device.begun["user_code"].lower())["Location"])
    assert page.status_code == 200
    body = text(page)
    for shown in (device.begun["user_code"], "Calendar TV", "Chrome on Android", "203.0.113.7", "ago"):
        assert shown in body, shown
    assert "form-action 'self';" in page["Content-Security-Policy"] + ";"
    assert "frame-ancestors 'none'" in page["Content-Security-Policy"]
    assert page["Referrer-Policy"] == "same-origin"


def test_device_at_the_persons_own_address_is_said_to_be_there(device: Device) -> None:
    page = device.browser.get(device.enter(REMOTE_ADDR="203.0.113.7")["Location"], REMOTE_ADDR="203.0.113.7")
    assert "at the same internet address as you are now" in text(page)


def test_app_that_nobody_reviewed_is_said_to_be_so(user: Any) -> None:
    plant_signing_key()
    draft = Device(make_device_application(user, status="draft"), user)
    draft.begin()
    assert "Not reviewed by" in text(draft.browser.get(draft.enter()["Location"]))


def test_app_for_others_is_not_open_to_a_stranger(user: Any) -> None:
    draft = Device(make_device_application(factories.make_user(), status="draft"), user)
    draft.begin()
    location = draft.enter()["Location"]
    for answer in (draft.browser.get(location), draft.browser.post(location, {"answer": "yes"})):
        assert answer.status_code == 403
        assert "This app is not open to you yet" in text(answer)


def test_suspended_app_is_told_with_its_reason(device: Device) -> None:
    location = device.enter()["Location"]
    registration = device.application.registration
    registration.status, registration.status_reason = "suspended", "It sends spam."
    registration.save()
    for answer in (device.browser.get(location), device.browser.get(f"{location}continue/")):
        assert answer.status_code == 403
        assert "It sends spam." in text(answer)


@pytest.mark.parametrize("answer", ["", "maybe", ["yes", "no"]])
def test_form_without_a_clear_answer_goes_nowhere(device: Device, answer: Any) -> None:
    location = device.enter()["Location"]
    assert device.browser.post(location, {"answer": answer}).status_code == 400
    assert device.poll().error == "authorization_pending"


def test_no_tells_the_device_at_once_and_the_person_what_happened(device: Device, user: Any) -> None:
    answer = device.compare(device.enter(), answer="no")
    page = device.browser.get(answer["Location"])
    assert "Nothing was allowed" in text(page)
    assert device.poll().error == "access_denied"
    assert not Consent.objects.exists()
    assert AuditEvent.objects.get(action="consent.refused").actor == user


def test_code_that_is_over_meanwhile_is_told_with_the_way_to_another(device: Device) -> None:
    location = device.enter()["Location"]
    expire()
    for answer in (
        device.browser.get(location),
        device.browser.post(location, {"answer": "yes"}),
        device.browser.get(f"{location}continue/", follow=True),
    ):
        assert answer.status_code == 410
        assert "The code on your device is over, or was used." in text(answer)
        assert 'name="user_code"' in text(answer)


@pytest.mark.parametrize("path", ["", "continue/", "done/"])
def test_unknown_handle_is_an_error_page(device: Device, path: str) -> None:
    assert device.browser.get(f"/o/device/nothing/{path}").status_code == 410


def test_handle_of_an_app_request_is_none_of_a_device(device: Device, user: Any) -> None:
    plain = factories.make_application()
    handle = "h" * 43
    row = AuthorizationRequest.objects.create(
        handle_digest=crypto.digest(handle),
        application=plain.application,
        user=user,
        parameters={"client_id": "c", "redirect_uri": factories.CALLBACK, "redirect_uri_given": True, "scope": []},
        created=DeviceAuthorization.objects.get().created,
        expires_at=DeviceAuthorization.objects.get().expires_at,
    )
    for path in ("", "continue/", "done/"):
        assert device.browser.get(f"/o/device/{handle}/{path}").status_code == 410
    assert AuthorizationRequest.objects.get(pk=row.pk).answered_at is None


def test_handle_of_a_device_is_no_request_of_an_app(device: Device) -> None:
    handle = device.enter()["Location"].rstrip("/").rpartition("/")[2]
    answer = device.browser.get(f"/o/authorize/{handle}/")
    assert answer.status_code == 400
    assert device.poll().error == "authorization_pending"


# --- The decision and after it ---------------------------------------------------------------------------------------


def test_consent_page_names_the_device_in_place_of_a_host(device: Device) -> None:
    page = device.browser.get(device.compare(device.enter())["Location"])
    assert "on your device?" in text(page)
    assert "On your device: <strong><bdi>Chrome on Android</bdi></strong>" in text(page)
    assert "you go on to" not in text(page)
    assert "form-action 'self'" in page["Content-Security-Policy"].split("; ")


def test_outcome_sends_the_person_back_and_may_be_loaded_again(device: Device) -> None:
    page = device.decide()
    assert "Go back to your device" in text(page)
    assert page.request["PATH_INFO"].endswith("/done/")
    assert device.browser.get(page.request["PATH_INFO"]).status_code == 200


def test_why_it_is_asked_again_is_told(device: Device) -> None:
    device.decide()
    device.begin()
    page = device.browser.get(device.compare(device.enter())["Location"])
    assert "so we ask each time" in text(page)


def test_consent_page_whose_code_is_over_records_nothing(device: Device) -> None:
    location = device.compare(device.enter())["Location"]
    expire()
    answer = device.browser.post(location, {"scope": ["nickname"], "decision": "allow", "duration": "30"})
    assert answer.status_code == 410
    assert not Consent.objects.exists()


def test_another_account_may_be_chosen_on_the_consent_page(device: Device, other_user: Any) -> None:
    location = device.compare(device.enter())["Location"]
    answer = device.browser.post(f"{location}switch/")
    assert answer.status_code == 303
    assert "/o/device/" in answer["Location"]
    device.sign_in_again(other_user)
    confirm = location.replace("/o/consent/", "/o/device/")
    resume = f"{confirm}continue/"
    assert device.browser.get(resume)["Location"] == confirm, "who goes on has to compare the code too"
    device.browser.post(confirm, {"answer": "yes"})
    assert device.browser.get(resume)["Location"] == location
    device.browser.post(location, {"decision": "allow", "duration": "30"})
    assert "Go back to your device" in text(device.browser.get(resume, follow=True))
    assert DeviceAuthorization.objects.get().user == other_user


def test_person_whose_session_was_ended_elsewhere_signs_in_again(device: Device) -> None:
    location = device.compare(device.enter())["Location"]
    device.browser.logout()
    answer = device.browser.get(location.replace("/o/consent/", "/o/device/") + "continue/")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/")


def test_connected_app_page_shows_the_device(device: Device) -> None:
    device.decide()
    assert device.poll().status == 200
    page = device.browser.get(f"/o/apps/{device.application.pk}/")
    assert "Chrome on Android" in text(page)
