"""Providers from the environment: complete, or refused by the name of what is missing."""

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from consumer_site import environment
from consumer_site.adapters import SocialAccountAdapter
from consumer_site.admin import kinds
from consumer_site.conf import consumer_settings
from consumer_site.environment import read_connectors

HOUSE = {"HOUSE_ISSUER": "https://id.example.com", "HOUSE_CLIENT_ID": "calendar", "HOUSE_CLIENT_SECRET": "hush"}


def test_nothing_is_configured_by_an_empty_environment() -> None:
    found = read_connectors({"HOUSE_NAME": "alone", "QQ_APP_ID": " ", "HOUSE_NUMBER": "3"})
    assert (found.house, found.providers, found.origins) == ([], {}, [])


def test_openid_providers() -> None:
    found = read_connectors(
        HOUSE
        | {
            "HOUSE_NAME": "Home",
            "HOUSE_SCOPE": "openid email",
            "HOUSE_MY_CLUB_ISSUER": "https://club.example/path/",
            "HOUSE_MY_CLUB_CLIENT_ID": "c",
            "HOUSE_MY_CLUB_AUTH_METHOD": "private_key_jwt",
            "HOUSE_MY_CLUB_RESPONSE_MODE": "form_post",
            "HOUSE_MY_CLUB_SIGNED_RESPONSE_ALG": "ES256",
            "HOUSE_MY_CLUB_API_ORIGINS": "https://a.example https://b.example",
        }
    )
    assert found.house == [
        {
            "server_url": "https://id.example.com",
            "client_id": "calendar",
            "client_secret": "hush",
            "name": "Home",
            "scope": ["openid", "email"],
        },
        {
            "id": "my-club",
            "server_url": "https://club.example/path/",
            "client_id": "c",
            "token_endpoint_auth_method": "private_key_jwt",
            "response_mode": "form_post",
            "id_token_signed_response_alg": "ES256",
            "api_origins": ["https://a.example", "https://b.example"],
        },
    ]
    assert found.origins == ["https://id.example.com", "https://club.example"]
    assert "hush" not in repr(found)


def test_other_providers() -> None:
    found = read_connectors(
        {
            "QQ_APP_ID": "101",
            "QQ_APP_KEY": "q",
            "WEIXIN_APP_ID": "wx1",
            "WEIXIN_APP_SECRET": "w",
            "WEIXIN_INSIDE_APP_ID": "wx2",
            "WEIXIN_INSIDE_APP_SECRET": "i",
            "GITHUB_CLIENT_ID": "gh",
            "GITHUB_CLIENT_SECRET": "g",
            "GITHUB_SCOPE": "read:user user:email",
        }
    ).providers
    assert found["qq"]["APPS"] == [{"name": "QQ", "client_id": "101", "secret": "q"}]
    website, inside = found["weixin"]["APPS"]
    assert (website["client_id"], website["secret"], "settings" in website) == ("wx1", "w", False)
    assert (inside["client_id"], inside["settings"]) == ("wx2", {"inside": True, "hidden": True})
    assert found["github"]["APPS"][0]["settings"] == {"scope": ["read:user", "user:email"]}
    alone = read_connectors({"WEIXIN_INSIDE_APP_ID": "wx2", "WEIXIN_INSIDE_APP_SECRET": "i"}).providers
    assert alone["weixin"]["APPS"][0]["settings"] == {"inside": True}


def test_environment_says_all_that_the_admin_s_form_has_fields_for() -> None:
    parts = {
        "server_url": "ISSUER",
        "token_endpoint_auth_method": "AUTH_METHOD",
        "token_endpoint_auth_signing_alg": "AUTH_SIGNING_ALG",
        "id_token_signed_response_alg": "SIGNED_RESPONSE_ALG",
    }
    assert {parts.get(name, name.upper()) for name in kinds.HOUSE.settings} <= set(environment._PARTS)
    for kind in (kinds.QQ, kinds.WEIXIN, kinds.GITHUB):
        for name in {"name", *kind.settings} - {"inside"}:  # that one has an id and a secret of its own
            assert f"{kind.provider.upper()}_{name.upper()}" in (environment.__doc__ or "")


def test_names_and_hidden_buttons() -> None:
    apps = {
        "QQ_APP_ID": "1",
        "QQ_APP_KEY": "k",
        "QQ_NAME": "Penguin",
        "QQ_HIDDEN": "1",
        "WEIXIN_APP_ID": "wx",
        "WEIXIN_APP_SECRET": "s",
        "WEIXIN_NAME": "WeChat",
        "WEIXIN_HIDDEN": "0",
        "GITHUB_CLIENT_ID": "g",
        "GITHUB_CLIENT_SECRET": "s",
        "GITHUB_SCOPE": "gist",
        "GITHUB_HIDDEN": "1",
    }
    found = read_connectors(HOUSE | {"HOUSE_HIDDEN": "1"} | apps)
    assert found.house[0]["hidden"] is True
    (qq,), (weixin,), (github,) = (found.providers[name]["APPS"] for name in ("qq", "weixin", "github"))
    assert (qq["name"], qq["settings"]) == ("Penguin", {"hidden": True})
    assert (weixin["name"], "settings" in weixin) == ("WeChat", False)
    assert (github["name"], github["settings"]) == ("GitHub", {"scope": ["gist"], "hidden": True})
    assert found.providers.keys() == {"qq", "weixin", "github"}
    assert read_connectors({"QQ_HIDDEN": "1"}).providers == {}


