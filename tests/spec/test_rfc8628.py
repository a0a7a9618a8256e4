"""RFC 8628: the OAuth 2.0 device authorization grant."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F

from provider_site.models import Authorization, DeviceAuthorization
from tests import factories
from tests.provider.device import GRANT, Device, make_device_application
from tests.provider.driver import ISSUER, Driver, plant_signing_key


@pytest.fixture
def device(db: None, user: Any) -> Device:
    """Return a device of a confidential client, and a signed-in person's browser."""
    plant_signing_key()
    return Device(make_device_application(), user)


@pytest.fixture
def public(db: None, user: Any) -> Device:
    """Return a device of a public client."""
    plant_signing_key()
    return Device(make_device_application(client_type="public"), user)


def expire() -> None:
    DeviceAuthorization.objects.update(expires_at=F("expires_at") - timedelta(hours=1))


# --- 3.1, 3.2: the device authorization endpoint -------------------------------------------------------------------


def test_answer_has_every_member_and_is_not_stored(device: Device) -> None:
    """3.2."""
    answer = device.ask()
    begun = answer.json()
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/json"
    assert answer["Cache-Control"] == "no-store"
    assert begun["verification_uri"] == f"{ISSUER}/o/device/"
    assert begun["verification_uri_complete"] == f"{ISSUER}/o/device/?user_code={begun['user_code']}"
    assert (begun["expires_in"], begun["interval"]) == (600, 5)
    assert begun["device_code"].startswith("osdc_")


def test_lifetime_and_interval_are_the_settings(device: Device, settings: Any) -> None:
    """3.2."""
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"DEVICE_CODE_SECONDS": 120, "DEVICE_POLL_SECONDS": 9}
    begun = device.begin()
    assert (begun["expires_in"], begun["interval"]) == (120, 9)


def test_user_code_is_two_times_four_consonants(device: Device) -> None:
    """6.1."""
    first, hyphen, second = device.begin()["user_code"].partition("-")
    assert hyphen == "-"
    assert (len(first), len(second)) == (4, 4)
    assert set(first + second) <= set("BCDFGHJKLMNPQRSTVWXZ")


def test_neither_code_is_stored_in_clear(device: Device) -> None:
    begun = device.begin()
    stored = repr(list(DeviceAuthorization.objects.values()))
    assert begun["device_code"] not in stored
    assert begun["user_code"] not in stored
    assert begun["user_code"].replace("-", "") not in stored


@pytest.mark.parametrize(
    ("form", "error", "status"),
    [
        ({"scope": "openid admin"}, "invalid_scope", 400),
        ({"scope": None, "client_id": None, "display": "tv"}, "invalid_scope", 400),
        ({"scope": " "}, "invalid_scope", 400),
    ],
)
def test_scope_beyond_the_registration_is_refused(device: Device, form: Any, error: str, status: int) -> None:
    """3.1, RFC 6749 3.3."""
    answer = device.ask(**form)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert not DeviceAuthorization.objects.exists()


def test_openid_is_no_must(device: Device) -> None:
    """3.1: an OAuth client without OpenID Connect gets tokens, and no ID token."""
    tokens = device.bought(scope="nickname", scopes=["nickname"])
    assert tokens.body["scope"] == "nickname"
    assert "id_token" not in tokens.body


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic bm9ib2R5Om5vdGhpbmc="}])
def test_confidential_client_that_does_not_prove_itself_is_refused(device: Device, headers: dict[str, str]) -> None:
    """3.1: as at the token endpoint."""
    answer = device.ask(headers=headers, client_id=device.application.client_id)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert answer["WWW-Authenticate"].startswith("Basic")


def test_wrong_secret_is_refused(device: Device) -> None:
    """3.1."""
    answer = device.ask(headers=device.basic(secret="oscs_wrong"))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_public_client_names_itself(public: Device) -> None:
    """3.1, 3.4: client_id."""
    identity = {"headers": {}, "client_id": public.application.client_id}
    public.begin(**identity)
    public.decide()
    tokens = public.poll(**identity)
    assert tokens.status == 200
    assert public.works(tokens.access)


@pytest.mark.parametrize("form", [{}, {"client_id": "nobody"}, {"client_id": ""}])
def test_unknown_or_missing_client_is_refused(public: Device, form: dict[str, str]) -> None:
    """3.1."""
    answer = public.ask(headers={}, **form)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_client_of_another_grant_is_refused(driver: Driver) -> None:
    """3.1, RFC 6749 5.2."""
    answer = Device.ask(driver)  # type: ignore[arg-type]  # a client of the code flow is a driver too
    assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")


