"""Attacks on the device grant: foreign codes, guessed codes, deceived people, replays, races (RFC 8628 5, RFC 9700)."""

import logging
from collections import Counter
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import get_access_token_model

from provider_site.models import Authorization, AuthorizationRequest, Consent, DeviceAuthorization
from provider_site.services import device_requests
from provider_site.signals import replay_detected
from tests import factories
from tests.flows.test_at_once import at_once
from tests.provider.device import GRANT, Device, make_device_application
from tests.provider.driver import ISSUER_HOST, Driver, plant_signing_key


@pytest.fixture
def device(db: None, user: Any) -> Device:
    """Return a device that has its codes, and its person's browser."""
    plant_signing_key()
    made = Device(make_device_application(), user)
    made.begin()
    return made


def browser_of(person: Any, **options: Any) -> Client:
    browser = Client(headers={"host": ISSUER_HOST}, **options)
    browser.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return browser


# --- Other clients -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("client_type", ["confidential", "public"])
def test_code_of_one_client_is_worthless_to_another(device: Device, client_type: str) -> None:
    """RFC 8628 3.4; and the thief neither learns its state nor spoils it."""
    thief = Device(make_device_application(client_type=client_type))
    identity = {"headers": {}, "client_id": thief.application.client_id} if client_type == "public" else {}
    assert thief.poll(device.begun["device_code"], **identity).error == "invalid_grant"
    device.decide()
    assert thief.poll(device.begun["device_code"], **identity).error == "invalid_grant"
    tokens = device.poll()
    assert tokens.status == 200
    assert thief.poll(device.begun["device_code"], **identity).error == "invalid_grant"
    assert device.works(tokens.access)  # no replay: it never was the thief's


def test_public_client_can_not_name_the_owner_of_the_code(device: Device) -> None:
    device.decide()
    assert device.poll(headers={}, client_id=device.application.client_id).error == "invalid_client"


@pytest.mark.parametrize("grant", ["authorization_code", "refresh_token", "client_credentials"])
def test_device_code_is_nothing_to_another_grant(device: Device, grant: str) -> None:
    device.decide()
    code = device.begun["device_code"]
    answer = device.token(
        grant_type=grant, code=code, refresh_token=code, redirect_uri=factories.CALLBACK, code_verifier="v" * 43
    )
    assert answer.status == 400
    assert device.poll().status == 200


def test_authorization_code_is_no_device_code(device: Device, user: Any) -> None:
    other = Driver(factories.make_application(), user)
    code = other.code()
    assert device.poll(code).error == "invalid_grant"
    assert other.token(grant_type=GRANT, device_code=code).error == "unauthorized_client"
    assert other.redeem(code).status == 200


def test_user_code_is_no_device_code(device: Device) -> None:
    device.decide()
    assert device.poll(device.begun["user_code"]).error == "invalid_grant"


# --- Other people --------------------------------------------------------------------------------------------------


@pytest.fixture
def entered_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let several people have entered one code in the same moment: later, it is the first one's."""
    monkeypatch.setattr(device_requests, "is_taken", lambda **_: False)


def test_code_that_somebody_is_deciding_about_is_nothing_to_another(device: Device, other_user: Any) -> None:
    second = browser_of(other_user)
    assert device.enter().status_code == 303
    assert device.enter(browser=second).status_code == 400
    assert device.enter().status_code == 303, "who has entered it may enter it again"
    AuthorizationRequest.objects.update(expires_at=timezone.now())
    assert device.enter(browser=second).status_code == 303, "who went away keeps nobody out"


@pytest.mark.usefixtures("entered_at_once")
def test_only_the_first_who_decides_is_heard(device: Device, user: Any, other_user: Any) -> None:
    second = browser_of(other_user)
    theirs = device.compare(device.enter(browser=second), browser=second)["Location"]
    device.decide()
    answer = second.post(theirs, {"decision": "allow", "duration": "30"})
    assert answer.status_code == 410
    assert not Consent.objects.filter(user=other_user).exists()
    device.poll()
    assert Authorization.objects.get().user == user


@pytest.mark.parametrize("path", ["", "continue/"])
def test_handle_of_one_person_is_nothing_to_another(device: Device, other_user: Any, path: str) -> None:
    location = device.enter()["Location"]
    thief = browser_of(other_user)
    assert thief.get(f"{location}{path}").status_code == 410
    assert thief.post(location, {"answer": "no"}).status_code == 410
    assert device.poll().error == "authorization_pending"


def test_outcome_is_shown_to_who_decided_alone(device: Device, other_user: Any) -> None:
    page = device.decide().request["PATH_INFO"]
    assert browser_of(other_user).get(page).status_code == 410


