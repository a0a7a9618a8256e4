"""Frame the consumer's pages, load foreign things into them, cache them, or learn their addresses."""

import re
from typing import Any

import pytest
from django.test import Client

from tests.consumer.journey import CALLBACK, LOGIN, Journey, sign_in_as
from tests.consumer.qq_samples import CannedQQ
from tests.security.consumer import qq_journey

pytestmark = pytest.mark.django_db

PUBLIC = [
    "/",
    "/accounts/login/",
    LOGIN,
    qq_journey.LOGIN,
    CALLBACK,
    qq_journey.CALLBACK,
    "/nowhere",
    "/accounts/3rdparty/login/error/",
    "/accounts/3rdparty/login/cancelled/",
    "/accounts/password/reset/",
]
OWN = ["/calendar/", "/accounts/3rdparty/", "/accounts/logout/"]


def check(answer: Any) -> None:
    """Check the headers and the body of one page."""
    policy = dict(part.strip().partition(" ")[::2] for part in answer["Content-Security-Policy"].split(";"))
    assert policy["frame-ancestors"] == "'none'"
    assert policy["base-uri"] == "'none'"
    assert policy["default-src"] in {"'none'", "'self'"}
    assert policy.get("script-src", policy["default-src"]) in {"'none'", "'self'"}
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert "*" not in policy.get("img-src", "")
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] in {"same-origin", "no-referrer"}
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    body = answer.content.decode()
    assert not re.search(
        r"<script(?![^>]*\s(?:src=|type=\"application/json\"))|<style|\son\w+=|\sstyle=|javascript:", body
    ), body
    assert not re.search(r'<(?:script|link|img|iframe|source)[^>]*(?:src|href)="(?:https?:)?//', body), body


@pytest.mark.parametrize("address", PUBLIC)
def test_public_page_is_not_framed_and_loads_nothing_foreign(
    house_entry: Any, qq: CannedQQ, visitor: Client, address: str
) -> None:
    check(visitor.get(address))


@pytest.mark.parametrize("address", OWN)
def test_page_of_ones_own_is_not_framed_and_not_kept(
    house_entry: Any, qq: CannedQQ, visitor: Client, victim: Any, address: str
) -> None:
    sign_in_as(visitor, victim)
    answer = visitor.get(address)
    assert answer.status_code == 200
    check(answer)
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("error", ["access_denied", "server_error", "x"])
def test_failed_sign_in_is_not_framed_and_not_kept(journey: Journey, error: str) -> None:
    answer = journey.sign_in(error=error)
    check(answer)
    assert "no-store" in answer["Cache-Control"]


def test_answer_of_the_callback_is_not_kept(journey: Journey) -> None:
    assert "no-store" in journey.sign_in()["Cache-Control"]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:8000"])
@pytest.mark.parametrize("address", ["/calendar/", "/accounts/login/", LOGIN, "/sandbox/qq/oauth2.0/me"])
def test_scripts_of_other_sites_read_nothing(visitor: Client, victim: Any, origin: str, address: str) -> None:
    sign_in_as(visitor, victim)
    for method in ("get", "options"):
        answer = getattr(visitor, method)(address, headers={"origin": origin})
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")]
