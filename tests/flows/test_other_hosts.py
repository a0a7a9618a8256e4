"""The provider in hosts that are set up otherwise than the reference project."""

from typing import Any

import pytest
from django.test import Client

from provider_site.models import Consent, Profile
from provider_site.services import profiles
from tests.factories import make_picture
from tests.provider.driver import ISSUER_HOST, Driver


@pytest.fixture
def driver(registered: Any, user: Any) -> Driver:
    return Driver(registered, user)


@pytest.fixture
def host_that_asks_everybody_to_sign_in(settings: Any) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]


@pytest.mark.usefixtures("host_that_asks_everybody_to_sign_in")
def test_what_clients_fetch_without_a_session_asks_for_no_sign_in(driver: Driver, user: Any) -> None:
    picture = profiles.set_avatar(user=user, upload=make_picture())
    stranger = Client(headers={"host": ISSUER_HOST})
    for address in (
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
        "/.well-known/jwks.json",
        f"/o/avatar/{picture.avatar_key}.png",
    ):
        answer = stranger.get(address)
        assert answer.status_code == 200, address
        if answer.streaming:
            assert b"".join(answer.streaming_content).startswith(b"\x89PNG")  # read to its end, which closes the file
    tokens = driver.redeem(driver.code())
    assert driver.works(tokens.access)
    assert driver.refresh(tokens.refresh).status == 200


@pytest.fixture
def host_without_messages(settings: Any) -> None:
    dropped = "django.contrib.messages.middleware.MessageMiddleware"
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if name != dropped]


@pytest.mark.usefixtures("host_without_messages")
def test_pages_work_without_messages(driver: Driver) -> None:
    driver.code()
    assert driver.browser.post("/o/profile/", {"nickname": "Ada"}).status_code == 302
    assert Profile.objects.get().nickname == "Ada"
    assert driver.browser.post(f"/o/apps/{driver.application.pk}/withdraw/").status_code == 303
    assert Consent.objects.get().closed_at is not None


@pytest.mark.parametrize("key", ["not-a-number", "999999", "1e3", "-1"])
def test_withdrawing_from_no_application_is_not_found(driver: Driver, key: str) -> None:
    assert driver.browser.post(f"/o/apps/{key}/withdraw/").status_code == 404


def test_application_whose_registration_is_gone_can_still_be_withdrawn_from(driver: Driver) -> None:
    driver.code()
    driver.application.registration.delete()
    page = driver.browser.get("/o/apps/")
    assert f"/o/apps/{driver.application.pk}/withdraw/" in page.content.decode()
    driver.browser.post(f"/o/apps/{driver.application.pk}/withdraw/")
    assert Consent.objects.get().closed_at is not None


def test_durations_of_the_site_s_own_choice_are_offered_and_taken(driver: Driver, settings: Any) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"CONSENT_DAYS": [7, None]}
    assert driver.consent(driver.authorize(), duration="").status_code == 302
    consent = Consent.objects.get()
    assert consent.ends_at is not None
    assert (consent.ends_at - consent.given_at).days == 7
