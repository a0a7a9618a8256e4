"""Use one kind of token as another (RFC 9700 4.9; OpenID Core 16.3)."""

import base64
import json
from typing import Any

import jwt
import pytest

from tests.provider.driver import Driver


def forged(claims: dict[str, Any], **header: Any) -> str:
    """Return an unsigned JWT with a header of one's choice."""

    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'typ': 'JWT', **header})}.{part(claims)}."


class TestTokenConfusion:
    def test_id_token_opens_nothing(self, driver: Driver) -> None:
        tokens = driver.tokens()
        assert driver.userinfo(tokens.body["id_token"]).status_code == 401
        assert driver.refresh(tokens.body["id_token"]).error == "invalid_grant"
        assert driver.redeem(tokens.body["id_token"]).error == "invalid_grant"

    def test_refresh_token_and_code_open_nothing(self, driver: Driver) -> None:
        code = driver.code()
        assert not driver.works(code)
        assert not driver.works(driver.redeem(code).refresh)

    def test_client_secret_opens_nothing(self, driver: Driver) -> None:
        assert not driver.works(driver.secret)

    def test_access_token_is_no_id_token(self, driver: Driver) -> None:
        assert driver.tokens().access.count(".") == 0

    @pytest.mark.parametrize(
        "header",
        [
            {"alg": "none"},
            {"alg": "HS256"},
            {"alg": "RS256", "jku": "https://evil.example"},
            {"alg": "RS256", "crit": []},
        ],
    )
    def test_forged_jwt_opens_nothing(self, driver: Driver, header: dict[str, Any]) -> None:
        claims = jwt.decode(driver.tokens().body["id_token"], options={"verify_signature": False})
        assert not driver.works(forged(claims, **header))

    def test_token_altered_to_name_another_authorization_opens_nothing(self, driver: Driver, attacker: Driver) -> None:
        mine, theirs = attacker.tokens().access, driver.tokens().access
        assert not driver.works(mine[:5] + theirs[5:27] + mine[27:])
        assert driver.works(theirs)

    def test_stored_checksum_of_a_token_opens_nothing(self, driver: Driver) -> None:
        from oauth2_provider.models import get_access_token_model

        driver.tokens()
        row = get_access_token_model().objects.get()
        assert row.token == ""
        assert not driver.works(row.token_checksum)

    def test_machines_token_knows_no_person(self, driver: Driver) -> None:
        type(driver.application).objects.update(authorization_grant_type="client-credentials")
        tokens = driver.token(grant_type="client_credentials", scope="openid", user="1")
        assert tokens.status == 200
        assert driver.userinfo(tokens.access).status_code in {401, 403}

    def test_token_in_the_address_opens_nothing(self, driver: Driver) -> None:
        token = driver.tokens().access
        assert driver.backchannel.get("/o/userinfo/", {"access_token": token}).status_code == 401

    def test_token_in_two_places_is_refused(self, driver: Driver) -> None:
        token = driver.tokens().access
        answer = driver.backchannel.post(
            "/o/userinfo/", {"access_token": token}, headers={"Authorization": f"Bearer {token}"}
        )
        assert answer.status_code == 400

    def test_session_cookie_opens_no_userinfo(self, driver: Driver) -> None:
        driver.tokens()
        assert driver.browser.get("/o/userinfo/").status_code == 401

    def test_id_token_hint_of_another_person_gives_nothing(self, driver: Driver, attacker: Driver) -> None:
        hint = driver.tokens().body["id_token"]
        answer = attacker.authorize(id_token_hint=hint)
        assert answer["Location"].startswith("/o/consent/")
