"""Defect 1: the device grant gives no codes, binds them to nobody, and lets them be guessed, used again and kept."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from oauthlib.oauth2.rfc8628.grant_types import DeviceCodeGrant

from provider_site.models import Authorization, DeviceAuthorization
from tests import factories
from tests.defects.stock.device import StockDevice, stored
from tests.defects.stock.driver import failure, new_client
from tests.provider.device import Device, make_device_application
from tests.provider.driver import ISSUER_HOST

LONG_AGO = timedelta(days=30)


@pytest.fixture
def television(oauthlib_3: None, stock_site: None, user: Any) -> StockDevice:
    """Return a device at stock DOT that has its codes, with the release of oauthlib that its device grant works on."""
    device = StockDevice(user)
    device.begin()
    return device


@pytest.fixture
def oauthlib_3(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take out the step that oauthlib 4 added to its grant: DOT supports oauthlib 3 as well, which has none."""
    monkeypatch.setattr(DeviceCodeGrant, "validate_device_code", lambda _self, _request: None)


def let_time_pass() -> None:
    """Let all codes of ours be over for a month."""
    then = timezone.now() - LONG_AGO
    DeviceAuthorization.objects.update(created=then - timedelta(seconds=600), expires_at=then)


# The endpoint itself.


@pytest.mark.parametrize("client_type", ["confidential", "public"])
def test_device_gets_codes(db: None, user: Any, client_type: str) -> None:
    device = Device(make_device_application(client_type=client_type), user)
    public = {"headers": {}, "client_id": device.application.client_id}
    answer = device.ask(**(public if client_type == "public" else {}))
    assert answer.status_code == 200
    assert {"device_code", "user_code", "verification_uri", "expires_in"} <= answer.json().keys()


@pytest.mark.parametrize("client_type", ["confidential", "public"])
def test_device_gets_a_server_error_of_stock_dot(stock_site: None, client_type: str) -> None:
    device = StockDevice(client_type=client_type)
    public = {"headers": {}}
    form = {"client_id": device.application.client_id, "scope": "openid"}
    answer = device.post("/o/device-authorization/", **(public if client_type == "public" else {}), **form)
    assert failure(answer) is TypeError


def test_allowed_device_gets_a_server_error_of_stock_dot(stock_site: None, user: Any) -> None:
    device = StockDevice(user)
    device.begin()
    device.decide()
    assert failure(device.poll()) is AttributeError


# Whose a code is.


def test_code_buys_nothing_for_another_client(device: Device) -> None:
    device.begin()
    device.decide()
    thief = Device(make_device_application())
    assert thief.poll(device.begun["device_code"]).error == "invalid_grant"
    assert device.poll().status == 200


def test_code_buys_tokens_for_another_client_at_stock_dot(television: StockDevice) -> None:
    television.decide()
    thief = StockDevice()
    thief.grant = television.grant
    stolen = thief.poll()
    assert stolen.status_code == 200
    assert thief.resource(stolen.json()["access_token"]).content == b"ada"


def test_code_buys_once(device: Device) -> None:
    first = device.bought()
    assert device.poll().error == "invalid_grant"
    assert not device.works(first.access)


def test_code_buys_without_limit_at_stock_dot(television: StockDevice) -> None:
    television.decide()
    answers = [television.poll() for _again in range(3)]
    assert len({answer.json()["access_token"] for answer in answers}) == 3
    assert all(television.resource(answer.json()["access_token"]).content == b"ada" for answer in answers)


def test_code_buys_nothing_after_its_time(device: Device) -> None:
    device.begin()
    device.decide()
    let_time_pass()
    assert device.poll().error == "expired_token"


def test_code_buys_tokens_after_its_time_at_stock_dot(television: StockDevice) -> None:
    television.decide()
    stored().update(expires=timezone.now() - LONG_AGO)
    assert television.poll().status_code == 200


# How a device polls.


def test_hasty_device_is_slowed_down(device: Device) -> None:
    device.begin()
    assert device.poll().error == "authorization_pending"
    assert device.poll().error == "slow_down"
    assert DeviceAuthorization.objects.get().interval > 5


def test_hasty_device_is_never_slowed_down_by_stock_dot(television: StockDevice) -> None:
    answers = {television.poll().json()["error"] for _again in range(20)}
    assert answers == {"authorization_pending"}


def test_unknown_code_is_an_invalid_grant(device: Device) -> None:
    answer = device.poll("unknown")
    assert (answer.status, answer.error) == (400, "invalid_grant")


def test_unknown_code_is_not_found_by_stock_dot(television: StockDevice) -> None:
    answer = television.poll(device_code="unknown")
    assert (answer.status_code, answer.json()) == (404, {"error": "device_not_found"})


# What is kept.


def test_old_codes_are_pruned(device: Device) -> None:
    device.begin()
    let_time_pass()
    call_command("prune_provider")
    assert not DeviceAuthorization.objects.exists()


def test_old_codes_are_kept_by_stock_dot(television: StockDevice) -> None:
    stored().update(expires=timezone.now() - LONG_AGO)
    call_command("cleartokens")
    assert stored().exists()


# Who decides.


def browser_of(person: Any) -> Client:
    """Return another person's browser."""
    browser = Client(headers={"host": ISSUER_HOST})
    browser.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return browser


def test_device_of_one_person_is_not_taken_over_by_another(device: Device, user: Any, other_user: Any) -> None:
    device.begin()
    mine = device.enter()
    assert mine.status_code == 303
    other = browser_of(other_user)
    assert device.enter(browser=other).status_code == 400
    assert other.post(mine["Location"], {"answer": "yes"}).status_code >= 400
    device.decide()
    assert device.poll().status == 200
    assert Authorization.objects.get().user == user


def test_device_of_one_person_is_taken_over_by_another_at_stock_dot(television: StockDevice, other_user: Any) -> None:
    mine = television.enter()
    other = new_client()
    other.force_login(other_user, backend="django.contrib.auth.backends.ModelBackend")
    assert television.confirm(television.enter(browser=other), browser=other).status_code == 302
    assert television.confirm(mine).status_code == 404
    assert television.resource(television.poll().json()["access_token"]).content == b"grace"


# How easily a user code is guessed.


def test_guessing_is_stopped(device: Device) -> None:
    device.begin()
    answers = [device.enter(f"BCDF-GHJ{letter}").status_code for letter in "BCDFGHJKLMNP"]
    assert answers[0] == 400
    assert answers[-1] == 429
    assert device.enter().status_code == 429  # though it would be the right one


def test_guessing_is_stopped_for_an_address_with_many_accounts(device: Device) -> None:
    device.begin()
    people = [browser_of(factories.make_user()) for _each in range(12)]
    wrong = [f"BCDF-GH{one}{two}" for one in "BCD" for two in "BCDFGHJKLMNPQRSTVWXZ"]
    answers = [device.enter(code, browser=people[number % 12]).status_code for number, code in enumerate(wrong)]
    assert answers[0] == 400
    assert answers[-1] == 429


def test_guessing_is_never_stopped_by_stock_dot(television: StockDevice) -> None:
    for number in range(60):
        assert "Incorrect user code" in television.enter(f"{number:08}").content.decode()
    assert television.enter().status_code == 302


def test_codes_have_nothing_in_common(device: Device) -> None:
    codes = [device.begin()["user_code"].replace("-", "") for _each in range(40)]
    assert len(set(codes)) == 40
    assert all(len({code[place] for code in codes}) > 5 for place in range(8))
