"""Defect 19: pages speak English alone, have no title, and may be framed and kept by caches."""

import importlib.metadata
import re
from typing import Any

import pytest

from tests.defects.stock.driver import StockDriver
from tests.provider.driver import Driver

CHINESE = {"Accept-Language": "zh-CN,zh;q=0.9"}


def consent_page(client: Driver) -> Any:
    """Return the page that asks a person who reads Chinese."""
    answer = client.browser.get("/o/authorize/", client.request_parameters(), headers=CHINESE)
    return answer if answer.status_code == 200 else client.browser.get(answer["Location"], headers=CHINESE)


def title(page: Any) -> str:
    found = re.search(r"<title>(.*?)</title>", page.content.decode(), re.DOTALL)
    assert found is not None
    return found[1].strip()


def language(page: Any) -> str:
    found = re.search(r'<html[^>]* lang="([^"]*)"', page.content.decode())
    assert found is not None
    return found[1]


def directives(page: Any) -> dict[str, str]:
    """Return the page's Content-Security-Policy."""
    policy = page.headers.get("Content-Security-Policy", "")
    return {name: value for name, _space, value in (part.strip().partition(" ") for part in policy.split(";")) if name}


def catalogues(names: list[str]) -> list[str]:
    return [name for name in names if name.endswith("LC_MESSAGES/django.mo")]


@pytest.mark.slow
def test_wheel_brings_its_words(wheel: Any) -> None:
    import zipfile

    assert "provider_site/locale/zh_Hans/LC_MESSAGES/django.mo" in catalogues(zipfile.ZipFile(wheel).namelist())


def test_wheel_of_dot_brings_no_words() -> None:
    files = importlib.metadata.files("django-oauth-toolkit")
    assert files
    assert any(str(file).endswith("oauth2_provider/models.py") for file in files)
    assert catalogues([str(file) for file in files]) == []


def test_consent_page_speaks_the_language_of_its_reader(driver: Driver) -> None:
    page = consent_page(driver)
    assert language(page).lower() == "zh-hans"
    assert "允许" in page.content.decode()


def test_consent_page_of_stock_dot_speaks_english_to_everybody(stock: StockDriver) -> None:
    page = consent_page(stock)
    assert page.headers["Content-Language"] == "zh-hans"  # what the project chose
    assert language(page) == "en"
    assert "Application requires the following permissions" in page.content.decode()


@pytest.mark.parametrize("where", ["consent", "error"])
def test_pages_have_titles(driver: Driver, where: str) -> None:
    page = consent_page(driver) if where == "consent" else driver.authorize(client_id="nobody")
    assert title(page)


def test_pages_of_stock_dot_have_no_title(stock: StockDriver) -> None:
    assert title(consent_page(stock)) == ""
    refused = stock.authorize(client_id="nobody")
    assert refused.status_code == 400
    assert title(refused) == ""


def test_consent_page_may_not_be_framed_nor_kept(driver: Driver) -> None:
    page = consent_page(driver)
    assert directives(page)["frame-ancestors"] == "'none'"
    assert "no-store" in page.headers["Cache-Control"]


def test_consent_page_of_stock_dot_may_be_kept_and_names_no_frame_ancestors(stock: StockDriver) -> None:
    page = consent_page(stock)
    assert "frame-ancestors" not in directives(page)
    assert "no-store" not in page.headers.get("Cache-Control", "")


def test_sign_in_pages_of_an_anonymous_visitor_may_not_be_framed(driver: Driver) -> None:
    driver.sign_out()
    answer = driver.browser.get(driver.authorize()["Location"])
    assert answer.status_code == 200
    assert directives(answer)["frame-ancestors"] == "'none'"
