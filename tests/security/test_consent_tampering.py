"""Get more out of a consent than the person gave, or a consent the person never gave."""

from typing import Any

import pytest
from django.test import Client

from provider_site.models import AuthorizationRequest, Consent, Registration
from provider_site.services import reviews
from provider_site.storage import consented
from tests import factories
from tests.provider.driver import ISSUER_HOST, Driver, query
from tests.security.conftest import BACKEND


def consents(driver: Driver) -> Any:
    """Return what is recorded for the client."""
    return Consent.objects.filter(application=driver.application)


class TestConsentTampering:
    @pytest.mark.parametrize(
        "scopes", [["email"], ["nickname", "email"], ["avatar"], ["openid"], ["unknown"], ["nickname", "profile"]]
    )
    def test_scope_that_was_not_offered_saves_nothing(self, driver: Driver, scopes: list[str]) -> None:
        """`avatar` is registered but not asked for; `openid` is required, so it is no choice."""
        answer = driver.consent(driver.authorize(), scopes=scopes)
        assert answer.status_code == 400
        assert not consents(driver).exists()
        assert not AuthorizationRequest.objects.exclude(decision="").exists()

    @pytest.mark.parametrize("duration", ["7", "0", "-1", "36500", "1e3", "until-withdrawn ", "None", "30 days"])
    def test_duration_that_was_not_offered_saves_nothing(self, driver: Driver, duration: str) -> None:
        assert driver.consent(driver.authorize(), duration=duration).status_code == 400
        assert not consents(driver).exists()

    @pytest.mark.parametrize("decision", ["", "ALLOW", "yes", "allowed"])
    def test_decision_that_is_none_saves_nothing(self, driver: Driver, decision: str) -> None:
        assert driver.consent(driver.authorize(), decision=decision).status_code == 400
        assert not consents(driver).exists()

    def test_form_fields_of_the_request_change_nothing(self, driver: Driver, attacker: Driver) -> None:
        """What DOT keeps in hidden fields is kept on the server here."""
        answer = driver.consent(
            driver.authorize(),
            scopes=["nickname"],
            client_id=attacker.application.client_id,
            redirect_uri="https://evil.example/",
            state="changed",
            code_challenge="A" * 43,
            user=str(attacker.application.user_id),
        )
        assert answer["Location"].startswith(driver.redirect_uri)
        assert query(answer)["state"] == "state-1"
        assert driver.redeem(query(answer)["code"]).status == 200
        assert not consents(attacker).exists()

    def test_required_scope_cannot_be_left_out(self, user: Any, driver: Driver) -> None:
        strict = Driver(factories.make_application(scopes={"openid": True, "nickname": True}), user)
        code = query(strict.consent(strict.authorize(scope="openid nickname"), scopes=[]))["code"]
        assert strict.redeem(code).body["scope"] == "openid nickname"

    def test_declined_scope_is_in_no_token(self, driver: Driver) -> None:
        tokens = driver.redeem(driver.code(scopes=["offline_access"]))
        assert tokens.body["scope"] == "openid offline_access"
        assert "nickname" not in driver.userinfo(tokens.access).json()
        assert driver.refresh(tokens.refresh, scope="openid nickname").error == "invalid_scope"

    def test_declining_every_scope_buys_nothing(self, driver: Driver) -> None:
        """Oauthlib takes an empty list of scopes for an undecided one and would grant all that was asked."""
        answer = driver.consent(driver.authorize(scope="nickname avatar"), scopes=[])
        assert query(answer)["error"] == "access_denied"
        assert driver.authorize(scope="nickname avatar")["Location"].startswith("/o/consent/")
        assert query(driver.authorize(scope="nickname avatar", prompt="none"))["error"] == "consent_required"

    def test_remembered_consent_is_not_widened_by_a_wider_request(self, driver: Driver) -> None:
        driver.code()
        assert driver.authorize(scope="openid nickname avatar")["Location"].startswith("/o/consent/")
        wider = driver.authorize(scope="openid nickname avatar", prompt="none")
        assert query(wider)["error"] == "consent_required"

    @pytest.mark.parametrize("parameter", ["approval_prompt", "prompt", "skip_authorization"])
    @pytest.mark.parametrize("value", ["auto", "true", "1", ""])
    def test_client_cannot_choose_to_skip_the_page(self, driver: Driver, parameter: str, value: str) -> None:
        answer = driver.authorize(**{parameter: value})
        location = answer["Location"]
        assert location.startswith("/o/consent/") or query(answer)["error"] == "invalid_request"

    def test_skip_flag_of_a_dot_row_does_not_skip_the_page(self, driver: Driver) -> None:
        type(driver.application).objects.update(skip_authorization=True)
        assert driver.authorize()["Location"].startswith("/o/consent/")

    def test_consent_to_one_client_is_none_to_another(self, driver: Driver, user: Any) -> None:
        driver.code()
        other = Driver(factories.make_application(), user)
        assert other.authorize()["Location"].startswith("/o/consent/")

    def test_consent_of_one_person_is_none_of_another(self, driver: Driver, other_user: Any) -> None:
        driver.code()
        driver.browser.logout()
        driver.sign_in_again(other_user)
        assert driver.authorize()["Location"].startswith("/o/consent/")

    def test_form_without_its_token_saves_nothing(self, driver: Driver, user: Any) -> None:
        strict = Client(headers={"host": ISSUER_HOST}, enforce_csrf_checks=True)
        strict.force_login(user, backend=BACKEND)
        page = strict.get("/o/authorize/", driver.request_parameters())["Location"]
        strict.get(page)
        for headers in ({}, {"origin": "https://evil.example"}, {"X-CSRFToken": "A" * 64}):
            assert strict.post(page, {"decision": "allow", "duration": "30"}, headers=headers).status_code == 403
        assert not consents(driver).exists()

    def test_getting_a_page_never_allows(self, driver: Driver) -> None:
        page = driver.authorize()["Location"]
        driver.browser.get(page, {"decision": "allow", "duration": "30", "scope": "nickname"})
        resume = page.replace("/o/consent/", "/o/authorize/")
        assert driver.browser.get(resume)["Location"] == page
        assert driver.browser.get(resume, {"decision": "allow", "allow": "1"})["Location"] == page
        assert not consents(driver).exists()

    def test_other_methods_never_allow(self, driver: Driver) -> None:
        page = driver.authorize()["Location"]
        for method in ("put", "patch", "delete"):
            assert getattr(driver.browser, method)(page).status_code == 405
        assert not consents(driver).exists()

    def test_native_public_client_is_asked_about_every_time(self, user: Any, driver: Driver) -> None:
        """Any program on the device can claim to be it (RFC 8252 8.6)."""
        for address in ("http://127.0.0.1/callback", "com.example.app:/callback"):
            registered = factories.make_application(client_type="public", redirect_uris=[address])
            native = Driver(registered, user, redirect_uri=address)
            assert native.code()
            assert native.authorize()["Location"].startswith("/o/consent/")
            assert query(native.authorize(prompt="none"))["error"] == "consent_required"

    def test_suspension_while_the_page_is_open_saves_nothing(self, driver: Driver) -> None:
        page = driver.authorize()
        reviews.suspend(application=driver.application, actor=None, reason="It sends spam.")
        answer = driver.consent(page, scopes=["nickname"])
        assert (answer.status_code, "It sends spam." in answer.content.decode()) == (403, True)
        assert not consents(driver).exists()

    def test_withdrawal_needs_the_persons_own_form(self, driver: Driver, attacker: Driver) -> None:
        tokens = driver.tokens()
        address = f"/o/apps/{driver.application.pk}/withdraw/"
        assert attacker.browser.post(address).status_code == 404  # nothing of theirs is there
        assert driver.browser.get(address).status_code == 405
        assert driver.works(tokens.access)


