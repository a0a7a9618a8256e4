from typing import Any

import pytest
from django.core import checks
from django.test import Client
from django.urls import URLPattern, URLResolver

from consumer_site.sandbox.checks import EVERY_CHECK, check_debug, check_github_apps, check_qq_apps, check_weixin_apps
from consumer_site.sandbox.conf import github_apps, qq_apps, weixin_apps
from consumer_site.sandbox.registration import callback_fault, domain_fault
from consumer_site.sandbox.urls import urlpatterns
from tests.consumer.sandbox.visitor import APP_ID, CALLBACK
from tests.consumer.sandbox.weixin_visitor import SECRET

PATHS = [
    *("", "sandbox.css"),
    *("qq/oauth2.0/authorize", "qq/oauth2.0/show?which=error&error=100010", "qq/oauth2.0/token", "qq/oauth2.0/me"),
    *("qq/user/get_user_info", "qq/avatar/g", "qq/avatar/qzapp/1/2/30", "qq/avatar/face/penguin", "qq/behaviour/"),
    *("weixin/connect/qrconnect", "weixin/connect/oauth2/authorize", "weixin/sns/oauth2/access_token"),
    *("weixin/sns/oauth2/refresh_token", "weixin/sns/userinfo", "weixin/sns/auth", "weixin/mmopen/1/2/132"),
    *("weixin/avatar/face/zhangsan", "weixin/behaviour/"),
    *("github/login/oauth/authorize", "github/login/oauth/access_token", "github/api/v3/user"),
    *("github/api/v3/user/emails", "github/avatars/u/40000001", "github/avatar/face/octo", "github/behaviour/"),
]


def every_pattern() -> list[URLPattern]:
    found: list[URLPattern] = []
    for item in urlpatterns:
        found += item.url_patterns if isinstance(item, URLResolver) else [item]
    return found


def ids(messages: list[checks.CheckMessage]) -> list[str | None]:
    return [message.id for message in messages]


@pytest.mark.django_db
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["get", "post"])
def test_without_debug_nothing_is_served(client: Client, settings: Any, method: str, path: str) -> None:
    settings.DEBUG = False
    assert getattr(client, method)(f"/sandbox/{path}").status_code == 404


def test_every_view_is_guarded_and_tested() -> None:
    assert len(PATHS) == len(every_pattern())
    assert all(getattr(pattern.callback, "emulator_view", False) for pattern in every_pattern())


@pytest.mark.parametrize(("debug", "expected"), [(True, []), (False, ["consumer_site.sandbox.E001"])])
def test_installed_without_debug_is_an_error(settings: Any, debug: bool, expected: list[str]) -> None:
    settings.DEBUG = debug
    messages = check_debug()
    assert ids(messages) == expected
    assert all(isinstance(message, checks.Error) and message.hint for message in messages)


def test_checks_are_registered(settings: Any) -> None:
    settings.DEBUG = False
    found = ids(checks.run_checks(tags=None, include_deployment_checks=False, databases=[]))
    assert "consumer_site.sandbox.E001" in found


@pytest.mark.parametrize(
    ("apps", "expected"),
    [
        ({}, "W001"),
        (["100000001"], "E002"),
        ({"1": "key"}, "E002"),
        ({"1": {"callbacks": [CALLBACK]}}, "E002"),
        ({"1": {"key": "k"}}, "E002"),
        ({"1": {"key": "k", "callbacks": [CALLBACK], "colour": "red"}}, "E002"),
        ({"1": {"key": "k", "callbacks": [CALLBACK], "strict": True}}, "E003"),
        ({"1": {"key": "k", "callbacks": [CALLBACK], "testers": ["nobody"]}}, "E004"),
        ({"1": {"key": "k", "callbacks": [CALLBACK]}}, None),
    ],
)
def test_configuration_of_apps_is_checked(settings: Any, apps: Any, expected: str | None) -> None:
    settings.CONSUMER_SITE = {"SANDBOX": {"QQ_APPS": apps}}
    assert ids(check_qq_apps()) == ([f"consumer_site.sandbox.{expected}"] if expected else [])


@pytest.mark.parametrize(
    ("callback", "accepted"),
    [
        ("https://app.example.com/callback/", True),
        ("https://app.example.com:8443/callback/", False),
        ("http://localhost/callback/", False),
        ("http://127.0.0.1/callback/", False),
        ("http://[::1]/callback/", False),
        ("https://app.example.com/#callback", False),
        ("app.example.com/callback/", False),
        ("https://localhost./callback/", False),
        ("https://app.localhost/callback/", False),
        ("https://127.1/callback/", False),
        ("https://2130706433/callback/", False),
        ("https://0x7f.1/callback/", False),
        ("https://user@app.example.com/callback/", False),
        ("https://app.example.com:/callback/", False),
        ("https://app.example.com:99999/callback/", False),
        ("https://[::1/callback/", False),
    ],
)
def test_registration_rules_of_qq(callback: str, accepted: bool) -> None:
    assert (callback_fault(callback) is None) is accepted


@pytest.mark.parametrize(
    ("domain", "accepted"),
    [
        ("www.example.com", True),
        ("https://www.example.com", False),
        ("www.example.com/callback", False),
        ("www.example.com:8443", False),
        ("localhost", False),
        ("127.0.0.1", False),
        ("[::1]", False),
    ],
)
def test_registration_rules_of_wechat(domain: str, accepted: bool) -> None:
    assert (domain_fault(domain) is None) is accepted


@pytest.mark.parametrize(
    ("setting", "apps", "expected"),
    [
        ("WEIXIN_APPS", {}, "W001"),
        ("WEIXIN_APPS", {"wx1": {"domains": ["a.example"]}}, "E002"),
        ("WEIXIN_APPS", {"wx1": {"secret": "s"}}, "E002"),
        ("WEIXIN_APPS", {"wx1": {"secret": "s", "domains": ["localhost"], "strict": True}}, "E003"),
        ("WEIXIN_APPS", {"wx1": {"secret": "s", "domains": ["a.example"], "scopes": ["snsapi_base"]}}, "E005"),
        ("WEIXIN_APPS", {"wx1": {"secret": "s", "domains": "localhost;a.example", "scopes": "snsapi_login"}}, None),
        ("GITHUB_APPS", {}, "W001"),
        ("GITHUB_APPS", {"1": {"secret": "s"}}, "E002"),
        ("GITHUB_APPS", {"1": {"secret": "s", "callbacks": ["/callback/"]}}, "E003"),
        ("GITHUB_APPS", {"1": {"secret": "s", "callbacks": ["http://localhost/"]}}, None),
    ],
)
def test_configuration_of_the_other_services_is_checked(
    settings: Any, setting: str, apps: Any, expected: str | None
) -> None:
    settings.CONSUMER_SITE = {"SANDBOX": {setting: apps}}
    found = [*check_weixin_apps(), *check_github_apps()]
    assert ids(found) == ([f"consumer_site.sandbox.{expected}"] if expected else [])


def test_settings_without_the_sandbox_are_fine(settings: Any) -> None:
    del settings.CONSUMER_SITE
    assert [message for check in EVERY_CHECK for message in check()] == []


def test_key_stays_out_of_repr() -> None:
    assert SECRET not in repr(weixin_apps())
    assert "github-secret-of-the-tests" not in repr(github_apps())
    assert "app-key-of-the-tests" not in repr(qq_apps()[APP_ID])
