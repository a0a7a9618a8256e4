"""services/device_authorizations.py, device_entries.py and device_requests.py, as far as no page shows it."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import F
from django.utils import timezone

from provider_site.errors import AuthorizationRequestExpired
from provider_site.models import ApplicationScope, Authorization, AuthorizationRequest, DeviceAuthorization, Session
from provider_site.policy import networks, user_codes
from provider_site.services import (
    consents,
    device_authorizations,
    device_entries,
    device_requests,
    logout,
    pruning,
)
from tests.provider.device import TELEVISION, Device, make_device_application
from tests.provider.driver import plant_signing_key


@pytest.fixture
def device(db: None, user: Any) -> Device:
    """Return a device of a confidential client, and a signed-in person's browser."""
    plant_signing_key()
    return Device(make_device_application(), user)


def begin(device: Device) -> tuple[str, str]:
    """Return the two codes of a new device, the second as it is stored."""
    codes = device_authorizations.begin(
        application=device.application, scopes=["openid", "openid"], address=None, user_agent="T\x00V" + "x" * 500
    )
    return codes.device_code, codes.user_code


# --- What is kept --------------------------------------------------------------------------------------------------


def test_codes_are_in_no_representation(device: Device) -> None:
    codes = device_authorizations.begin(application=device.application, scopes=["openid"], address=None, user_agent="")
    assert codes.device_code not in repr(codes)
    assert codes.user_code not in repr(codes)


def test_program_and_scopes_are_cleaned(device: Device) -> None:
    begin(device)
    row = DeviceAuthorization.objects.get()
    assert row.user_agent.startswith("TVx")
    assert len(row.user_agent) == 300
    assert row.scope == "openid"


def test_code_is_found_under_every_secret_of_the_ring_and_under_no_other(device: Device, settings: Any) -> None:
    _device_code, user_code = begin(device)
    old = settings.PROVIDER_SITE["KEY_RING"]
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"KEY_RING": ["n" * 50, *old]}
    assert device_authorizations.find_open(user_code=user_code) is not None
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"KEY_RING": ["n" * 50]}
    assert device_authorizations.find_open(user_code=user_code) is None


def test_a_taken_user_code_is_drawn_anew(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter(["BBBBBBBB", "BBBBBBBB", "CCCCCCCC"])
    monkeypatch.setattr(user_codes, "new", lambda: next(drawn))
    assert begin(device)[1] == "BBBBBBBB"
    assert begin(device)[1] == "CCCCCCCC"


def test_code_the_person_typed_is_kept_sealed(device: Device, user: Any, settings: Any) -> None:
    _device_code, user_code = begin(device)
    row = device_authorizations.find_open(user_code=user_code)
    assert row is not None
    device_requests.keep(device=row, user=user, typed=user_codes.display(user_code).lower())
    kept = AuthorizationRequest.objects.get()
    assert user_code not in str(kept.parameters).upper()
    assert device_requests.user_code_of(kept) == user_codes.display(user_code)
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"KEY_RING": ["n" * 50]}
    assert device_requests.user_code_of(kept) == ""


# --- Decisions -----------------------------------------------------------------------------------------------------


def test_second_decision_and_a_late_one_are_refused(device: Device, user: Any, other_user: Any) -> None:
    _device_code, user_code = begin(device)
    row = device_authorizations.find_open(user_code=user_code)
    assert row is not None
    device_authorizations.deny(device=row, user=user)
    with pytest.raises(AuthorizationRequestExpired):
        device_authorizations.deny(device=row, user=other_user)
    _device_code, user_code = begin(device)
    late = device_authorizations.find_open(user_code=user_code)
    assert late is not None
    DeviceAuthorization.objects.update(expires_at=timezone.now())
    with pytest.raises(AuthorizationRequestExpired):
        device_authorizations.deny(device=late, user=user)
    assert device_authorizations.find_open(user_code=user_code) is None


def test_polls_of_another_client_neither_slow_down_nor_use_up(device: Device) -> None:
    device_code, _user_code = begin(device)
    other = make_device_application().application
    for _poll in range(3):
        found = device_authorizations.poll(device_code=device_code, application=other)
        assert found.state is device_authorizations.State.UNKNOWN
    row = DeviceAuthorization.objects.get()
    assert (row.interval, row.last_polled_at) == (5, None)


# --- What the device is signed in by ---------------------------------------------------------------------------------


def test_device_has_a_session_of_its_own_that_tells_how_the_person_signed_in(device: Device) -> None:
    tokens = device.bought()
    session = Authorization.objects.get().session
    assert session is not None
    assert device.id_token(tokens)["sid"] == str(session.pk)
    browser = Session.objects.exclude(pk=session.pk).get()
    assert (session.auth_time, session.amr) == (browser.auth_time, browser.amr)
    assert (session.address, session.user_agent) == ("203.0.113.7", TELEVISION)
    assert session.expires_at > timezone.now() + timedelta(days=364)


def test_signing_out_in_the_browser_leaves_the_device_signed_in(device: Device) -> None:
    tokens = device.bought(scope="openid nickname", scopes=["nickname"])
    device.sign_out()
    assert device.works(tokens.access)
    assert device.refresh(tokens.refresh).status == 200


def sign_out_everywhere(device: Device, user: AbstractBaseUser) -> None:
    assert logout.end_all(user=user, reason=Session.EndReason.PERSON) >= 1


