"""Nobody but the person in the browser ends a session there, and nobody is sent anywhere unregistered."""

from typing import Any

import jwt
import pytest
from django.test import Client

from provider_site.models import Registration, Session, SigningKey
from provider_site.services import keys
from tests import factories
from tests.provider.driver import ISSUER_HOST, Driver
from tests.provider.logout import AFTERWARDS, answer_question, ask, hint, is_question, is_signed_in, told, wants


@pytest.fixture
def victim(driver: Driver) -> Driver:
    """Return a person who is signed in to an application."""
    wants(driver)
    driver.tokens()
    return driver


@pytest.fixture
def attacker(victim: Driver, other_user: Any) -> Driver:
    """Return somebody else's browser at an application of their own."""
    own = Driver(factories.make_application(), other_user)
    wants(own, afterwards="https://evil.example/after")
    return own


class TestHints:
    def test_stale_hint_of_the_same_person_asks(self, victim: Driver, user: Any) -> None:
        """An ID token that leaked in some log long ago signs nobody out at a click."""
        stale = hint(victim)
        victim.sign_out()
        victim.sign_in_again(user)
        victim.tokens()
        assert is_question(ask(victim, id_token_hint=stale, post_logout_redirect_uri=AFTERWARDS))
        assert is_signed_in(victim)

    def test_foreign_hint_asks(self, victim: Driver, attacker: Driver) -> None:
        page = ask(victim, id_token_hint=hint(attacker), post_logout_redirect_uri="https://evil.example/after")
        assert is_question(page)
        assert is_signed_in(victim)

    def test_hint_of_the_same_person_s_other_browser_asks(self, victim: Driver, user: Any, registered: Any) -> None:
        elsewhere = Driver(registered, user)
        assert is_question(ask(victim, id_token_hint=hint(elsewhere)))
        assert is_signed_in(elsewhere)

    def test_anonymous_request_with_somebody_s_hint_ends_nothing(self, victim: Driver, user: Any) -> None:
        """Stock behaviour once was to delete every token of whom the hint names."""
        tokens = victim.tokens()
        stranger = Client(headers={"host": ISSUER_HOST})
        for method in (stranger.get, stranger.post):
            answer = method("/o/logout/", {"id_token_hint": tokens.body["id_token"]})
            stranger.get(answer["Location"])
        assert is_signed_in(victim)
        assert victim.works(tokens.access)
        assert Session.objects.filter(user=user, ended_at__isnull=False).count() == 0
        assert not told()

    def test_hint_of_a_retired_key_is_no_proof(self, victim: Driver) -> None:
        token = hint(victim)
        SigningKey.objects.update(status=SigningKey.Status.RETIRED)
        answer = ask(victim, id_token_hint=token, post_logout_redirect_uri=AFTERWARDS)
        assert answer.status_code == 400
        assert is_signed_in(victim)

    def test_guessed_sid_needs_our_signature(self, victim: Driver, user: Any) -> None:
        claims = jwt.decode(hint(victim), options={"verify_signature": False})
        forged = jwt.encode(claims | {"sid": str(Session.objects.filter(user=user)[0].sid)}, "x" * 32, "HS256")
        assert ask(victim, id_token_hint=forged).status_code == 400
        assert ask(victim, sid=claims["sid"], client_id=claims["aud"]).status_code == 200
        assert is_signed_in(victim)

    @pytest.mark.parametrize("sid", [None, "", "x", 1, ["a"], "b22646f9-60c5-4747-a9d0-93d07c10b608"])
    def test_hint_with_another_or_no_sid_asks(self, victim: Driver, sid: Any) -> None:
        claims = jwt.decode(hint(victim), options={"verify_signature": False}) | {"sid": sid}
        assert is_question(ask(victim, id_token_hint=keys.signer().sign(claims)))

    @pytest.mark.parametrize("typ", ["logout+jwt", "at+jwt", "secevent+jwt"])
    def test_other_token_of_ours_is_no_hint(self, victim: Driver, typ: str) -> None:
        claims = jwt.decode(hint(victim), options={"verify_signature": False})
        assert ask(victim, id_token_hint=keys.signer().sign(claims, typ=typ)).status_code == 400


class TestCsrf:
    def test_link_without_a_hint_signs_nobody_out(self, victim: Driver) -> None:
        for parameters in ({}, {"client_id": victim.application.client_id}, {"logout_hint": "ada"}):
            assert is_question(ask(victim, **parameters))
        assert is_signed_in(victim)

    def test_answer_needs_the_token_of_the_form(self, victim: Driver) -> None:
        page = ask(victim)
        strict = Client(headers={"host": ISSUER_HOST}, enforce_csrf_checks=True)
        strict.cookies = victim.browser.cookies
        sent = {"request": page.context["sealed"], "decision": "sign_out"}
        assert strict.post("/o/logout/asked/", sent).status_code == 403
        assert is_signed_in(victim)

    def test_sealed_request_of_the_attacker_s_asks_the_victim(self, victim: Driver, attacker: Driver) -> None:
        theirs = ask(attacker, method="post", id_token_hint=hint(attacker))["Location"]
        assert is_question(victim.browser.get(theirs))
        assert is_signed_in(victim)

    def test_question_and_outcome_are_framed_by_nobody(self, victim: Driver) -> None:
        page = ask(victim)
        done = victim.browser.get(answer_question(victim, page)["Location"])
        for answer in (page, done):
            assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
            assert answer["X-Frame-Options"] == "DENY"
            assert "no-store" in answer["Cache-Control"]


