"""Seal anew what an older key seals, in every column that holds something sealed."""

import io
from collections import Counter
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount, SocialApp
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command

from consumer_site import social_apps, vault
from consumer_site.models import ClientKey, SessionLink, StoredToken
from consumer_site.openid import client_keys
from consumer_site.vault import cipher, columns

pytestmark = pytest.mark.django_db

OLD, NEW = "old secret, long enough to be one " * 2, "new secret, long enough to be one " * 2


@pytest.fixture
def ring(settings: Any) -> Any:
    def turn(*secrets: str) -> None:
        settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, "KEY_RING": list(secrets)}

    turn(OLD)
    return turn


@pytest.fixture
def rows(ring: Any) -> dict[str, Any]:
    """Return one row of each column, sealed with the old key by its owner."""
    user = get_user_model()._default_manager.create_user("somebody")
    account = SocialAccount.objects.create(user=user, provider="house", uid="one")
    app = SocialApp(provider="house", name="House", client_id="client", settings={"server_url": "https://id.example"})
    social_apps.seal_secret(app, "the client's secret")
    app.save()
    link = {"user": user, "account": account, "issuer": "https://id.example", "subject": "one", "session_key": "key"}
    return {
        "token": vault.save(account=account, tokens=vault.TokenSet("access", "refresh")),
        "app": app,
        "key": client_keys.make(),
        "link": SessionLink.objects.create(**link, sealed_id_token=cipher.seal("the token", binding="id_token")),
    }


def run(*arguments: str) -> str:
    output = io.StringIO()
    call_command("reseal_tokens", *arguments, stdout=output, stderr=output)
    return output.getvalue()


def all_sealed() -> list[str]:
    return sorted(
        [
            *StoredToken.objects.values_list("sealed", flat=True),
            *SessionLink.objects.values_list("sealed_id_token", flat=True),
            *ClientKey.objects.values_list("sealed", flat=True),
            *(app.settings["sealed_secret"] for app in SocialApp.objects.filter(provider="house")),
        ]
    )


def test_every_owner_s_column_opens_with_the_new_key_alone(rows: dict[str, Any], ring: Any) -> None:
    ring(NEW, OLD)
    before = all_sealed()
    assert "Key 2 of the ring still opens 4 rows" in run("--check")
    assert all_sealed() == before
    assert "Key 2 of the ring opens nothing and may be removed" in run("--batch-size", "1")
    ring(NEW)
    assert vault.load(account=rows["token"].account) == vault.TokenSet("access", "refresh")
    (entry,) = social_apps.configured(SocialApp.objects.filter(pk=rows["app"].pk))
    assert entry.secret == "the client's secret"
    assert client_keys.private_key(ClientKey.objects.get())
    assert cipher.unseal(SessionLink.objects.get().sealed_id_token, binding="id_token") == "the token"
    assert SocialApp.objects.get(pk=rows["app"].pk).settings["server_url"] == "https://id.example"


def test_tokens_stay_of_their_generation_and_what_is_done_is_left_alone(rows: dict[str, Any], ring: Any) -> None:
    ring(NEW, OLD)
    run()
    done = all_sealed()
    assert "sealed anew" not in run()
    assert all_sealed() == done
    assert StoredToken.objects.get().generation == 1


def test_every_batch_is_gone_through(ring: Any) -> None:
    user = get_user_model()._default_manager.create_user("somebody")
    for number in range(5):
        account = SocialAccount.objects.create(user=user, provider="house", uid=str(number))
        vault.save(account=account, tokens=vault.TokenSet("access"))
    ring(NEW, OLD)
    column = next(column for column in columns.sealed_columns() if column.model is StoredToken)
    assert columns.survey(column, batch_size=2).by_key == Counter({1: 5})
    assert columns.survey(column, reseal=True, batch_size=2).resealed == 5
    assert columns.survey(column, batch_size=2).by_key == Counter({0: 5})


@pytest.mark.parametrize("name", ["token", "app", "key", "link"])
def test_value_that_changed_meanwhile_is_kept(rows: dict[str, Any], ring: Any, name: str) -> None:
    row = rows[name]
    read = type(row).objects.get(pk=row.pk)
    column = next(column for column in columns.sealed_columns() if column.model is type(row))
    newer = cipher.seal("newer", binding=column.binding_of(row))
    assert column.replace(read, newer)
    assert not column.replace(read, "older")
    assert column.sealed_of(type(row).objects.get(pk=row.pk)) == newer


@pytest.mark.parametrize("option", [(), ("--check",)])
def test_rows_that_no_key_opens_are_counted_and_named(
    rows: dict[str, Any], ring: Any, option: tuple[str, ...], capsys: Any
) -> None:
    ring(NEW)
    before = all_sealed()
    with pytest.raises(CommandError, match="4 rows"):
        call_command("reseal_tokens", *option)
    assert f"StoredToken.sealed: no key opens 1: {rows['token'].pk}" in capsys.readouterr().err
    assert all_sealed() == before


def test_command_without_a_key_ring_says_what_to_set(rows: dict[str, Any], ring: Any) -> None:
    ring()
    with pytest.raises(CommandError, match="KEY_RING"):
        run()
