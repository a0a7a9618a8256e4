"""Defect 3: the client chooses its own consent, and the consent form's hidden fields can be widened."""

from typing import Any

from provider_site.models import Consent
from tests.defects.stock.driver import StockDriver
from tests.provider.driver import Driver, Tokens, query

ASKED = "openid nickname"


def was_asked(answer: Any) -> bool:
    """Tell whether the person comes to a page of the provider's rather than back to the client."""
    here = answer.status_code == 200 or answer["Location"].startswith("/o/consent/")
    assert here or "code" in query(answer), answer
    return bool(here)


def test_approval_prompt_does_not_beat_prompt_consent(driver: Driver) -> None:
    driver.tokens(scope=ASKED, scopes=["nickname"])
    assert not was_asked(driver.authorize(scope=ASKED))
    assert was_asked(driver.authorize(scope=ASKED, prompt="consent", approval_prompt="auto"))


def test_approval_prompt_does_not_beat_the_provider(driver: Driver) -> None:
    """What decides is the consent alone: one that the person took back is asked for, whatever the client says."""
    driver.tokens(scope=ASKED, scopes=["nickname"])
    key = driver.application.pk
    assert driver.browser.post(f"/o/apps/{key}/withdraw/", {"confirm": "1"}).status_code in {302, 303}
    assert was_asked(driver.authorize(scope=ASKED, approval_prompt="auto"))


def test_approval_prompt_at_stock_dot_beats_the_setting(stock: StockDriver) -> None:
    stock.tokens(scope=ASKED)
    assert was_asked(stock.authorize(scope=ASKED))  # REQUEST_APPROVAL_PROMPT is "force"
    assert not was_asked(stock.authorize(scope=ASKED, approval_prompt="auto"))


def test_approval_prompt_at_stock_dot_beats_prompt_consent(stock: StockDriver) -> None:
    stock.tokens(scope=ASKED)
    assert not was_asked(stock.authorize(scope=ASKED, prompt="consent", approval_prompt="auto"))


def test_consent_form_grants_no_scope_that_was_not_asked_for(driver: Driver) -> None:
    page = driver.authorize(scope="openid")
    widened = driver.consent(page, scopes=["nickname"])
    assert widened.status_code == 400
    assert not Consent.objects.exists()
    tokens = driver.redeem(query(driver.consent(page))["code"])
    assert tokens.body["scope"] == "openid"
    assert "nickname" not in driver.userinfo(tokens.access).json()


def test_consent_form_leads_nowhere_but_where_the_request_said(driver: Driver) -> None:
    fields = {"client_id": "other", "redirect_uri": "https://evil.example/", "response_type": "token", "nonce": "n"}
    answer = driver.consent(driver.authorize(scope="openid"), **fields)
    assert answer["Location"].startswith(driver.redirect_uri)
    tokens = driver.redeem(query(answer)["code"])
    assert driver.id_token(tokens)["nonce"] == "nonce-1"


def test_consent_form_of_stock_dot_can_be_widened(stock: StockDriver) -> None:
    asked = stock.request_parameters(scope="openid")
    page = stock.browser.get("/o/authorize/", asked).content.decode()
    assert "Sign you in" in page
    assert "Change everything" not in page
    tokens: Tokens = stock.redeem(query(stock.allow(asked, scope="openid write"))["code"])
    assert tokens.body["scope"] == "openid write"
