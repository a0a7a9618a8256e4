"""Defect 11: an application without an algorithm, which is the default, breaks the token endpoint with ``openid``."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from oauth2_provider.models import get_application_model

from tests.defects.stock.driver import StockDriver, failure
from tests.provider.driver import Driver


def test_application_without_an_algorithm_gets_an_id_token(driver: Driver) -> None:
    rows = get_application_model().objects.filter(pk=driver.application.pk)
    rows.update(algorithm="")
    tokens = driver.tokens(scope="openid", scopes=())
    assert driver.id_token(tokens)["nonce"] == "nonce-1"


def test_application_without_an_algorithm_breaks_stock_dot(stock_site: None, user: Any) -> None:
    fields = {"name": "x", "client_type": "confidential", "authorization_grant_type": "authorization-code"}
    assert get_application_model()(**fields).algorithm == ""
    stock = StockDriver(user, algorithm="")
    form = {
        "grant_type": "authorization_code",
        "code": stock.code(scope="openid"),
        "redirect_uri": stock.redirect_uri,
        "code_verifier": stock.pkce.verifier,
    }
    assert failure(stock.post("/o/token/", **form)) is ImproperlyConfigured
