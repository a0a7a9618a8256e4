"""Go on after the person was deactivated, or the application closed."""

from typing import Any

import pytest
from django.utils import timezone

from provider_site.models import Consent, Registration
from tests import factories
from tests.provider.driver import Driver, query

CLOSED = ["draft", "submitted", "rejected", "suspended"]


def close(driver: Driver, status: str) -> None:
    """Change the review state as a bulk update does: without any signal."""
    Registration.objects.filter(application=driver.application).update(status=status)


class TestDeactivatedPerson:
    def test_nothing_works_from_the_next_request_on(self, driver: Driver, user: Any) -> None:
        code, tokens = driver.code(), driver.tokens()
        type(user).objects.filter(pk=user.pk).update(is_active=False)
        assert not driver.works(tokens.access)
        assert driver.refresh(tokens.refresh).error == "invalid_grant"
        assert driver.redeem(code).error == "invalid_grant"
        assert "/accounts/login/" in driver.authorize()["Location"]
        assert query(driver.authorize(prompt="none"))["error"] == "login_required"

    def test_open_consent_page_records_nothing(self, driver: Driver, user: Any) -> None:
        page = driver.authorize()
        type(user).objects.filter(pk=user.pk).update(is_active=False)
        assert "/accounts/login/" in driver.consent(page)["Location"]
        assert not Consent.objects.exists()

    def test_deleted_person_leaves_no_working_token(self, driver: Driver, user: Any) -> None:
        tokens = driver.tokens()
        user.delete()
        assert not driver.works(tokens.access)
        assert driver.refresh(tokens.refresh).error == "invalid_grant"


class TestClosedApplication:
    @pytest.mark.parametrize("status", CLOSED)
    def test_nothing_works_from_the_next_request_on(self, driver: Driver, status: str) -> None:
        code, tokens = driver.code(), driver.tokens()
        close(driver, status)
        assert not driver.works(tokens.access)
        assert driver.refresh(tokens.refresh).status in {400, 401}
        assert driver.redeem(code).status in {400, 401}
        answer = driver.authorize()
        assert answer.status_code in {400, 403}
        assert "Location" not in answer.headers

    @pytest.mark.parametrize("status", CLOSED)
    def test_machine_gets_no_token(self, driver: Driver, status: str) -> None:
        type(driver.application).objects.update(authorization_grant_type="client-credentials")
        assert driver.token(grant_type="client_credentials").status == 200
        close(driver, status)
        assert driver.token(grant_type="client_credentials").status in {400, 401}

    def test_draft_serves_its_owner_alone(self, driver: Driver, user: Any, other_user: Any) -> None:
        registered = factories.make_application(user, status="draft")
        owner, visitor = Driver(registered, user), Driver(registered, other_user)
        assert owner.works(owner.tokens().access)
        assert visitor.authorize().status_code == 403

    def test_application_without_a_registration_serves_nobody(self, driver: Driver) -> None:
        tokens = driver.tokens()
        Registration.objects.all().delete()
        assert not driver.works(tokens.access)
        assert driver.authorize().status_code == 400
        assert driver.refresh(tokens.refresh).status == 401

    def test_deleted_application_leaves_no_working_token(self, driver: Driver) -> None:
        tokens = driver.tokens()
        driver.application.delete()
        assert not driver.works(tokens.access)


class TestWithdrawnConsent:
    def test_nothing_works_from_the_next_request_on(self, driver: Driver) -> None:
        code, tokens = driver.code(), driver.tokens()
        driver.browser.post(f"/o/apps/{driver.application.pk}/withdraw/")
        assert not driver.works(tokens.access)
        assert driver.refresh(tokens.refresh).error == "invalid_grant"
        assert driver.redeem(code).error == "invalid_grant"
        assert driver.authorize()["Location"].startswith("/o/consent/")

    def test_consent_whose_time_is_over_opens_nothing(self, driver: Driver) -> None:
        code, tokens = driver.code(), driver.tokens()
        Consent.objects.update(ends_at=timezone.now())
        assert not driver.works(tokens.access)
        assert driver.refresh(tokens.refresh).error == "invalid_grant"
        assert driver.redeem(code).error == "invalid_grant"
        assert driver.authorize()["Location"].startswith("/o/consent/")

    def test_new_consent_does_not_bring_old_tokens_back(self, driver: Driver) -> None:
        old = driver.tokens()
        driver.browser.post(f"/o/apps/{driver.application.pk}/withdraw/")
        assert driver.works(driver.tokens().access)
        assert not driver.works(old.access)
        assert driver.refresh(old.refresh).error == "invalid_grant"

    def test_scope_taken_back_is_gone_from_tokens_that_had_it(self, driver: Driver, user: Any) -> None:
        from provider_site.services.profiles import set_nickname

        set_nickname(user=user, nickname="Ada")
        tokens = driver.tokens()
        assert driver.userinfo(tokens.access).json()["nickname"] == "Ada"
        driver.consent(driver.authorize(prompt="consent"), scopes=["offline_access"])
        assert "nickname" not in driver.userinfo(tokens.access).json()
        assert "nickname" not in driver.refresh(tokens.refresh).body["scope"]