class TestTermsTampering:
    """Get a scope for longer, or without a question, than the person said."""

    def end(self, driver: Driver, scope: str) -> Any:
        return consented.terms(consents(driver).get(closed_at=None))[scope].ends_at

    def test_longer_choice_for_a_new_scope_reaches_no_other(self, driver: Driver) -> None:
        driver.consent(driver.authorize(scope="openid nickname"), scopes=["nickname"], duration="1")
        before = self.end(driver, "nickname")
        page = driver.authorize(scope="openid nickname avatar")
        fields = {"settled": "", "anew": "nickname avatar", "first_party": "1", "source": "first_party"}
        driver.consent(page, scopes=["nickname", "avatar"], duration="until-withdrawn", **fields)
        assert self.end(driver, "nickname") == before
        assert self.end(driver, "avatar") is None
        assert consents(driver).get().source == "person"

    @pytest.mark.parametrize("duration", ["30", "365", "until-withdrawn", "8", "７", "+7", "07", " 7", "7\x00"])
    def test_duration_above_the_maximum_or_oddly_written_saves_nothing(self, driver: Driver, duration: str) -> None:
        Registration.objects.filter(application=driver.application).update(max_consent_days=7)
        assert driver.consent(driver.authorize(), duration=duration).status_code == 400
        assert not consents(driver).exists()
        assert "code" in query(driver.consent(driver.authorize(), scopes=["nickname"], duration="7"))

    def test_maximum_lowered_while_the_page_was_open_counts(self, driver: Driver) -> None:
        page = driver.authorize()
        Registration.objects.filter(application=driver.application).update(max_consent_days=7)
        assert driver.consent(page, scopes=["nickname"], duration="30").status_code == 400
        assert not consents(driver).exists()

    @pytest.mark.parametrize(
        "parameters",
        [
            {"first_party": "true"},
            {"source": "first_party"},
            {"settled": "openid nickname"},
            {"decision": "allow", "duration": "30"},
            {"claims": '{"userinfo": {"email": null}}'},
        ],
    )
    @pytest.mark.parametrize("method", ["get", "post"])
    def test_client_cannot_make_itself_one_of_the_sites_own(
        self, driver: Driver, parameters: dict[str, str], method: str
    ) -> None:
        answer = driver.authorize(method=method, **parameters)
        if method == "post":
            answer = driver.browser.get(answer["Location"])
        assert answer["Location"].startswith("/o/consent/")
        assert not consents(driver).exists()

    @pytest.mark.parametrize("prompt", ["none consent", "none login", "consent none", "none select_account"])
    def test_silence_with_another_prompt_is_refused(self, driver: Driver, prompt: str) -> None:
        driver.code()
        assert query(driver.authorize(prompt=prompt))["error"] == "invalid_request"

    @pytest.mark.parametrize("prompt", ["consent", "consent select_account", "select_account"])
    def test_prompt_asks_though_everything_is_remembered(self, driver: Driver, prompt: str) -> None:
        driver.code()
        assert driver.authorize(prompt=prompt)["Location"].startswith("/o/consent/")

    def test_decided_handle_decides_nothing_more(self, driver: Driver) -> None:
        page = driver.authorize(scope="openid nickname avatar")
        driver.consent(page, scopes=["nickname"], duration="1")
        before = consents(driver).get()
        for fields in ({"scope": ["avatar"], "decision": "allow"}, {"decision": "deny"}):
            answer = driver.browser.post(page["Location"], {"duration": "until-withdrawn"} | fields)
            assert answer.status_code == 410
        after = consents(driver).get()
        assert (after.scope, after.terms, after.declined_scope) == (before.scope, before.terms, before.declined_scope)

    def test_handle_of_one_request_decides_no_other(self, driver: Driver) -> None:
        """Of two open requests, the smaller one's form can't bring what only the larger one asks for."""
        small = driver.authorize(scope="openid nickname")
        driver.authorize(scope="openid nickname avatar")
        assert driver.consent(small, scopes=["nickname", "avatar"]).status_code == 400
        assert not consents(driver).exists()

    def test_allowed_once_cannot_be_resumed_twice(self, driver: Driver) -> None:
        page = driver.authorize()
        answer = driver.consent(page, scopes=["nickname"], duration="once")
        assert "code" in query(answer)
        assert driver.browser.get(page["Location"].replace("consent", "authorize")).status_code == 410
        assert driver.authorize()["Location"].startswith("/o/consent/")

    def test_narrow_form_takes_nothing_from_another_person_or_application(
        self, driver: Driver, attacker: Driver
    ) -> None:
        tokens = driver.tokens()
        for action in ("withdraw", "withdraw-scope", "sign-out"):
            address = f"/o/apps/{driver.application.pk}/{action}/"
            fields = {"scope": "nickname", "user": str(consents(driver).get().user_id)}
            assert attacker.browser.post(address, fields).status_code == 404
            assert driver.browser.get(address).status_code == 405
        assert driver.works(tokens.access)
        assert "nickname" in consents(driver).get().scope
