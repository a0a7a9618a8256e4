"""Say what a project forgot, with the line to add."""

from typing import Any

import pytest
from django.core import checks as django_checks
from django.core.exceptions import ImproperlyConfigured

from consumer_site import checks
from consumer_site.adapters import SocialAccountAdapter
from consumer_site.conf import consumer_settings

SECRET = "a secret that is long enough, and then some"


class OwnAdapter(SocialAccountAdapter):
    """A project's extension."""


def configure(settings: Any, **options: Any) -> None:
    settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, **options}


def ids(messages: list[django_checks.CheckMessage]) -> list[str]:
    assert all(message.hint for message in messages)
    return [str(message.id) for message in messages]


@pytest.mark.parametrize(
    ("ring", "found"),
    [
        ([SECRET], []),
        ([], ["consumer_site.E001"]),
        (None, ["consumer_site.E001"]),
        (SECRET, ["consumer_site.E001"]),
        (["short"], ["consumer_site.W001"]),
    ],
)
def test_key_ring(settings: Any, ring: Any, found: list[str]) -> None:
    configure(settings, KEY_RING=ring)
    assert ids(checks.check_key_ring()) == found


def test_middleware(settings: Any) -> None:
    assert checks.check_middleware() == []
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if name != checks.MIDDLEWARE]
    (message,) = checks.check_middleware()
    assert message.id == "consumer_site.E002"
    assert checks.MIDDLEWARE in str(message.hint)


def test_apps(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks.check_apps() == []
    monkeypatch.setattr(checks.apps, "is_installed", lambda name: name != "allauth.account")
    assert ids(checks.check_apps()) == ["consumer_site.E003"]
    assert checks.check_adapter() == []
    assert checks.check_email_required() == []


def test_order_of_apps(monkeypatch: pytest.MonkeyPatch) -> None:
    configs = list(checks.apps.get_app_configs())
    monkeypatch.setattr(checks.apps, "get_app_configs", lambda: reversed(configs))
    assert ids(checks.check_apps()) == ["consumer_site.W003"]


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("consumer_site.adapters.SocialAccountAdapter", []),
        ("tests.consumer.test_checks.OwnAdapter", []),
        ("allauth.socialaccount.adapter.DefaultSocialAccountAdapter", ["consumer_site.E004"]),
        ("nowhere.Adapter", ["consumer_site.E004"]),
        ("consumer_site.checks.check_adapter", ["consumer_site.E004"]),
    ],
)
def test_adapter(settings: Any, path: str, found: list[str]) -> None:
    settings.SOCIALACCOUNT_ADAPTER = path
    assert ids(checks.check_adapter()) == found


@pytest.mark.parametrize(("debug", "installed", "found"), [(False, True, 1), (True, True, 0), (False, False, 0)])
def test_sandbox(settings: Any, monkeypatch: pytest.MonkeyPatch, debug: bool, installed: bool, found: int) -> None:
    settings.DEBUG = debug
    monkeypatch.setattr(checks.apps, "is_installed", lambda name: installed)
    assert ids(checks.check_sandbox()) == ["consumer_site.E005"] * found


@pytest.mark.parametrize(
    ("house", "found"),
    [
        (None, 0),
        ({"server_url": "https://id.example.com", "client_id": "x"}, 0),
        ({"server_url": "https://id.example.com"}, 1),
        ({"server_url": "http://id.example.com", "client_id": "x"}, 1),
        (
            [
                {"server_url": "https://a.example", "client_id": "x"},
                {"server_url": "https://b.example", "client_id": "x"},
            ],
            1,
        ),
        (
            [
                {"server_url": "https://a.example", "client_id": "x"},
                {"id": "b", "server_url": "https://b.example", "client_id": "x", "scope": ["openid"]},
            ],
            0,
        ),
        ({"id": "Not a slug", "server_url": "https://a.example", "client_id": "x"}, 1),
        ({"id": "login", "server_url": "https://a.example", "client_id": "x"}, 1),
        ({"server_url": "https://a.example", "client_id": "x", "scopes": ["openid"]}, 1),
        ({"server_url": "https://a.example", "client_id": "x", "scope": "openid"}, 1),
        ("https://a.example", 1),
    ],
)
def test_house(settings: Any, house: Any, found: int) -> None:
    configure(settings, HOUSE=house, ALLOW_LOOPBACK_HTTP=False)
    assert ids(checks.check_house()) == ["consumer_site.E006"] * found


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({}, []),
        ({"ALLOWED_NETWORKS": ["10.0.0.0/99"]}, ["consumer_site.E008"]),
        ({"HTTP_READ_TIMEOUT": "soon"}, ["consumer_site.E008"]),
        ({"QQ_BASE_URLS": ["http://x"]}, ["consumer_site.E008"]),
        ({"KEYRING": []}, ["consumer_site.W008"]),
    ],
)
def test_settings_that_cannot_be_read(settings: Any, options: dict[str, Any], found: list[str]) -> None:
    configure(settings, **options)
    assert ids(checks.check_settings()) == found


def test_tokens_in_clear(settings: Any) -> None:
    assert checks.check_store_tokens() == []
    settings.SOCIALACCOUNT_STORE_TOKENS = True
    assert ids(checks.check_store_tokens()) == ["consumer_site.E007"]


def test_required_email(settings: Any) -> None:
    assert checks.check_email_required() == []
    settings.SOCIALACCOUNT_EMAIL_REQUIRED = True
    assert ids(checks.check_email_required()) == ["consumer_site.W004"]


@pytest.mark.parametrize(("debug", "allowed", "found"), [(False, True, 1), (True, True, 0), (False, False, 0)])
def test_loopback(settings: Any, debug: bool, allowed: bool, found: int) -> None:
    settings.DEBUG = debug
    configure(settings, ALLOW_LOOPBACK_HTTP=allowed)
    assert ids(checks.check_loopback()) == ["consumer_site.W005"] * found


def test_every_check_is_registered() -> None:
    registered = django_checks.registry.registry.get_checks(include_deployment_checks=True)
    for name in vars(checks):
        if name.startswith("check_"):
            assert getattr(checks, name) in registered, name


def test_settings_are_read_anew_when_they_change(settings: Any) -> None:
    configure(settings, KEY_RING=[SECRET], ALLOWED_NETWORKS=["10.0.0.0/8"], QQ_BASE_URLS={1: "http://x/"})
    assert consumer_settings.KEY_RING == (SECRET,)
    assert consumer_settings.QQ_BASE_URLS == {"1": "http://x"}
    assert str(consumer_settings.ALLOWED_NETWORKS[0]) == "10.0.0.0/8"
    configure(settings, KEY_RING=["another"])
    assert consumer_settings.KEY_RING == ("another",)
    settings.CONSUMER_SITE = []
    with pytest.raises(ImproperlyConfigured):
        _ = consumer_settings.KEY_RING


def test_every_setting_has_a_reference_and_no_secret_in_its_repr(settings: Any) -> None:
    for name in dir(type(consumer_settings)):
        if name.isupper():
            documented = getattr(type(consumer_settings), name)
            assert documented.__doc__ or documented.func.__doc__, name
    configure(settings, HOUSE={"server_url": "https://x", "client_id": "c", "client_secret": "hush"})
    assert "hush" not in repr(consumer_settings.HOUSE)


def test_moments_without_a_time_zone_are_refused(settings: Any) -> None:
    assert not checks.check_time_zones()
    settings.USE_TZ = False
    assert ids(checks.check_time_zones()) == ["consumer_site.E009"]
