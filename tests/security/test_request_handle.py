"""Steal, plant, share or use again the handle under which an authorization request waits for its person."""

from typing import Any

import pytest
from django.test import Client

from provider_site.models import AuthorizationRequest, Consent
from provider_site.services import authorization_requests, consents
from tests.provider.driver import ISSUER_HOST, Driver, query


def handle_of(answer: Any) -> str:
    """Return the handle in the address of a consent page."""
    return str(answer["Location"]).rstrip("/").rpartition("/")[2]


class TestRequestHandle:
    def test_handle_of_another_person_is_refused(self, driver: Driver, attacker: Driver) -> None:
        page = driver.authorize()["Location"]
        assert attacker.browser.get(page).status_code == 410
        assert attacker.browser.post(page, {"decision": "allow", "duration": "30"}).status_code == 410
        assert attacker.browser.get(page.replace("consent", "authorize")).status_code == 410
        assert not Consent.objects.exists()
        assert driver.browser.get(page).status_code == 200

    def test_handle_planted_by_a_signed_in_attacker_is_refused(self, driver: Driver, attacker: Driver) -> None:
        """The victim would otherwise answer a request begun in the attacker's name."""
        planted = attacker.authorize()["Location"]
        assert driver.browser.get(planted).status_code == 410

    def test_anonymous_handle_belongs_to_who_takes_it_first(self, driver: Driver, attacker: Driver) -> None:
        anonymous = Client(headers={"host": ISSUER_HOST})
        sign_in = anonymous.get("/o/authorize/", driver.request_parameters())["Location"]
        resume = sign_in.partition("next=")[2]
        assert driver.browser.get(resume)["Location"].startswith("/o/consent/")
        assert attacker.browser.get(resume).status_code == 410

    def test_handle_is_used_up_by_its_answer(self, driver: Driver) -> None:
        first = driver.authorize()
        resume = first["Location"].replace("consent", "authorize")
        assert "code" in query(driver.consent(first, scopes=["nickname"]))
        assert driver.browser.get(resume).status_code == 410
        assert driver.browser.get(first["Location"]).status_code == 410
        assert driver.consent(first, scopes=["nickname"]).status_code == 410

    def test_second_decision_is_refused(self, driver: Driver) -> None:
        page = driver.authorize()["Location"]
        allow = {"decision": "allow", "duration": "30", "scope": ["nickname"]}
        assert driver.browser.post(page, {"decision": "deny"}).status_code == 303
        assert driver.browser.post(page, allow).status_code == 410
        assert not Consent.objects.exists()

    def test_denial_is_told_to_the_client_for_its_own_person_alone(self, driver: Driver, stranger: Client) -> None:
        page = driver.authorize()["Location"]
        resume = driver.browser.post(page, {"decision": "deny"})["Location"]
        assert stranger.get(resume)["Location"].startswith("/accounts/login/")
        assert query(driver.browser.get(resume))["error"] == "access_denied"

    def test_guessed_handle_is_refused(self, driver: Driver) -> None:
        for handle in ("x", "0" * 43, "A" * 64):
            assert driver.browser.get(f"/o/consent/{handle}/").status_code == 410
            assert driver.browser.get(f"/o/authorize/{handle}/").status_code == 410

    def test_stored_digest_is_no_handle(self, driver: Driver) -> None:
        driver.authorize()
        digest = AuthorizationRequest.objects.get().pk
        assert driver.browser.get(f"/o/consent/{digest}/").status_code == 410

    def test_decision_does_not_pass_to_the_person_a_request_was_released_to(self, driver: Driver, user: Any) -> None:
        """The form of one tab arrives after "use another account" in the other."""
        handle = handle_of(driver.authorize())
        seen = authorization_requests.find(handle=handle, user=user)
        authorization_requests.release(handle=handle, user=user)
        with pytest.raises(authorization_requests.AuthorizationRequestExpired):
            consents.deny(authorization_request=seen, user=user)
        assert not AuthorizationRequest.objects.exclude(decision="").exists()

    def test_consent_page_of_the_person_before_is_closed_after_an_account_switch(
        self, driver: Driver, other_user: Any
    ) -> None:
        page = driver.authorize()["Location"]
        driver.browser.logout()
        driver.sign_in_again(other_user)
        assert driver.browser.post(page, {"decision": "allow", "duration": "30"}).status_code == 410
        assert not Consent.objects.exists()

    def test_switched_request_asks_the_new_person(self, driver: Driver, user: Any, other_user: Any) -> None:
        driver.code()
        page = driver.authorize(prompt="consent")["Location"]
        sign_in = driver.browser.post(f"{page}switch/")
        assert sign_in.status_code == 303
        driver.sign_in_again(other_user)
        resumed = driver.browser.get(sign_in["Location"].partition("next=")[2])
        assert resumed["Location"] == page
        assert not Consent.objects.filter(user=other_user).exists()

    def test_switching_needs_the_persons_own_form(self, driver: Driver, user: Any) -> None:
        from tests.security.conftest import BACKEND

        strict = Client(headers={"host": ISSUER_HOST}, enforce_csrf_checks=True)
        strict.force_login(user, backend=BACKEND)
        page = strict.get("/o/authorize/", driver.request_parameters())["Location"]
        assert strict.get(f"{page}switch/").status_code == 405
        assert strict.post(f"{page}switch/").status_code == 403

    def test_expired_handle_is_refused(self, driver: Driver) -> None:
        from django.utils import timezone

        first = driver.authorize()
        AuthorizationRequest.objects.update(expires_at=timezone.now())
        assert driver.consent(first, scopes=["nickname"]).status_code == 410
        assert driver.browser.get(first["Location"]).status_code == 410

    def test_proof_before_the_request_does_not_answer_prompt_login(self, driver: Driver) -> None:
        driver.code()
        assert "/accounts/" in driver.authorize(prompt="login")["Location"]

    def test_registration_withdrawn_meanwhile_is_not_answered(self, driver: Driver) -> None:
        first = driver.authorize()
        type(driver.application).objects.update(redirect_uris="https://new.example/cb")
        answer = driver.consent(first, scopes=["nickname"])
        assert answer.status_code == 400
        assert "Location" not in answer.headers

    def test_owner_of_the_device_is_not_signed_out_by_a_cross_site_post(self, driver: Driver, stranger: Client) -> None:
        """The browser sends no SameSite=Lax cookie with it; a session begun there would replace the person's."""
        answer = stranger.post("/o/authorize/", driver.request_parameters())
        assert answer.status_code == 303
        assert not answer.cookies

    def test_request_of_a_signed_out_person_goes_on_where_it_was(self, driver: Driver, other_user: Any) -> None:
        anonymous = Driver(_registered(driver))
        sign_in = anonymous.authorize()["Location"]
        anonymous.sign_in_again(other_user)
        page = anonymous.browser.get(sign_in.partition("next=")[2])
        assert "code" in query(anonymous.consent(page, scopes=["nickname"]))


def _registered(driver: Driver) -> Any:
    from provider_site.services.applications import RegisteredApplication

    return RegisteredApplication(driver.application, driver.secret)