# --- Deceived people -----------------------------------------------------------------------------------------------


def test_link_with_the_code_changes_nothing_and_is_never_looked_up(device: Device, user: Any) -> None:
    """RFC 8628 5.4: neither for who follows it, nor to find out which codes there are."""
    answers = [
        device.browser.get("/o/device/", {"user_code": code})
        for code in (device.begun["user_code"], *["BBBB-BBBB"] * 9)
    ]
    assert {answer.status_code for answer in answers} == {200}
    assert not AuthorizationRequest.objects.exists()
    assert device.enter().status_code == 303


def test_everything_that_decides_needs_a_form_of_this_site(device: Device, user: Any) -> None:
    location = device.enter()["Location"]
    victim = browser_of(user, enforce_csrf_checks=True)
    elsewhere = {"origin": "https://evil.example"}
    for address, form in (
        ("/o/device/", {"user_code": device.begun["user_code"]}),
        (location, {"answer": "yes"}),
        (location.replace("/o/device/", "/o/consent/"), {"decision": "allow", "duration": "30"}),
    ):
        assert victim.post(address, form, headers=elsewhere).status_code == 403
    assert device.poll().error == "authorization_pending"


def test_going_on_without_the_consent_page_buys_nothing(device: Device, user: Any) -> None:
    """Also where everything is allowed already: an address alone never signs a device in."""
    device.decide()
    device.begin()
    location = device.enter()["Location"]
    resume = f"{location}continue/"
    assert device.browser.get(resume)["Location"] == location, "the code is compared first"
    device.browser.post(location, {"answer": "yes"})
    for _time in range(3):
        assert device.browser.get(resume)["Location"].startswith("/o/consent/")
    assert device.poll().error == "authorization_pending"


def test_request_that_a_thief_has_compared_and_let_go_of_has_its_next_person_compare(
    device: Device, other_user: Any
) -> None:
    """RFC 8628 5.4: by the thief's link to the page after it, nobody would be asked about the thief's device."""
    consent_page = device.compare(device.enter())["Location"]
    location = consent_page.replace("/o/consent/", "/o/device/")
    device.browser.post(f"{consent_page}switch/")
    victim = browser_of(other_user)
    assert victim.get(f"{location}continue/")["Location"] == location
    assert victim.get(consent_page)["Location"] == location
    assert victim.post(consent_page, {"decision": "allow", "duration": "30"})["Location"] == location
    assert not Consent.objects.filter(user=other_user).exists()
    assert "Does your device show this code?" in victim.get(location).content.decode()
    assert victim.post(location, {"answer": "yes"})["Location"] == f"{location}continue/"
    assert victim.get(f"{location}continue/")["Location"] == consent_page
    assert device.poll().error == "authorization_pending"


@pytest.mark.parametrize("path", ["", "handle", "done"])
def test_pages_may_not_be_framed_nor_kept(device: Device, path: str) -> None:
    """RFC 9700 4.16."""
    handle = device.enter()["Location"]
    address = {"": "/o/device/", "handle": handle, "done": f"{handle}done/"}[path]
    if path == "done":
        device.browser.post(handle, {"answer": "no"})
        device.browser.get(f"{handle}continue/")
    page = device.browser.get(address)
    assert page.status_code == 200
    assert "frame-ancestors 'none'" in page["Content-Security-Policy"]
    assert page["X-Frame-Options"] == "DENY"
    assert "no-store" in page["Cache-Control"]


def test_names_and_programs_that_hold_markup_are_text(user: Any) -> None:
    plant_signing_key()
    evil = "<img src=x onerror=alert(1)>"
    attacker = Device(make_device_application(name=f"A {evil}"), user)
    attacker.begin(headers={"User-Agent": evil} | attacker.basic())
    location = attacker.enter()["Location"]
    pages = [attacker.browser.get(location), attacker.browser.get(attacker.compare(attacker.enter())["Location"])]
    for page in pages:
        assert page.status_code == 200
        assert evil not in page.content.decode()


# --- Guesses -------------------------------------------------------------------------------------------------------


def test_guesser_has_five_guesses_and_then_one_in_ever_longer_times(device: Device, other_user: Any) -> None:
    """RFC 8628 5.1: with the codes of one application all open, five guesses hit one with a chance of 2 in 10^7."""
    guesser = browser_of(other_user)
    guesses = ["".join(letters) for letters in zip(*[iter("BCDFGHJKLMNPQRSTVWXZ" * 10)] * 8, strict=False)]
    statuses = Counter(device.enter(guess, browser=guesser).status_code for guess in guesses)
    assert statuses == {400: 4, 429: len(guesses) - 4}
    assert device.enter(browser=guesser).status_code == 429
    assert device.enter().status_code == 303  # nobody else is kept out


