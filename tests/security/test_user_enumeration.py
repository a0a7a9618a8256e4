"""Find out who has an account, or which applications and tokens there are (OWASP user enumeration, RFC 7662 4)."""

import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from provider_site.services import members
from tests import factories
from tests.provider.driver import ISSUER_HOST, Driver

# What differs from one answer to the next anyhow: tokens of forms, references of errors, what was typed.
CHANGING = re.compile(r'name="csrfmiddlewaretoken" value="[^"]*"|[0-9A-Z]{4}-[0-9A-Z]{4}|nonce="[^"]*"')


def browser() -> Client:
    return Client(headers={"host": ISSUER_HOST})


def told(answer: Any, *typed: str) -> tuple[int, str, str]:
    """Return what somebody learns from an answer, without what they have typed themselves."""
    text = CHANGING.sub("", answer.content.decode())
    for one in typed:
        text = text.replace(one, "")
    return answer.status_code, re.sub(r"[^/]+(?=/?$)", "", answer.headers.get("Location", "")), text


@pytest.fixture
def known(user: Any) -> Any:
    """Return a person whose address is confirmed."""
    user.emailaddress_set.create(email=user.email, verified=True, primary=True)
    return user


class TestPeople:
    def test_wrong_password_and_unknown_name_are_answered_alike(self, known: Any) -> None:
        answers = [
            told(browser().post("/accounts/login/", {"login": name, "password": "wrong-password"}), name)
            for name in (known.username, "nobody")
        ]
        assert answers[0] == answers[1]

    def test_unknown_name_costs_a_hash_too(self, known: Any, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """Else the time of the answer tells."""
        from django.contrib.auth.hashers import MD5PasswordHasher

        made: list[str] = []
        original = MD5PasswordHasher.encode
        monkeypatch.setattr(
            MD5PasswordHasher, "encode", lambda self, *args, **named: made.append("") or original(self, *args, **named)
        )
        counts = []
        for name in (known.username, "nobody"):
            made.clear()
            browser().post("/accounts/login/", {"login": name, "password": "wrong-password"})
            counts.append(len(made))
        assert counts[0] == counts[1] > 0

    def test_forgotten_password_of_nobody_is_answered_alike(self, known: Any) -> None:
        answers = [
            told(browser().post("/accounts/password/reset/", {"email": address}), address)
            for address in (known.email, "nobody@example.com")
        ]
        assert answers[0] == answers[1]

    def test_signing_up_with_a_taken_address_is_answered_alike(self, known: Any) -> None:
        """Its owner is written to; who typed it learns nothing."""
        answers = []
        for number, address in enumerate((known.email, "nobody@example.com")):
            form = {"username": f"new{number}", "email": address, "password1": factories.PASSWORD}
            form["password2"] = factories.PASSWORD
            answers.append(told(browser().post("/accounts/signup/", form), address, f"new{number}"))
        assert answers[0] == answers[1]
        assert {message.to[0] for message in mail.outbox} == {known.email, "nobody@example.com"}

    def test_hint_of_a_login_tells_nothing(self, driver: Driver, known: Any) -> None:
        answers = [
            told(browser().get("/o/authorize/", driver.request_parameters(login_hint=name)), name)
            for name in (known.email, "nobody@example.com")
        ]
        assert answers[0][0] == answers[1][0] == 302
        silent = [
            browser().get("/o/authorize/", driver.request_parameters(login_hint=name, prompt="none"))["Location"]
            for name in (known.email, "nobody@example.com")
        ]
        assert silent[0] == silent[1]

    def test_inviting_somebody_unknown_is_answered_alike(self, known: Any, other_user: Any) -> None:
        """Who may register applications could else try names here."""
        application = factories.make_application(other_user, status="draft").application
        for name in (known.username, known.email, "nobody", "nobody@example.com"):
            row = members.invite(application=application, identifier=name, role="tester", actor=other_user)
            assert row.invited_as == name
            assert row.accepted_at is None


class TestMachines:
    def test_unknown_client_and_wrong_secret_are_answered_alike(self, driver: Driver) -> None:
        import base64

        answers = []
        for name in (driver.application.client_id, "nobody"):
            header = "Basic " + base64.b64encode(f"{name}:wrong".encode()).decode()
            answer = driver.token(headers={"Authorization": header}, grant_type="client_credentials")
            answers.append((answer.status, answer.body, dict(answer.headers)["WWW-Authenticate"]))
        assert answers[0] == answers[1]

    def test_foreign_and_unknown_codes_and_tokens_are_answered_alike(self, driver: Driver, attacker: Driver) -> None:
        code, tokens = driver.code(), driver.tokens()
        redeemed = [attacker.redeem(text) for text in (code, "unknown")]
        refreshed = [attacker.refresh(text) for text in (tokens.refresh, "unknown")]
        for one, other in (redeemed, refreshed):
            assert (one.status, one.body) == (other.status, other.body)
        revoked = [attacker.revoke(text) for text in (tokens.access, "unknown")]
        assert (revoked[0].status_code, revoked[0].content) == (revoked[1].status_code, revoked[1].content)
        assert attacker.introspect(tokens.access) == attacker.introspect("unknown")

    def test_application_of_somebody_else_and_none_at_all_are_answered_alike(self, driver: Driver, user: Any) -> None:
        foreign = factories.make_application().application.pk
        for page in ("", "edit/", "secrets/issue/", "members/invite/"):
            statuses = {driver.browser.get(f"/o/developer/{pk}/{page}").status_code for pk in (foreign, 10**6)}
            assert len(statuses) == 1, page
