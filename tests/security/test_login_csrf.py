"""Sign somebody in as the attacker, or give one request the answer of another (RFC 6749 10.12, RFC 9700 4.7)."""

from typing import Any

import pytest
from django.test import Client

from tests import factories
from tests.provider.driver import ISSUER_HOST, Driver, query


@pytest.fixture
def victim(db: None) -> Client:
    """Return a browser in which nobody has signed in, and which checks forms as real ones do."""
    return Client(headers={"host": ISSUER_HOST}, enforce_csrf_checks=True)


def credentials(person: Any) -> dict[str, str]:
    person.emailaddress_set.update_or_create(email=person.email, defaults={"verified": True, "primary": True})
    return {"login": person.username, "password": factories.PASSWORD}


class TestLoginCsrf:
    @pytest.mark.parametrize("headers", [{}, {"origin": "https://evil.example"}, {"origin": "null"}], ids=str)
    def test_attackers_credentials_are_not_taken_from_another_site(
        self, victim: Client, other_user: Any, headers: dict[str, str]
    ) -> None:
        victim.get("/accounts/login/")
        assert victim.post("/accounts/login/", credentials(other_user), headers=headers).status_code == 403
        assert victim.get("/o/profile/")["Location"].startswith("/accounts/login/")

    def test_link_signs_nobody_in(self, victim: Client, other_user: Any) -> None:
        victim.get("/accounts/login/", credentials(other_user))
        assert victim.get("/o/profile/")["Location"].startswith("/accounts/login/")

    def test_token_of_the_attackers_own_form_is_not_taken(self, victim: Client, other_user: Any) -> None:
        theirs = Client(headers={"host": ISSUER_HOST}, enforce_csrf_checks=True)
        token = str(theirs.get("/accounts/login/").context["csrf_token"])
        victim.get("/accounts/login/")
        sent = credentials(other_user) | {"csrfmiddlewaretoken": token}
        assert victim.post("/accounts/login/", sent).status_code == 403
        assert theirs.post("/accounts/login/", sent).status_code == 302, "it was a good one"

    def test_attackers_request_does_not_go_on_in_a_victims_browser(self, driver: Driver, attacker: Driver) -> None:
        """Of the same client: the code would carry the attacker's state and sign the victim into their account."""
        shared = Driver(type("Registered", (), {"application": driver.application, "client_secret": driver.secret})())
        shared.browser = attacker.browser
        page = shared.authorize(state="attackers")["Location"]
        resume = attacker.browser.post(page, {"decision": "allow", "duration": "30", "scope": ["nickname"]})["Location"]
        assert driver.browser.get(resume).status_code == 410
        assert query(attacker.browser.get(resume))["state"] == "attackers"


class TestSwappedState:
    def test_each_answer_has_the_state_of_its_own_request(self, driver: Driver) -> None:
        """Two tabs of one browser, answered the other way round."""
        first, second = driver.authorize(state="first"), driver.authorize(state="second", nonce="nonce-2")
        assert query(driver.consent(second, scopes=["nickname"]))["state"] == "second"
        assert query(driver.consent(first, scopes=["nickname"]))["state"] == "first"

    def test_each_code_has_the_nonce_of_its_own_request(self, driver: Driver) -> None:
        driver.code()
        codes = {nonce: query(driver.authorize(nonce=nonce, state=nonce))["code"] for nonce in ("one", "two")}
        for nonce, code in codes.items():
            assert driver.id_token(driver.redeem(code))["nonce"] == nonce

    def test_form_of_one_request_answers_that_one_alone(self, driver: Driver) -> None:
        page = driver.authorize(state="mine")
        answer = driver.consent(page, scopes=["nickname"], state="forged", client_id="forged", nonce="forged")
        assert query(answer)["state"] == "mine"

    @pytest.mark.parametrize("state", [None, ""])
    def test_state_that_was_not_sent_is_not_invented(self, driver: Driver, state: str | None) -> None:
        driver.code()
        assert "state" not in query(driver.authorize(state=state))