def test_secrets_come_from_files(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("from a file\n", encoding="utf-8")
    found = read_connectors({"QQ_APP_ID": "101", "QQ_APP_KEY_FILE": str(file)})
    assert found.providers["qq"]["APPS"][0]["secret"] == "from a file"
    options = {name: value for name, value in HOUSE.items() if name != "HOUSE_CLIENT_SECRET"}
    assert read_connectors(options | {"HOUSE_CLIENT_SECRET_FILE": str(file)}).house[0]["client_secret"] == "from a file"


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"HOUSE_ISSUER": "https://id.example.com"}, "HOUSE_CLIENT_ID"),
        ({"HOUSE_CLIENT_ID": "c"}, "HOUSE_ISSUER"),
        ({"HOUSE_CLIENT_SECRET": "s"}, "HOUSE_ISSUER and HOUSE_CLIENT_ID"),
        ({"HOUSE_X_CLIENT_SECRET_FILE": "/nowhere"}, "HOUSE_X_ISSUER and HOUSE_X_CLIENT_ID"),
        (HOUSE | {"HOUSE_ISSUER": "id.example.com"}, "HOUSE_ISSUER"),
        (HOUSE | {"HOUSE_ISSUER": "https://id.example.com/?x"}, "HOUSE_ISSUER"),
        (HOUSE | {"HOUSE_AUTH_METHOD": "tls"}, "HOUSE_AUTH_METHOD"),
        (HOUSE | {"HOUSE_HIDDEN": "maybe"}, "HOUSE_HIDDEN"),
        (HOUSE | {"HOUSE_RESPONSE_MODE": "fragment"}, "HOUSE_RESPONSE_MODE"),
        (HOUSE | {"HOUSE_CLIENT_SECRET": "", "HOUSE_AUTH_METHOD": "client_secret_post"}, "HOUSE_CLIENT_SECRET"),
        ({"HOUSE_LOGIN_ISSUER": "https://x.example", "HOUSE_LOGIN_CLIENT_ID": "c"}, "HOUSE_LOGIN_ISSUER"),
        ({"QQ_APP_ID": "101"}, "QQ_APP_KEY or QQ_APP_KEY_FILE"),
        ({"QQ_APP_KEY": "k"}, "QQ_APP_ID"),
        ({"WEIXIN_APP_ID": "wx"}, "WEIXIN_APP_SECRET"),
        ({"WEIXIN_INSIDE_APP_SECRET": "s"}, "WEIXIN_INSIDE_APP_ID"),
        ({"GITHUB_CLIENT_ID": "gh"}, "GITHUB_CLIENT_SECRET"),
        ({"QQ_APP_ID": "101", "QQ_APP_KEY": "k", "QQ_APP_KEY_FILE": "/nowhere"}, "QQ_APP_KEY or QQ_APP_KEY_FILE"),
        ({"QQ_APP_ID": "101", "QQ_APP_KEY_FILE": "/nowhere/at/all"}, "QQ_APP_KEY_FILE"),
        ({"QQ_APP_ID": "101", "QQ_APP_KEY_FILE": "/dev/null"}, "QQ_APP_KEY_FILE"),
    ],
)
def test_half_of_a_provider_is_refused_by_name(variables: dict[str, str], named: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        read_connectors(variables)
    assert named in str(refused.value)


@pytest.mark.django_db
def test_what_is_read_can_be_signed_in_with(settings: Any) -> None:
    found = read_connectors(HOUSE | {"HOUSE_CLUB_ISSUER": "https://club.example", "HOUSE_CLUB_CLIENT_ID": "c"})
    settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, "HOUSE": found.house}
    settings.SOCIALACCOUNT_PROVIDERS = read_connectors({"QQ_APP_ID": "101", "QQ_APP_KEY": "k"}).providers
    assert [entry.id for entry in consumer_settings.HOUSE] == ["", "club"]
    adapter = SocialAccountAdapter()
    assert adapter.get_app(None, "house").secret == "hush"  # type: ignore[arg-type]  # no request
    assert adapter.get_app(None, "club").settings["server_url"] == "https://club.example"  # type: ignore[arg-type]
    assert adapter.get_app(None, "qq").client_id == "101"  # type: ignore[arg-type]  # no request


def test_every_variable_is_documented() -> None:
    documented = environment.__doc__ or ""
    names = {"QQ_APP_ID", "QQ_APP_KEY", "WEIXIN_INSIDE_APP_ID", "GITHUB_SCOPE", "_FILE"}
    names |= {f"HOUSE_{part}" for part in environment._PARTS if not part.endswith("_FILE")}
    page = (Path(__file__).parents[2] / "docs/consumer/configuration.md").read_text(encoding="utf-8")
    for name in names:
        assert name in documented, name
        assert name in page, name