def test_device_client_may_not_use_the_authorization_endpoint(device: Device) -> None:
    """RFC 6749 5.2: nor does its application have an address to answer at."""
    assert device.authorize().status_code == 400


def test_suspended_application_is_refused(device: Device) -> None:
    registration = device.application.registration
    registration.status = "suspended"
    registration.save()
    answer = device.ask()
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("scope=openid&scope=nickname", "application/x-www-form-urlencoded"),
        ('{"scope": "openid"}', "application/json"),
        ("scope=%00", "application/x-www-form-urlencoded"),
    ],
)
def test_malformed_request_is_refused(device: Device, body: str, content_type: str) -> None:
    """3.1: the form encoding, no parameter more than once."""
    answer = device.backchannel.post(
        "/o/device_authorization/", body, content_type=content_type, headers=device.basic()
    )
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_get_is_not_allowed(device: Device) -> None:
    """3.1."""
    assert device.backchannel.get("/o/device_authorization/", headers=device.basic()).status_code == 405


# --- 3.4, 3.5: polling ---------------------------------------------------------------------------------------------


def test_pending_until_the_person_has_allowed_it(device: Device) -> None:
    """3.5."""
    device.begin()
    answer = device.poll()
    assert (answer.status, answer.error) == (400, "authorization_pending")
    device.wait()
    assert device.poll().error == "authorization_pending"
    device.decide()
    device.wait()
    assert device.poll().status == 200


def test_poll_before_the_interval_is_slowed_down_by_five_seconds_each_time(device: Device) -> None:
    """3.5: for this and all subsequent requests."""
    device.begin()
    assert device.poll().error == "authorization_pending"
    assert device.poll().error == "slow_down"
    assert DeviceAuthorization.objects.get().interval == 10
    device.wait(6)
    assert device.poll().error == "slow_down"
    assert DeviceAuthorization.objects.get().interval == 15
    device.wait(14)
    assert device.poll().error == "authorization_pending"
    assert DeviceAuthorization.objects.get().interval == 15


def test_refused_by_the_person(device: Device) -> None:
    """3.5: access_denied."""
    device.begin()
    device.decide(decision="deny")
    answer = device.poll()
    assert (answer.status, answer.error) == (400, "access_denied")


def test_every_scope_declined_is_a_refusal(device: Device) -> None:
    """3.5."""
    device.begin(scope="nickname")
    device.decide(scopes=())
    assert device.poll().error == "access_denied"


def test_expired_code(device: Device) -> None:
    """3.5: also where it was allowed in time."""
    device.begin()
    device.decide()
    expire()
    answer = device.poll()
    assert (answer.status, answer.error) == (400, "expired_token")


@pytest.mark.parametrize("code", ["unknown", "osdc_" + "0" * 49, "ä"])
def test_unknown_code(device: Device, code: str) -> None:
    """3.5, RFC 6749 5.2."""
    device.begin()
    answer = device.poll(code)
    assert (answer.status, answer.error) == (400, "invalid_grant")


def test_missing_code(device: Device) -> None:
    """3.4."""
    answer = device.token(grant_type=GRANT)
    assert (answer.status, answer.error) == (400, "invalid_request")


def test_confidential_client_proves_itself_at_each_poll(device: Device) -> None:
    """3.4."""
    device.begin()
    answer = device.poll(headers={}, client_id=device.application.client_id)
    assert (answer.status, answer.error) == (401, "invalid_client")


def test_code_buys_once(device: Device) -> None:
    """3.5: a second use is refused, and what the first bought is dead."""
    tokens = device.bought()
    assert device.poll().error == "invalid_grant"
    assert not device.works(tokens.access)
    assert device.refresh(tokens.refresh).error == "invalid_grant"
    assert Authorization.objects.get().revoked_reason == "device_code_replayed"


def test_tokens_are_those_of_the_code_flow(device: Device, user: Any) -> None:
    """3.5, RFC 6749 5.1, OpenID Connect Core 2."""
    tokens = device.bought()
    assert tokens.body["scope"].split() == ["openid", "nickname", "offline_access"]
    assert device.works(tokens.access)
    claims = device.id_token(tokens)
    assert "nonce" not in claims
    assert claims["sub"] == device.userinfo(tokens.access).json()["sub"]
    renewed = device.refresh(tokens.refresh)
    assert renewed.status == 200
    assert device.works(renewed.access)


