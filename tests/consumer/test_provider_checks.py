"""Say what is wrong with the providers that are configured, with the line to add, remove or run."""

from typing import Any

import pytest
from allauth.socialaccount.models import SocialApp
from django.core import checks as django_checks

from consumer_site import provider_checks as checks
from tests.consumer.test_checks import configure, ids

ROWS = {"databases": ["default"]}


def github(settings: Any, **options: Any) -> None:
    settings.SOCIALACCOUNT_PROVIDERS = {"github": options}


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({}, 0),
        ({"OAUTH_PKCE_ENABLED": True}, 0),
        ({"OAUTH_PKCE_ENABLED": False}, 1),
        ({"APP": {"client_id": "x", "settings": {"oauth_pkce_enabled": False}}}, 1),
        ({"APPS": [{"client_id": "x"}]}, 0),
    ],
)
def test_pkce(settings: Any, options: dict[str, Any], found: int) -> None:
    github(settings, **options)
    assert ids(checks.check_pkce()) == ["consumer_site.W013"] * found


def test_connectors_of_allauth_beside_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks.check_beside() == []
    name = "allauth.socialaccount.providers.weixin"
    monkeypatch.setattr(checks.apps, "is_installed", lambda installed: installed == name)
    (message,) = checks.check_beside()
    assert message.id == "consumer_site.W014"
    assert f'"{name}",' in str(message.hint)


@pytest.mark.parametrize("name", ["QQ_BASE_URLS", "WEIXIN_BASE_URLS", "GITHUB_BASE_URLS"])
@pytest.mark.parametrize(
    ("base", "debug", "found"),
    [
        ("http://127.0.0.1:8000/sandbox", False, 1),
        ("https://localhost/sandbox", False, 1),
        ("http://github.example", False, 1),
        ("https://github.example", False, 0),
        ("http://127.0.0.1:8000/sandbox", True, 0),
    ],
)
def test_emulators_outside_of_development(settings: Any, name: str, base: str, debug: bool, found: int) -> None:
    settings.DEBUG = debug
    empty: dict[str, Any] = {each: {} for each in checks._BASE_URLS}
    configure(settings, **(empty | {name: {"101": base}}))
    assert ids(checks.check_base_urls()) == ["consumer_site.E010"] * found


def test_replaced_services_show_at_deployment(settings: Any) -> None:
    settings.DEBUG = False
    configure(settings, QQ_BASE_URLS={"1": "https://proxy.example"}, WEIXIN_BASE_URLS={}, GITHUB_BASE_URLS={})
    assert ids(checks.check_replaced_services()) == ["consumer_site.W015"]
    settings.DEBUG = True
    assert checks.check_replaced_services() == []


def test_addresses_that_the_admin_shows(settings: Any) -> None:
    configure(settings, URLCONF="project.urls_consumer", SITE_URL="https://app.example.com")
    assert checks.check_addresses() == []
    configure(settings, URLCONF="project.urls_consumer", SITE_URL="")
    assert ids(checks.check_addresses()) == ["consumer_site.W017"]
    for urlconf in ("project.urls_provider", "no.such.module"):
        configure(settings, URLCONF=urlconf, SITE_URL="https://app.example.com")
        assert ids(checks.check_addresses()) == ["consumer_site.W017"]
    settings.ROOT_URLCONF = "project.urls_consumer"
    configure(settings, URLCONF="", SITE_URL="")
    assert checks.check_addresses() == []


def test_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks.check_pillow() == []
    monkeypatch.setattr(checks, "find_spec", lambda name: None)
    assert ids(checks.check_pillow()) == ["consumer_site.E011"]


@pytest.mark.django_db
def test_double_configuration(settings: Any, house_entry: Any) -> None:
    assert checks.check_double_configuration(**ROWS) == []
    configure(settings, HOUSE={"server_url": "https://id.example.com", "client_id": "x"})
    assert checks.check_double_configuration(databases=None) == []
    assert ids(checks.check_double_configuration(**ROWS)) == ["consumer_site.W006"]
    # Each id is a provider of its own.
    configure(settings, HOUSE={"id": "club", "server_url": "https://id.example.com", "client_id": "x"})
    assert checks.check_double_configuration(**ROWS) == []
    configure(settings, HOUSE=None)
    settings.SOCIALACCOUNT_PROVIDERS = {"house": {"APPS": [{"client_id": "y"}]}, "qq": {"APPS": []}}
    assert ids(checks.check_double_configuration(**ROWS)) == ["consumer_site.W006"]
    configure(settings, HOUSE="nonsense")
    assert checks.check_double_configuration(**ROWS) == []


@pytest.mark.django_db
def test_rows_that_stand_in_each_other_s_way(house_entry: Any) -> None:
    twin = SocialApp.objects.create(provider="house", name="Twin", client_id="t", settings={**house_entry.settings})
    assert ids(checks.check_double_configuration(**ROWS)) == ["consumer_site.W011", "consumer_site.W012"]
    twin.provider_id, twin.settings = "twin", {"server_url": "https://other.example"}
    twin.save()
    assert checks.check_double_configuration(**ROWS) == []
    SocialApp.objects.create(provider="weixin", name="1", client_id="1")
    SocialApp.objects.create(provider="weixin", name="2", client_id="2", settings={"inside": True})
    SocialApp.objects.create(provider="weixin", name="3", client_id="3", settings={"hidden": True})
    assert checks.check_double_configuration(**ROWS) == []


@pytest.mark.django_db
def test_an_issuer_of_the_settings_that_a_row_has_too(settings: Any, house_entry: Any) -> None:
    issuer = house_entry.settings["server_url"]
    configure(settings, HOUSE={"id": "twin", "server_url": issuer, "client_id": "x"})
    assert ids(checks.check_double_configuration(**ROWS)) == ["consumer_site.W012"]


@pytest.mark.django_db
def test_rows_with_an_issuer_or_a_secret_in_clear(settings: Any) -> None:
    row = SocialApp.objects.create(
        provider="house", name="Plain", client_id="c", settings={"server_url": "http://id.example.com"}
    )
    assert ids(checks.check_rows(**ROWS)) == ["consumer_site.W018"]
    row.settings = {"server_url": "http://127.0.0.1:8000"}
    row.save()
    assert checks.check_rows(**ROWS) == []
    configure(settings, ALLOW_LOOPBACK_HTTP=False)
    assert ids(checks.check_rows(**ROWS)) == ["consumer_site.W018"]
    row.settings, row.secret = ["nonsense"], "in clear"
    row.save()
    (message,) = checks.check_rows(**ROWS)
    assert message.id == "consumer_site.W019"
    assert "seal_provider_secrets" in str(message.hint)


def test_every_check_is_registered() -> None:
    registered = django_checks.registry.registry.get_checks(include_deployment_checks=True)
    for name in vars(checks):
        if name.startswith("check_"):
            assert getattr(checks, name) in registered, name
