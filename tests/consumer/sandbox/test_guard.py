from typing import Any

import pytest
from django.core import checks
from django.test import Client

from consumer_site.sandbox.checks import check_debug, check_qq_apps, registration_fault
from consumer_site.sandbox.conf import qq_apps
from consumer_site.sandbox.qq.urls import urlpatterns
from tests.consumer.sandbox.visitor import APP_ID, BASE, CALLBACK

PATHS = [
    *("oauth2.0/authorize", "oauth2.0/show?which=error&error=100010", "oauth2.0/token", "oauth2.0/me"),
    *("user/get_user_info", "avatar/g", "avatar/qzapp/1/2/30", "avatar/face/penguin", "behaviour/"),
]


def ids(messages: list[checks.CheckMessage]) -> list[str | None]:
    return [message.id for message in messages]


@pytest.mark.django_db
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["get", "post"])
def test_without_debug_nothing_is_served(client: Client, settings: Any, method: str, path: str) -> None:
    settings.DEBUG = False
    assert getattr(client, method)(f"{BASE}/{path}").status_code == 404


def test_every_view_is_guarded_and_tested() -> None:
    assert len(PATHS) == len(urlpatterns)
    assert all(getattr(pattern.callback, "emulator_view", False) for pattern in urlpatterns)


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
    ],
)
def test_registration_rules_of_qq(callback: str, accepted: bool) -> None:
    assert (registration_fault(callback) is None) is accepted


def test_key_stays_out_of_repr() -> None:
    assert "app-key-of-the-tests" not in repr(qq_apps()[APP_ID])
