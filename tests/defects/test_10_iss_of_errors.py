"""Defect 10: ``iss`` is missing on error responses, though the metadata advertises it (RFC 9207 2)."""

from tests.defects.stock.driver import StockDriver
from tests.defects.stock.wiring import stock_dot
from tests.provider.driver import ISSUER, Driver, query

METADATA = "/.well-known/oauth-authorization-server"
ADVERTISED = "authorization_response_iss_parameter_supported"


def test_every_error_response_names_the_issuer(driver: Driver) -> None:
    assert driver.backchannel.get(METADATA).json()[ADVERTISED] is True
    answers = {
        "access_denied": driver.consent(driver.authorize(), decision="deny"),
        "invalid_scope": driver.authorize(scope="openid calendar.read"),
        "consent_required": driver.authorize(prompt="none"),
        "unsupported_response_type": driver.authorize(response_type="token"),
    }
    driver.sign_out()
    answers["login_required"] = driver.authorize(prompt="none")
    for error, answer in answers.items():
        assert query(answer) | {"error_description": ""} == {
            "error": error,
            "error_description": "",
            "state": "state-1",
            "iss": ISSUER,
        }


def test_error_responses_of_stock_dot_name_no_issuer(db: None, user: object) -> None:
    with stock_dot(COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS=True):
        stock = StockDriver(user)
        metadata = stock.backchannel.get("/o" + METADATA).json()
        assert metadata[ADVERTISED] is True
        asked = stock.request_parameters()
        assert query(stock.allow(asked))["iss"] == metadata["issuer"]
        denied = query(stock.allow(asked, allow=None))
        assert (denied["error"], "iss" in denied) == ("access_denied", False)
        unknown = query(stock.authorize(scope="unknown"))
        assert (unknown["error"], "iss" in unknown) == ("invalid_scope", False)
