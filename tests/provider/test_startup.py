"""What a worker that serves machines does not carry: its start and its memory are near stock DOT's.

`python -m benchmarks.startup` measures both.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from provider_site import crypto
from provider_site.portal.page_views import PageView
from provider_site.services import keys
from tests.provider.driver import Driver

ROOT = Path(__file__).resolve().parents[2]
# Pages, and what draws pictures. Of the portal the admin has words and charts.
PORTAL = "provider_site.portal"
ALLOWED = {
    PORTAL,
    f"{PORTAL}.developer",
    f"{PORTAL}.developer.routes",
    f"{PORTAL}.developer.wording",
    f"{PORTAL}.page_views",
    f"{PORTAL}.usage_charts",
}
HEAVY = ("PIL", "allauth", "consumer_site", "project")


def test_worker_that_serves_machines_imports_no_page() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.provider.fresh_worker"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout)
    assert found["answers"] == {
        "token": 200,
        "introspection": 200,
        "revocation": 200,
        "userinfo": 401,
        "metadata": 200,
        "keys": 200,
    }
    pages = {name for name in found["modules"] if name == PORTAL or name.startswith(f"{PORTAL}.")}
    assert pages <= ALLOWED
    assert not [name for name in found["modules"] if name.partition(".")[0] in HEAVY]


def page_views(patterns: Any) -> Iterator[PageView]:
    """Return the views of all pages of a URL configuration."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from page_views(pattern.url_patterns)
        elif isinstance(pattern, URLPattern) and isinstance(pattern.callback, PageView):
            yield pattern.callback


PAGES = {view.__module__ + "." + view.__name__ for view in page_views(get_resolver("provider_site.urls").url_patterns)}


@pytest.mark.parametrize("name", sorted(PAGES))
def test_page_is_there(name: str) -> None:
    view = PageView(name.removeprefix(f"{PORTAL}."))
    assert not hasattr(view, "view_class"), "nobody has asked for the page"
    assert f"{view.view.view_class.__module__}.{view.view.view_class.__name__}" == name
    assert view.view_class is view.view.view_class


def test_decorators_of_a_page_are_seen_before_it_is_opened() -> None:
    assert PageView("profile.AvatarView").login_required is False
    assert not hasattr(PageView("profile.ProfileView"), "csrf_exempt")


def test_keys_are_parsed_once(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check of an RSA key costs tens of milliseconds: no request after the first pays for it."""
    hint = driver.tokens().body["id_token"]
    claims = keys.verify(hint)
    parsed: list[str] = []

    def refuse(*_args: Any, **_kwargs: Any) -> Any:
        parsed.append("again")
        raise AssertionError("a key is parsed again")

    monkeypatch.setattr(crypto.serialization, "load_pem_private_key", refuse)
    monkeypatch.setattr(crypto.jwt, "PyJWK", refuse)
    again = driver.tokens().body["id_token"]
    assert keys.verify(again)["sub"] == claims["sub"]
    assert parsed == []