def test_only_what_the_person_ticked_is_bought(device: Device) -> None:
    """3.3: the same consent page."""
    device.begin()
    device.decide(scopes=())
    assert device.poll().body["scope"] == "openid"


def test_scope_at_the_token_endpoint_widens_nothing(device: Device) -> None:
    """3.4: the token request has none."""
    device.begin(scope="openid")
    device.decide(scopes=())
    assert device.poll(scope="openid nickname").body["scope"] == "openid"


# --- 3.3: the person -----------------------------------------------------------------------------------------------


def test_code_of_the_complete_address_is_shown_and_not_sent(device: Device) -> None:
    """3.3.1: the person still compares it."""
    begun = device.begin()
    page = device.browser.get(begun["verification_uri_complete"].removeprefix(ISSUER))
    assert page.status_code == 200
    assert f'value="{begun["user_code"]}"' in page.content.decode()
    assert device.poll().error == "authorization_pending"


@pytest.mark.parametrize(
    "change", [str.lower, lambda code: code.replace("-", ""), lambda code: code.replace("-", " – ")]
)
def test_code_is_taken_in_any_case_and_with_any_separator(device: Device, change: Any) -> None:
    """6.1."""
    assert device.enter(change(device.begin()["user_code"])).status_code == 303


def test_person_signs_in_first_and_comes_back_to_the_code(device: Device) -> None:
    """3.3."""
    begun = device.begin()
    device.browser.logout()
    answer = device.browser.get(begun["verification_uri_complete"].removeprefix(ISSUER))
    assert answer.status_code == 302
    assert begun["user_code"] in answer["Location"]


# --- 4: metadata ---------------------------------------------------------------------------------------------------


def test_metadata_name_endpoint_and_grant(device: Device) -> None:
    """4."""
    document = device.backchannel.get("/.well-known/oauth-authorization-server").json()
    assert document["device_authorization_endpoint"] == f"{ISSUER}/o/device_authorization/"
    assert GRANT in document["grant_types_supported"]


# --- 5: security ---------------------------------------------------------------------------------------------------


def test_codes_that_wait_are_bounded(device: Device, settings: Any) -> None:
    """5.1: each open code is one more that a guess may hit."""
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"MAX_OPEN_DEVICE_CODES": 2}
    device.begin()
    device.begin()
    answer = device.ask()
    assert answer.status_code == 429
    assert answer["Retry-After"]
    expire()
    device.begin()


def test_public_client_is_bounded_for_each_address(public: Device) -> None:
    """5.1: who knows its name can't fill the places of all."""
    identity = {"headers": {}, "client_id": public.application.client_id}
    for _number in range(50):
        public.begin(**identity)
    assert public.ask(**identity).status_code == 429
    assert public.ask(**identity, address="203.0.113.8").status_code == 200


def test_public_client_is_bounded_for_each_customer_of_a_network(public: Device) -> None:
    """5.1: who has one IPv6 connection has 2^64 addresses; a neighbour has others, and IPv4 in IPv6 is no network."""
    identity = {"headers": {}, "client_id": public.application.client_id}
    for number in range(50):
        assert public.ask(**identity, address=f"2001:db8:0:7::{number + 1:x}").status_code == 200
    assert public.ask(**identity, address="2001:db8:0:7:ffff::1").status_code == 429
    assert public.ask(**identity, address="2001:db8:0:8::1").status_code == 200
    for number in range(51):
        assert public.ask(**identity, address=f"::ffff:203.0.113.{number}").status_code == 200


def test_consent_is_asked_for_each_device(device: Device) -> None:
    """5.4: also where everything was allowed before."""
    device.bought()
    device.begin()
    page = device.compare(device.enter())
    assert page["Location"].startswith("/o/consent/")


def test_application_of_the_site_itself_asks_for_each_device_too(device: Device) -> None:
    """5.4."""
    registration = device.application.registration
    registration.first_party = True
    registration.save()
    device.begin()
    assert device.compare(device.enter())["Location"].startswith("/o/consent/")


def test_draft_is_for_those_who_build_it(user: Any) -> None:
    plant_signing_key()
    owner = factories.make_user()
    own = Device(make_device_application(owner, status="draft"), owner)
    assert own.bought().status == 200
    foreign = Device(make_device_application(owner, status="draft"), user)
    foreign.begin()
    assert foreign.browser.get(foreign.enter()["Location"]).status_code == 403
