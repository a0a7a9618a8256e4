"""OpenID Connect Extended Authentication Profile (EAP) ACR Values 1.0."""

from typing import Any

import pytest

from provider_site.sign_in_settings import PHISHING_RESISTANT
from tests.provider.driver import query
from tests.spec.sign_ins import essential, recorded

KEY = {"method": "mfa", "type": "webauthn"}
PASSWORD, CODE = {"method": "password"}, {"method": "mfa", "type": "totp"}


@pytest.mark.parametrize("records", [[KEY | {"passwordless": True}], [PASSWORD, KEY]])
def test_passkey_and_security_key_are_phishing_resistant(
    registered: Any, user: Any, records: list[dict[str, Any]]
) -> None:
    """2: phr; 3: pop, which leaves open whether the key is in hardware."""
    driver = recorded(registered, user, *records)
    claims = driver.id_token(driver.tokens(acr_values="phr"))
    assert (PHISHING_RESISTANT, claims["acr"]) == ("phr", "phr")
    assert "pop" in claims["amr"]
    assert not {"hwk", "swk"} & set(claims["amr"])


@pytest.mark.parametrize("records", [[PASSWORD], [PASSWORD, CODE]])
def test_password_and_one_time_code_are_not(registered: Any, user: Any, records: list[dict[str, Any]]) -> None:
    """2: whoever shows the person a false page learns both."""
    driver = recorded(registered, user, *records)
    assert driver.id_token(driver.tokens(acr_values="phr"))["acr"] != "phr"


def test_protection_by_hardware_is_not_claimed(registered: Any, user: Any) -> None:
    """2: phrh; where a key is kept is not known here."""
    driver = recorded(registered, user, KEY)
    assert driver.id_token(driver.tokens(acr_values="phrh phr"))["acr"] == "phr"
    assert query(driver.authorize(claims=essential("phrh")))["error"] == "unmet_authentication_requirements"
    assert "phrh" not in driver.backchannel.get("/.well-known/openid-configuration").json()["acr_values_supported"]
