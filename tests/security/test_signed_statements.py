"""Take one signed statement of the site for another: events and receipts are no tokens, nor anybody else's to read."""

from typing import Any

import jwt
import pytest

from consumer_site.jose import KeySource, TokenInvalid, verify_id_token
from provider_site.models import Consent, OutboxMessage, Registration
from provider_site.policy.security_events import TYP
from provider_site.services import consents, keys
from tests.provider.driver import ISSUER, Driver, query, verified


def receipt_of(driver: Driver, *, consent: Any = None) -> Any:
    """Ask for the receipt of a consent, by default of the driver's own."""
    consent = consent or Consent.objects.get(application=driver.application)
    return driver.browser.get(f"/o/apps/{consent.application_id}/receipt/{consent.pk}/")


@pytest.fixture
def statements(driver: Driver, user: Any) -> list[str]:
    """Return an event about the person and the proof of their receipt, both signed by the site."""
    Registration.objects.filter(application=driver.application).update(events_url="https://app.example.com/events")
    driver.tokens()
    proof = receipt_of(driver).json()["proof"]["jws"]
    consents.sign_out(user=user, application=driver.application)
    claims = OutboxMessage.objects.get(kind="security-event").payload["claims"]
    return [keys.signer().sign(claims, typ=TYP), proof]


class TestConfusion:
    def test_neither_is_an_id_token(self, driver: Driver, statements: list[str]) -> None:
        source = KeySource("https://keys", lambda _uri: driver.backchannel.get("/.well-known/jwks.json").json())
        for statement in statements:
            with pytest.raises(TokenInvalid, match="another type"):
                verify_id_token(
                    statement, issuer=ISSUER, client_id=driver.application.client_id, nonce="nonce-1", keys=source
                )
            with pytest.raises(jwt.InvalidTokenError):
                verified(driver.backchannel, statement, audience=driver.application.client_id)

    def test_neither_opens_or_buys_anything(self, driver: Driver, statements: list[str]) -> None:
        for statement in statements:
            assert not driver.works(statement)
            assert driver.refresh(statement).error == "invalid_grant"
            assert driver.redeem(statement).error == "invalid_grant"
            headers = {"Authorization": f"Bearer {statement}"}
            assert driver.token(headers=headers, grant_type="client_credentials").error == "invalid_client"
            for kind in ("jwt-bearer", "token-exchange"):
                form = {"grant_type": f"urn:ietf:params:oauth:grant-type:{kind}", "assertion": statement}
                assert driver.token(**form).error == "unsupported_grant_type"

    def test_neither_signs_anybody_in(self, driver: Driver, statements: list[str]) -> None:
        for statement in statements:
            driver.browser.logout()
            answer = driver.authorize(prompt="none", id_token_hint=statement)
            assert query(answer)["error"] in {"login_required", "invalid_request"}

    def test_neither_says_who_is_behind_an_id_token_of_another(self, statements: list[str]) -> None:
        """No ``sub``, so that what forgets to look at the type finds nobody."""
        for statement in statements:
            claims = jwt.decode(statement, options={"verify_signature": False})
            assert not {"sub", "exp", "nonce", "sid", "azp"} & claims.keys()


class TestReceipts:
    def test_receipt_is_its_persons_alone(self, driver: Driver, attacker: Driver) -> None:
        driver.tokens()
        own = Consent.objects.get()
        assert receipt_of(attacker, consent=own).status_code == 404
        attacker.tokens()
        assert receipt_of(attacker, consent=own).status_code == 404
        address = f"/o/apps/{attacker.application.pk}/receipt/{own.pk}/"
        assert (attacker.browser.get(address).status_code, driver.browser.get(address).status_code) == (404, 404)
        shared = Driver(type("Registered", (), {"application": driver.application, "client_secret": ""})())
        shared.browser = attacker.browser
        shared.code()
        assert receipt_of(attacker, consent=own).status_code == 404

    @pytest.mark.parametrize("number", ["0", "9" * 30])
    def test_number_of_nothing_is_nothing(self, driver: Driver, number: str) -> None:
        driver.tokens()
        assert driver.browser.get(f"/o/apps/{driver.application.pk}/receipt/{number}/").status_code == 404

    def test_receipt_is_in_no_cache_and_holds_no_key(self, driver: Driver) -> None:
        tokens = driver.tokens()
        answer = receipt_of(driver)
        assert "no-store" in answer["Cache-Control"]
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Disposition"].startswith("attachment")
        text = answer.content.decode()
        for secret in (tokens.access, tokens.refresh, driver.secret, driver.pkce.verifier):
            assert secret not in text
