import re
from typing import Any

import pytest
from django.test import Client

from consumer_site.sandbox.conf import DEFAULTS
from consumer_site.sandbox.services import SERVICES

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_index_says_what_runs_where_with_which_apps(client: Client, language: str) -> None:
    response = client.get("/sandbox/", headers={"accept-language": language})
    page = response.content.decode()
    assert f'<html lang="{language}"' in page
    assert "这里没有真实的服务" in page
    for service in SERVICES.values():
        assert f"/sandbox/{service.path}/behaviour/" in page
        assert all(app_id in page for app_id in service.apps())
    for real in ("https://graph.qq.com/oauth2.0/me", "https://api.weixin.qq.com/sns/userinfo"):
        assert real in page
    assert "http://testserver/sandbox/github/login/oauth/authorize" in page
    assert "frame-ancestors 'none'" in response["Content-Security-Policy"]


def test_every_page_brings_its_stylesheet_without_static_files(client: Client) -> None:
    page = client.get("/sandbox/").content.decode()
    (address,) = re.findall(r'rel="stylesheet" href="([^"]+)"', page)
    response = client.get(address)
    assert response["Content-Type"] == "text/css; charset=utf-8"
    assert b".person" in response.content


def test_service_that_the_settings_do_not_mention_has_test_apps(client: Client, settings: Any) -> None:
    del settings.CONSUMER_SITE
    page = client.get("/sandbox/").content.decode()
    for apps in DEFAULTS.values():
        assert all(app_id in page for app_id in apps)


def test_service_without_apps_says_so(client: Client, settings: Any) -> None:
    settings.CONSUMER_SITE = {"SANDBOX": {"QQ_APPS": {}}}
    assert client.get("/sandbox/").content.decode().count("every client is refused") == 1


@pytest.mark.parametrize(
    ("callback", "accepted"),
    [
        ("http://127.0.0.1:8000/a", True),
        ("http://localhost/b?c=d", True),
        ("http://[::1]:9/", True),
        ("https://www.example.com/", False),
        ("http://127.0.0.1@evil.example/", False),
        ("http://localhost/#x", False),
    ],
)
def test_qq_s_test_app_takes_every_callback_of_this_machine(
    client: Client, settings: Any, callback: str, accepted: bool
) -> None:
    del settings.CONSUMER_SITE
    query = {"response_type": "code", "client_id": "100000001", "redirect_uri": callback, "state": "s"}
    response = client.get("/sandbox/qq/oauth2.0/authorize", query)
    assert response.status_code == (200 if accepted else 302)
