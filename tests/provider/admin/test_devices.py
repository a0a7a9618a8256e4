"""admin/devices.py."""

from typing import Any

import pytest
from django.test import Client

from provider_site.models import AuditEvent, Authorization, DeviceAuthorization
from provider_site.services import leaks
from tests.provider.admin.office import enter, page_of
from tests.provider.device import Device, make_device_application
from tests.provider.driver import plant_signing_key


@pytest.fixture
def device(db: None, user: Any) -> Device:
    """Return a device that has its codes, and a signed-in person's browser."""
    plant_signing_key()
    made = Device(make_device_application(name="Calendar TV"), user)
    made.begin()
    return made


@pytest.fixture
def office(staff: Any) -> Client:
    """Return the browser of somebody on the staff."""
    return enter(staff)


def text(answer: Any) -> str:
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_list_and_page_show_the_device_its_person_and_no_code(device: Device, office: Client, user: Any) -> None:
    assert "Waiting" in text(office.get(page_of(DeviceAuthorization)))
    device.decide()
    listed = text(office.get(page_of(DeviceAuthorization), {"q": user.get_username()}))
    for shown in ("Calendar TV", "Chrome, Android", "203.0.113.7", "Allowed"):
        assert shown in listed, shown
    row = DeviceAuthorization.objects.get()
    page = text(office.get(page_of(DeviceAuthorization, row.pk, "change")))
    assert row.user_code_digest not in page
    assert device.begun["user_code"] not in page + listed


def test_nothing_is_added_changed_or_deleted_there(device: Device, office: Client) -> None:
    row = DeviceAuthorization.objects.get()
    for address in (
        page_of(DeviceAuthorization, "add"),
        page_of(DeviceAuthorization, row.pk, "change"),
        page_of(DeviceAuthorization, row.pk, "delete"),
    ):
        assert office.post(address, {"decision": "allowed", "post": "yes"}).status_code == 403
    assert DeviceAuthorization.objects.get().decision == ""


@pytest.mark.parametrize("when", ["waiting", "allowed", "redeemed"])
def test_device_code_that_leaked_is_dead_with_all_it_bought(device: Device, when: str) -> None:
    tokens = None
    if when != "waiting":
        device.decide()
    if when == "redeemed":
        tokens = device.poll()
    code = device.begun["device_code"]
    found = leaks.revoke_leaked(text=code)
    assert found.outcome is leaks.Outcome.REVOKED
    assert found.applications == (device.application,)
    if tokens is not None:
        assert not device.works(tokens.access)
        assert Authorization.objects.get().revoked_reason == "leaked"
    assert device.poll().status == 400
    assert device.enter().status_code == 400
    event = AuditEvent.objects.get(action="token.revoked")
    assert event.data["kind"] == "device_code"
    assert code not in str(event.data)
    assert leaks.revoke_leaked(text=code).outcome is leaks.Outcome.DEAD_ALREADY