def test_forwarded_headers_buy_no_guesses(device: Device) -> None:
    for number in range(5):
        device.enter("BBBB-BBBB", headers={"X-Forwarded-For": f"192.0.2.{number}"})
    assert device.enter("BBBB-BBBB", headers={"X-Forwarded-For": "192.0.2.99"}).status_code == 429


def test_strangers_have_no_guess_at_all(device: Device) -> None:
    nobody = Client(headers={"host": ISSUER_HOST})
    assert device.enter(browser=nobody).status_code == 302
    assert not AuthorizationRequest.objects.exists()


# --- Replays, secrets ----------------------------------------------------------------------------------------------


def test_replay_is_reported_and_kills_what_the_code_bought(device: Device) -> None:
    seen: list[str] = []

    def note(kind: str, **_rest: Any) -> None:
        seen.append(kind)

    replay_detected.connect(note)
    try:
        device.decide()
        tokens = device.poll()
        renewed = device.refresh(tokens.refresh)
        assert device.poll().error == "invalid_grant"
    finally:
        replay_detected.disconnect(note)
    assert seen == ["device_code"]
    assert not device.works(renewed.access)
    assert device.refresh(renewed.refresh).error == "invalid_grant"


def test_codes_are_in_no_log_and_no_session(device: Device, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        begun = device.begin()
        device.poll()
        device.decide()
        device.wait()
        device.poll()
        device.poll()
    kept = caplog.text + repr(dict(device.browser.session)) + repr(list(AuthorizationRequest.objects.values()))
    for secret in (begun["device_code"], begun["user_code"], begun["user_code"].replace("-", "")):
        assert secret not in kept


# --- Races ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def committed(transactional_db: None) -> Device:
    """Return a device that was allowed, committed for other connections."""
    plant_signing_key()
    made = Device(make_device_application(), factories.make_user())
    made.begin()
    return made


def twin(device: Device, person: Any = None) -> Device:
    """Return the same client with connections of its own."""

    class Registered:
        application, client_secret = device.application, device.secret

    made = Device(Registered, person)
    made.begun = device.begun
    return made


def test_sixteen_polls_at_once_buy_one_set_of_tokens(committed: Device) -> None:
    committed.decide()
    answers = at_once(lambda _number: twin(committed).poll(), 16)
    statuses = Counter(answer.status for answer in answers)
    assert statuses == {200: 1, 400: 15}
    assert {answer.error for answer in answers if answer.status == 400} <= {"slow_down", "invalid_grant"}
    assert Authorization.objects.count() == 1
    assert get_access_token_model().objects.count() <= 1


def test_redemptions_that_pass_every_check_at_once_buy_one_set_of_tokens(
    committed: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the wait between polls: what consumes the code decides by itself."""
    committed.decide()
    monkeypatch.setattr("provider_site.services.device_authorizations._is_in_time", lambda *_row: True)
    answers = at_once(lambda _number: twin(committed).poll(), 8)
    assert Counter(answer.status for answer in answers)[200] <= 1
    assert {answer.error for answer in answers if answer.status == 400} == {"invalid_grant"}


@pytest.mark.usefixtures("entered_at_once")
def test_two_people_who_decide_at_once_are_heard_once(committed: Device) -> None:
    people = [factories.make_user() for _number in range(4)]
    tabs = [browser_of(person) for person in people]
    pages = [committed.compare(committed.enter(browser=tab), browser=tab)["Location"] for tab in tabs]
    for tab, page in zip(tabs, pages, strict=True):
        assert tab.post(page, {"decision": "allow", "duration": "30"}).status_code == 303

    def go_on(number: int) -> int:
        resume = pages[number].replace("/o/consent/", "/o/device/") + "continue/"
        return int(tabs[number].get(resume).status_code)

    at_once(go_on, 4)
    assert Authorization.objects.count() == 1
    row = DeviceAuthorization.objects.get()
    assert row.authorization is not None
    assert row.user == row.authorization.user


def test_guesses_sent_at_once_are_counted_each(committed: Device) -> None:
    guesser = factories.make_user()
    statuses = Counter(
        at_once(lambda _number: committed.enter("BBBB-BBBB", browser=browser_of(guesser)).status_code, 12)
    )
    assert statuses[400] <= 4
    assert set(statuses) <= {400, 429}
