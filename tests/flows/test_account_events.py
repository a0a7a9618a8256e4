"""What happens to accounts, consents, applications and sessions takes effect at the next use of a token."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from provider_site.models import Consent, Registration, Session
from tests import factories
from tests.provider.driver import Driver, Tokens, plant_signing_key, query

ONLINE = {"scope": "openid nickname", "scopes": ["nickname"]}


@pytest.fixture
def driver(db: None, user: Any) -> Driver:
    """Return an approved application, which is not its owner's that signs in, and a signed-in person's browser."""
    plant_signing_key()
    return Driver(factories.make_application(), user)


def is_dead(driver: Driver, tokens: Tokens) -> bool:
    """Tell whether both tokens are refused; one of two is a failure of its own."""
    access, refresh = not driver.works(tokens.access), driver.refresh(tokens.refresh).status != 200
    assert access == refresh, (access, refresh)
    return access


def test_tokens_live_when_nothing_happens(driver: Driver) -> None:
    assert not is_dead(driver, driver.tokens())


def test_deactivated_persons_tokens_and_codes_are_dead(driver: Driver) -> None:
    tokens, code = driver.tokens(), driver.code()
    get_user_model().objects.update(is_active=False)
    assert is_dead(driver, tokens)
    assert driver.redeem(code).error == "invalid_grant"
    assert query(driver.authorize(prompt="none"))["error"] == "login_required"


def test_reactivated_persons_access_token_lives_again(driver: Driver) -> None:
    token = driver.tokens().access
    get_user_model().objects.update(is_active=False)
    assert not driver.works(token)
    get_user_model().objects.update(is_active=True)
    assert driver.works(token)


@pytest.mark.parametrize("status", ["suspended", "rejected", "draft", "submitted"])
def test_tokens_of_an_application_no_longer_approved_are_refused(driver: Driver, status: str) -> None:
    tokens, code = driver.tokens(), driver.code()
    Registration.objects.filter(application=driver.application).update(status=status)
    assert is_dead(driver, tokens)
    assert driver.redeem(code).status in {400, 401}


def test_application_without_a_registration_is_closed(driver: Driver) -> None:
    tokens = driver.tokens()
    Registration.objects.filter(application=driver.application).delete()
    assert is_dead(driver, tokens)
    assert driver.authorize().status_code == 400


def test_application_approved_again_goes_on(driver: Driver) -> None:
    tokens = driver.tokens()
    Registration.objects.update(status="suspended")
    assert not driver.works(tokens.access)
    Registration.objects.update(status="approved")
    assert driver.refresh(tokens.refresh).status == 200


def test_draft_works_for_its_owner_alone(db: None, user: Any, other_user: Any) -> None:
    plant_signing_key()
    draft = factories.make_application(owner=user, status="draft")
    mine = Driver(draft, user)
    assert not is_dead(mine, mine.tokens())
    stranger = Driver(draft, other_user).authorize()
    assert stranger.status_code == 403
    assert "Location" not in stranger


def test_withdrawn_consent_kills_tokens_and_codes(driver: Driver) -> None:
    tokens, code = driver.tokens(), driver.code()
    assert driver.browser.post(f"/o/apps/{driver.application.pk}/withdraw/").status_code == 303
    assert is_dead(driver, tokens)
    assert driver.redeem(code).error == "invalid_grant"
    assert driver.authorize()["Location"].startswith("/o/consent/"), "and is asked for again"


def test_consent_closed_by_a_bulk_update_kills_as_well(driver: Driver) -> None:
    tokens = driver.tokens()
    Consent.objects.update(closed_at=timezone.now(), closed_reason="withdrawn")
    assert is_dead(driver, tokens)


def test_consent_given_anew_does_not_revive_the_old_tokens(driver: Driver) -> None:
    old = driver.tokens()
    driver.browser.post(f"/o/apps/{driver.application.pk}/withdraw/")
    new = driver.tokens()
    assert is_dead(driver, old)
    assert driver.works(new.access)


def test_withdrawal_from_one_application_leaves_the_other_alone(driver: Driver, user: Any) -> None:
    other = Driver(factories.make_application(), user)
    tokens = other.tokens()
    driver.tokens()
    driver.browser.post(f"/o/apps/{driver.application.pk}/withdraw/")
    assert not is_dead(other, tokens)


def test_scope_taken_back_is_gone_from_old_tokens(driver: Driver) -> None:
    tokens = driver.tokens()
    assert "nickname" in driver.refresh(tokens.refresh).body["scope"]
    tokens = driver.tokens()
    Consent.objects.update(scope="openid offline_access", declined_scope="nickname")
    assert driver.userinfo(tokens.access).json().keys() == {"sub"}
    assert "nickname" not in driver.refresh(tokens.refresh).body["scope"]


def test_signing_out_ends_tokens_without_offline_access(driver: Driver) -> None:
    tokens = driver.tokens(**ONLINE)
    assert driver.works(tokens.access)
    driver.sign_out()
    assert is_dead(driver, tokens)


def test_signing_out_leaves_tokens_with_offline_access(driver: Driver) -> None:
    tokens = driver.tokens()
    driver.sign_out()
    assert not is_dead(driver, tokens)


def test_offline_access_declined_counts_as_not_given(driver: Driver) -> None:
    tokens = driver.tokens(scopes=["nickname"])
    driver.sign_out()
    assert is_dead(driver, tokens)


def test_signing_out_of_one_browser_leaves_the_other_alone(driver: Driver, user: Any) -> None:
    class Registered:
        application, client_secret = driver.application, driver.secret

    elsewhere = Driver(Registered, user)
    here, there = driver.tokens(**ONLINE), elsewhere.tokens(**ONLINE)
    driver.sign_out()
    assert is_dead(driver, here)
    assert not is_dead(elsewhere, there)


def test_signing_out_ends_what_was_given_before_a_sign_in_anew(driver: Driver, user: Any) -> None:
    """A browser that proved its person again is one place to sign out of."""
    before = driver.tokens(**ONLINE)
    driver.sign_in_again(user)
    after = driver.tokens(**ONLINE)
    assert driver.works(before.access)
    driver.sign_out()
    assert is_dead(driver, before)
    assert is_dead(driver, after)


def test_password_proved_again_is_the_same_place_to_sign_out_of(driver: Driver) -> None:
    before = driver.tokens(**ONLINE)
    page = driver.authorize(prompt="login", scope=ONLINE["scope"])
    posted = driver.browser.post(page["Location"], {"password": factories.PASSWORD})
    driver.redeem(query(driver.browser.get(posted["Location"]))["code"])
    driver.sign_out()
    assert is_dead(driver, before)


def test_new_password_ends_tokens_without_offline_access(driver: Driver, user: Any) -> None:
    tokens = driver.tokens(**ONLINE)
    user.set_password("a new password, and a long one")
    user.save()
    assert is_dead(driver, tokens)


def test_new_password_leaves_tokens_with_offline_access(driver: Driver, user: Any) -> None:
    tokens = driver.tokens()
    user.set_password("a new password, and a long one")
    user.save()
    assert not is_dead(driver, tokens)


def test_code_from_before_a_sign_out_buys_nothing_without_offline_access(driver: Driver) -> None:
    online, offline = driver.code(**ONLINE), driver.code(scopes=["nickname", "offline_access"], prompt="consent")
    driver.sign_out()
    assert driver.redeem(online).error == "invalid_grant"
    assert driver.redeem(offline).status == 200


def test_secret_key_that_is_rotated_out_ends_nothing_until_it_is_gone(driver: Driver, settings: Any) -> None:
    tokens = driver.tokens(**ONLINE)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another secret key, as long as a secret key should be: fifty"
    assert driver.works(tokens.access)
    settings.SECRET_KEY_FALLBACKS = []
    assert not driver.works(tokens.access)


def test_expired_browser_session_ends_tokens_without_offline_access(driver: Driver) -> None:
    online, offline = driver.tokens(**ONLINE), None
    Session.objects.update(expires_at=timezone.now())
    assert is_dead(driver, online)
    offline = driver.tokens()
    Session.objects.update(expires_at=timezone.now())
    assert not is_dead(driver, offline)


def test_session_lives_as_long_as_the_browser_s(driver: Driver) -> None:
    driver.tokens(**ONLINE)
    session, browser = Session.objects.get(), driver.browser.session
    assert abs((session.expires_at - browser.get_expiry_date()).total_seconds()) < 60


def test_person_sees_when_an_application_last_used_its_access(driver: Driver) -> None:
    driver.code()
    assert Consent.objects.get().last_used_at is None
    first = driver.tokens()
    used = Consent.objects.get().last_used_at
    assert used is not None
    driver.refresh(first.refresh)
    assert Consent.objects.get().last_used_at == used, "one write an hour is enough"
    assert "Last used" in driver.browser.get("/o/apps/").content.decode()