class TestOpenRedirect:
    @pytest.mark.parametrize(
        "address",
        [
            "https://evil.example/after",
            "//evil.example/after",
            "https://app.example.com@evil.example/signed-out",
            f"{AFTERWARDS}#@evil.example",
            f"{AFTERWARDS}/../evil",
            "https://APP.example.com/signed-out",
            "javascript:alert(1)//",
            "data:text/html,x",
        ],
    )
    def test_unregistered_address_is_never_followed(self, victim: Driver, address: str) -> None:
        for parameters in ({"id_token_hint": hint(victim)}, {"client_id": victim.application.client_id}, {}):
            for method in ("get", "post"):
                answer = ask(victim, method=method, post_logout_redirect_uri=address, **parameters)
                assert answer.status_code == 400
                assert "Location" not in answer

    def test_sign_in_address_is_none_of_logout_s(self, victim: Driver) -> None:
        answer = ask(victim, id_token_hint=hint(victim), post_logout_redirect_uri=victim.redirect_uri)
        assert answer.status_code == 400

    def test_other_application_s_address_is_not_this_one_s(self, victim: Driver, attacker: Driver) -> None:
        answer = ask(victim, id_token_hint=hint(victim), post_logout_redirect_uri="https://evil.example/after")
        assert answer.status_code == 400

    @pytest.mark.parametrize("status", ["draft", "submitted", "rejected", "suspended"])
    def test_address_that_nobody_reviewed_is_not_followed(self, victim: Driver, status: str) -> None:
        """Whoever registers an application could have this site send people anywhere."""
        token = hint(victim)
        Registration.objects.filter(application=victim.application).update(status=status)
        answer = ask(victim, id_token_hint=token, post_logout_redirect_uri=AFTERWARDS)
        assert answer["Location"].startswith("/o/logout/done/")
        page = victim.browser.get(answer["Location"])
        assert AFTERWARDS not in page.content.decode()
        assert "Refresh" not in page

    def test_page_of_the_outcome_takes_no_address_from_elsewhere(self, victim: Driver) -> None:
        page = victim.browser.get(
            "/o/logout/done/", {"outcome": "https://evil.example", "next": "https://evil.example"}
        )
        assert page.status_code == 200
        assert 'href="https://evil' not in page.content.decode()
        assert b'id="go-on"' not in page.content
        assert "Refresh" not in page

    @pytest.mark.parametrize("name", ["state", "ui_locales", "client_id", "logout_hint"])
    def test_address_grows_by_no_more_than_servers_take(self, victim: Driver, name: str) -> None:
        """A form holds megabytes; what of it would stand in the address that follows makes proxies answer 502."""
        sent = {"post_logout_redirect_uri": AFTERWARDS, "client_id": victim.application.client_id}
        long = "".join(f"{number:x}" for number in range(30_000))
        answer = ask(victim, method="post", **sent | {name: long})
        assert answer.status_code == 400
        assert is_signed_in(victim)
        assert ask(victim, method="post", **sent, state=long[:4096]).status_code == 303

    def test_state_injects_nothing(self, victim: Driver) -> None:
        state = 'x\r\nSet-Cookie: a=b"&post_logout_redirect_uri=https://evil.example#'
        answer = ask(victim, id_token_hint=hint(victim), post_logout_redirect_uri=AFTERWARDS, state=state)
        assert answer["Location"].startswith(f"{AFTERWARDS}?state=x%0D%0A")
        assert "#" not in answer["Location"]
        assert "Set-Cookie" not in answer.headers


class TestBackChannel:
    def test_message_goes_nowhere_near_the_machine(self, victim: Driver) -> None:
        """Server-side request forgery: the address is guarded like every other that an application gives."""
        from provider_site.models import OutboxMessage
        from provider_site.services import outbox

        wants(victim, back="http://169.254.169.254/latest/meta-data/")
        victim.sign_out()
        outbox.deliver_due()
        message = OutboxMessage.objects.get(kind="backchannel-logout")
        assert message.delivered_at is None
        assert message.last_error

    def test_no_token_is_in_the_admin_s_row(self, victim: Driver) -> None:
        victim.sign_out()
        (claims,) = told(victim)
        assert not {"logout_token", "iat", "exp"} & set(claims)
