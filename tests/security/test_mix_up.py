"""Have a client of two providers take the answer of one for the other's (RFC 9207, RFC 9700 4.4)."""

import json
from typing import Any

import pytest

from tests import factories
from tests.provider.driver import ISSUER, Driver, query

REQUESTS: dict[str, dict[str, Any]] = {
    "code": {},
    "unknown scope": {"scope": "openid root"},
    "unknown response type": {"response_type": "token"},
    "silence": {"prompt": "none", "scope": "openid avatar"},
    "plain challenge": {"code_challenge_method": "plain"},
    "request object": {"request": "e30.e30."},
    "resource": {"resource": "https://nobody.example"},
    "hint": {"id_token_hint": "nonsense"},
}


class TestMixUp:
    def test_every_answer_says_who_gives_it(self, driver: Driver) -> None:
        driver.code()
        for name, changes in REQUESTS.items():
            told = query(driver.authorize(**changes))
            assert told["iss"] == ISSUER, name
            assert ("code" in told) == (name == "code"), (name, told)

    def test_answer_by_a_form_says_so_too(self, driver: Driver) -> None:
        driver.code()
        for changes in REQUESTS.values():
            page = driver.authorize(response_mode="form_post", **changes).text
            assert page.count('name="iss"') == 1
            assert f'value="{ISSUER}"' in page

    def test_denial_says_so_too(self, driver: Driver) -> None:
        told = query(driver.consent(driver.authorize(), decision="deny"))
        assert (told["error"], told["iss"]) == ("access_denied", ISSUER)

    @pytest.mark.parametrize(
        "address", ["?iss=https://evil.example", "?x=1&iss=https%3A%2F%2Fevil.example", "?i%73s=x"]
    )
    def test_redirect_uri_brings_no_issuer_of_its_own(self, driver: Driver, user: Any, address: str) -> None:
        """As an older row may have it; such an address can't be registered."""
        uri = f"https://app.example.com/cb{address}"
        type(driver.application).objects.filter(pk=driver.application.pk).update(redirect_uris=uri)
        answer = driver.authorize(redirect_uri=uri, scope="openid root")
        assert answer["Location"].count("iss=") == 1
        assert query(answer)["iss"] == ISSUER

    def test_metadata_and_tokens_name_the_same_issuer(self, driver: Driver) -> None:
        """RFC 8414 3.3, OpenID Core 3.1.3.7: what a client compares with."""
        for address in ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"):
            document = json.loads(driver.backchannel.get(address).content)
            assert document["issuer"] == ISSUER
            assert document["authorization_response_iss_parameter_supported"] is True
            for name, value in document.items():
                if name.endswith("_endpoint") or name == "jwks_uri":
                    assert value.startswith(f"{ISSUER}/"), name
        assert driver.id_token(driver.tokens())["iss"] == ISSUER

    def test_code_of_another_provider_is_worth_nothing_and_harms_nothing(self, driver: Driver) -> None:
        """A mixed-up client sends us the code of the other one."""
        own = driver.code()
        assert driver.redeem("a" * 30).error == "invalid_grant"
        assert driver.redeem(own).status == 200

    def test_two_applications_with_one_redirect_uri_are_told_apart(self, driver: Driver, user: Any) -> None:
        twin = Driver(factories.make_application(redirect_uris=[driver.redirect_uri]), user)
        code = twin.code()
        assert driver.redeem(code, code_verifier=twin.pkce.verifier).error == "invalid_grant"
        assert twin.redeem(code).status == 200