def new_password(device: Device, user: AbstractBaseUser) -> None:
    user.set_password("another correct horse")
    user.save()


def time_over(device: Device, user: AbstractBaseUser) -> None:
    Session.objects.update(expires_at=F("expires_at") - timedelta(days=366))


def deactivated(device: Device, user: AbstractBaseUser) -> None:
    user.is_active = False
    user.save()


def withdrawn(device: Device, user: AbstractBaseUser) -> None:
    consents.withdraw(user=user, application=device.application)


def signed_out_of_the_app(device: Device, user: AbstractBaseUser) -> None:
    consents.sign_out(user=user, application=device.application)


@pytest.mark.parametrize(
    "end",
    [sign_out_everywhere, new_password, time_over, deactivated, withdrawn, signed_out_of_the_app],
    ids=lambda f: f.__name__,
)
@pytest.mark.parametrize("redeemed", [True, False], ids=["redeemed", "not-yet"])
def test_what_ends_a_sign_in_ends_the_devices(device: Device, user: Any, end: Any, redeemed: bool) -> None:
    device.begin(scope="openid nickname")
    device.decide(scopes=["nickname"])
    tokens = device.poll() if redeemed else None
    end(device, user)
    if tokens is None:
        assert device.poll().error == "invalid_grant"
    else:
        assert not device.works(tokens.access)
        assert device.refresh(tokens.refresh).status == 400


def test_device_that_may_renew_while_the_person_is_away_outlives_a_new_password_where_the_site_says_so(
    device: Device, user: Any, settings: Any
) -> None:
    tokens = device.bought()
    new_password(device, user)
    assert device.works(tokens.access)
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"PASSWORD_CHANGE_ENDS": "everything"}
    assert not device.works(tokens.access)


def test_scope_taken_from_the_registration_is_not_bought(device: Device) -> None:
    device.begin()
    device.decide()
    ApplicationScope.objects.filter(application=device.application, scope="nickname").delete()
    assert "nickname" not in device.poll().body["scope"].split()


# --- Entering codes ------------------------------------------------------------------------------------------------


def enter(user: Any, code: str = "BBBBBBBB", address: str | None = "198.51.100.1") -> device_entries.Entry:
    return device_entries.enter(typed=code, user=user, address=address)


def test_five_wrong_codes_lock_for_half_a_minute_and_what_is_no_code_counts_for_nothing(user: Any) -> None:
    for _entry in range(10):
        assert enter(user, "BBBB").wait == 0
    assert [enter(user).wait for _entry in range(4)] == [0, 0, 0, 0]
    assert 0 < enter(user).wait <= 30
    assert device_entries.waiting(user=user, address=None) > 0


def test_right_code_during_the_lock_is_not_looked_up(device: Device, user: Any) -> None:
    for _entry in range(5):
        enter(user)
    answer = enter(user, begin(device)[1])
    assert answer.device is None
    assert answer.wait > 0


@pytest.mark.skipif(
    "locmem" not in django_settings.CACHES["default"]["BACKEND"], reason="no other cache's clock can be set"
)
def test_wait_doubles_with_each_further_wrong_code(user: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    waits, now = [], timezone.now().timestamp()
    monkeypatch.setattr("django.core.cache.backends.locmem.time.time", lambda: now)
    monkeypatch.setattr("provider_site.services.device_entries.time.time", lambda: now)
    for _entry in range(14):
        wait = enter(user).wait
        if wait:
            waits.append(wait)
            now += wait + 1
    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]


def test_right_codes_of_ones_own_win_back_no_guesses(device: Device, user: Any) -> None:
    for _entry in range(4):
        enter(user)
        assert enter(user, begin(device)[1]).device is not None
    assert enter(user).wait > 0


def test_right_codes_alone_never_lock(device: Device, user: Any) -> None:
    assert all(enter(user, begin(device)[1]).device is not None for _entry in range(20))


def test_one_address_is_bounded_whoever_enters(user: Any, other_user: Any) -> None:
    class Somebody:
        def __init__(self, pk: int) -> None:
            self.pk = pk

    for number in range(30):
        enter(Somebody(1000 + number))
    assert enter(other_user).wait > 0
    assert enter(other_user, address="198.51.100.2").wait == 0


def test_addresses_of_one_network_are_one(user: Any, other_user: Any) -> None:
    assert networks.network_of("2001:db8::1") == networks.network_of("2001:db8::ffff:1")
    assert networks.network_of("2001:db8::1") != networks.network_of("2001:db8:0:1::1")


def test_many_guesses_everywhere_leave_each_account_one_and_lock_nobody_out(
    device: Device, user: Any, other_user: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_entries, "_MANY", 3)
    for _entry in range(3):
        enter(user, address=None)
    assert enter(other_user, begin(device)[1], address=None).device is not None
    assert enter(other_user, address=None).wait > 0


# --- Pruning -------------------------------------------------------------------------------------------------------


def test_rows_go_a_week_after_their_codes(device: Device) -> None:
    begin(device)
    DeviceAuthorization.objects.update(expires_at=timezone.now() - timedelta(days=6))
    assert pruning.prune()["device codes"] == 0
    DeviceAuthorization.objects.update(expires_at=timezone.now() - timedelta(days=8))
    assert pruning.prune()["device codes"] == 1
