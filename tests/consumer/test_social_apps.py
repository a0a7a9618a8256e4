"""Which entry is used, and what becomes of its secret."""

import logging
from io import StringIO
from typing import Any

import pytest
from allauth.socialaccount.models import SocialApp
from django.core.exceptions import MultipleObjectsReturned
from django.core.management import CommandError, call_command
from django.test import Client

from consumer_site import social_apps
from consumer_site.adapters import SocialAccountAdapter
from consumer_site.vault import cipher
from tests.consumer.journey import HOST, Journey, assert_error_page

pytestmark = pytest.mark.django_db

SECRET = "a-secret-for-one-provider-alone"
CLUB = {"id": "club", "server_url": "https://club.example", "client_id": "c", "client_secret": "s", "scope": ["openid"]}
HOME = {"server_url": "https://id.example.com", "client_id": "h", "client_secret": "s"}


def configure(settings: Any, **options: Any) -> None:
    settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, **options}


def listed(provider: str | None = None, **arguments: Any) -> list[SocialApp]:
    return SocialAccountAdapter().list_apps(None, provider=provider, **arguments)  # type: ignore[arg-type]


def chosen(provider: str) -> SocialApp:
    return SocialAccountAdapter().get_app(None, provider)  # type: ignore[arg-type]  # no request


def row(provider: str = "house", **values: Any) -> SocialApp:
    return SocialApp.objects.create(**{"provider": provider, "name": provider, "client_id": "r", **values})


def sealed(**values: Any) -> SocialApp:
    app = row(**values)
    social_apps.seal_secret(app, SECRET)
    app.save()
    return app


def test_a_list_of_openid_providers_from_the_settings(settings: Any) -> None:
    configure(settings, HOUSE=[HOME, CLUB])
    assert [social_apps.provider_id_of(app) for app in listed("house")] == ["house", "club"]
    assert chosen("house").client_id == "h"
    club = chosen("club")
    assert (club.provider, club.secret) == ("house", "s")
    assert club.settings == {"server_url": "https://club.example", "scope": ["openid"]}
    assert [app.client_id for app in listed("house", client_id="c")] == ["c"]
    configure(settings, HOUSE=[CLUB])
    with pytest.raises(SocialApp.DoesNotExist):
        chosen("house")


def test_row_wins_for_its_own_id_alone(settings: Any) -> None:
    configure(settings, HOUSE=[HOME, CLUB])
    row(provider_id="club", settings={"server_url": "https://club.example"})
    assert {app.client_id for app in listed("house")} == {"h", "r"}
    assert listed("house", client_id="c") == []
    row()
    assert {app.client_id for app in listed("house")} == {"r"}


def test_inside_weixin_in_the_settings_stays_beside_a_website_s_row(settings: Any) -> None:
    settings.SOCIALACCOUNT_PROVIDERS = {
        "weixin": {"APPS": [{"client_id": "site"}, {"client_id": "inside", "settings": {"inside": True}}]}
    }
    row("weixin")
    assert {app.client_id for app in listed("weixin")} == {"r", "inside"}


def test_an_entry_with_another_connector_s_name_is_not_used(caplog: pytest.LogCaptureFixture) -> None:
    row(provider_id="qq", settings={"server_url": "https://evil.example"})
    assert listed("qq") == []
    assert listed() == []
    assert "name of another provider" in caplog.text


def test_several_are_told_apart_by_hiding() -> None:
    row("qq", client_id="1")
    row("qq", client_id="2")
    with pytest.raises(MultipleObjectsReturned):
        chosen("qq")
    SocialApp.objects.filter(client_id="2").update(settings={"hidden": True})
    assert chosen("qq").client_id == "1"


def test_secret_is_opened_once_per_process(monkeypatch: pytest.MonkeyPatch) -> None:
    sealed(client_id="opened-once")
    opened: list[str] = []
    unseal = cipher.unseal

    def count(text: str, *, binding: str) -> str:
        opened.append(text)
        return unseal(text, binding=binding)

    monkeypatch.setattr(cipher, "unseal", count)
    assert [listed("house")[0].secret for _ in range(5)] == [SECRET] * 5
    assert len(opened) == 1


def test_rotated_ring_opens_and_a_lost_key_does_not(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    sealed(client_id="rotated", settings={"server_url": "https://id.example.com"})
    ring = settings.CONSUMER_SITE["KEY_RING"]
    configure(settings, KEY_RING=["another secret that is long enough to be one", *ring])
    assert chosen("house").secret == SECRET
    configure(settings, KEY_RING=["another secret that is long enough to be one"])
    caplog.set_level(logging.DEBUG)
    for _ in range(3):
        with pytest.raises(SocialApp.DoesNotExist):
            chosen("house")
    assert listed("house")[0].secret == ""
    assert caplog.text.count("can't be opened") == 1
    assert SECRET not in caplog.text


def test_person_meets_a_page_where_a_secret_is_unreadable(journey: Journey, house_entry: SocialApp) -> None:
    house_entry.secret = ""
    house_entry.settings = {**house_entry.settings, "sealed_secret": "garbage"}
    house_entry.save()
    assert journey.visitor.get("/accounts/login/").status_code == 200
    assert_error_page(journey.start(), 503, "not set up correctly")
    for provider in ("qq", "weixin", "github"):
        row(provider, settings={"sealed_secret": "garbage"})
        answer = Client(headers={"host": HOST}).post(f"/accounts/{provider}/login/")
        assert_error_page(answer, 503)


def test_sign_in_with_a_sealed_secret(journey: Journey, house_entry: SocialApp) -> None:
    assert social_apps.seal_stored(house_entry)
    house_entry.refresh_from_db()
    assert house_entry.secret == ""
    assert journey.sign_in().status_code == 302
    assert journey.visitor.get("/calendar/").status_code == 200


def test_secret_in_clear_is_newer_than_a_sealed_one() -> None:
    app = sealed()
    SocialApp.objects.filter(pk=app.pk).update(secret="newer")
    assert listed("house")[0].secret == "newer"


def test_row_that_changed_meanwhile_is_not_sealed_over() -> None:
    app = row(secret=SECRET)
    SocialApp.objects.filter(pk=app.pk).update(secret="newer")
    assert not social_apps.seal_stored(app)
    app.refresh_from_db()
    assert (app.secret, app.settings) == ("newer", {})


def test_command_seals_what_is_in_clear(settings: Any) -> None:
    app, other = row(secret=SECRET), sealed(provider="qq")
    out = StringIO()
    call_command("seal_provider_secrets", stdout=out)
    assert out.getvalue() == "Sealed: 1.\n"
    app.refresh_from_db()
    assert app.secret == ""
    assert [entry.secret for entry in social_apps.configured([app, other])] == [SECRET, SECRET]
    row(secret=SECRET, provider="github")
    configure(settings, KEY_RING=[])
    with pytest.raises(CommandError):
        call_command("seal_provider_secrets")
