"""Take over the tokens that allauth stored in clear."""

import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from consumer_site import checks, vault
from consumer_site.models import StoredToken
from consumer_site.vault import moving

pytestmark = pytest.mark.django_db

SOON = timezone.now() + timedelta(hours=1)
LATER = SOON + timedelta(hours=1)


def make_account(uid: str = "one") -> SocialAccount:
    user = get_user_model()._default_manager.create_user(f"user-{uid}")
    return SocialAccount.objects.create(user=user, provider="google", uid=uid)


def make_plain(account: SocialAccount, number: int = 1, **fields: Any) -> SocialToken:
    app = SocialApp.objects.create(provider="google", name="Google", client_id=f"client-{account.pk}-{number}")
    return SocialToken.objects.create(
        account=account, app=app, token=f"plain-access-{number}", token_secret=f"plain-refresh-{number}", **fields
    )


def run(*arguments: str) -> str:
    output = io.StringIO()
    call_command("move_social_tokens", *arguments, stdout=output)
    return output.getvalue()


def test_plain_row_is_sealed_and_gone() -> None:
    account = make_account()
    make_plain(account, expires_at=SOON)
    assert "Moved: 1." in run()
    assert vault.load(account=account) == vault.TokenSet("plain-access-1", "plain-refresh-1", SOON)
    assert (StoredToken.objects.get().generation, SocialToken.objects.count()) == (1, 0)
    assert "plain" not in StoredToken.objects.get().sealed
    assert "Moved: 0." in run()


def test_newest_of_several_rows_of_an_account_is_kept() -> None:
    account = make_account()
    for number in (1, 2, 3):
        make_plain(account, number)
    assert "Moved: 1. Deleted, for the vault had newer ones: 2." in run("--batch-size", "2")
    assert vault.load(account=account) == vault.TokenSet("plain-access-3", "plain-refresh-3")


@pytest.mark.parametrize(
    ("ours", "plain", "wins"),
    [(LATER, SOON, "ours"), (SOON, SOON, "ours"), (None, SOON, "ours"), (SOON, None, "ours"), (SOON, LATER, "plain")],
    ids=["earlier", "same", "unknown here", "unknown there", "later"],
)
def test_newer_tokens_of_the_vault_win(ours: Any, plain: Any, wins: str) -> None:
    account = make_account()
    vault.save(account=account, tokens=vault.TokenSet("ours", "", ours))
    make_plain(account, expires_at=plain)
    run()
    held = vault.load(account=account)
    assert held is not None
    assert held.access_token.startswith(wins)
    assert StoredToken.objects.get().generation == (2 if wins == "plain" else 1)
    assert not SocialToken.objects.exists()


def test_row_stays_when_the_sealed_one_cannot_be_stored() -> None:
    for uid in ("one", "two"):
        make_plain(make_account(uid))
    seen: list[str] = []

    def fail_at_the_second(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("INSERT") and "storedtoken" in sql:
            seen.append(sql)
            if len(seen) == 2:
                raise OperationalError("the disk is full")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(fail_at_the_second), pytest.raises(OperationalError):
        run()
    assert (SocialToken.objects.count(), StoredToken.objects.count()) == (1, 1)
    assert "Moved: 1." in run()
    assert StoredToken.objects.count() == 2


def test_command_without_a_key_ring_moves_nothing_and_says_what_to_set(settings: Any) -> None:
    settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, "KEY_RING": []}
    assert "Moved: 0." in run()
    make_plain(make_account())
    with pytest.raises(CommandError, match="KEY_RING"):
        run()
    assert SocialToken.objects.count() == 1


def test_system_check_warns_while_rows_remain() -> None:
    assert checks.check_plain_tokens(databases=["default"]) == []
    make_plain(make_account())
    assert checks.check_plain_tokens(databases=None) == []
    assert [found.id for found in checks.check_plain_tokens(databases=["default"])] == ["consumer_site.W010"]
    run()
    assert checks.check_plain_tokens(databases=["default"]) == []


def migrate(name: str) -> None:
    executor = MigrationExecutor(connection)
    executor.migrate([("consumer_site", name)])


@pytest.fixture
def earlier(transactional_db: None) -> Iterator[None]:
    """Go back to before the move, and afterwards to the newest: the tables are those of all tests of this process."""
    [newest] = MigrationExecutor(connection).loader.graph.leaf_nodes("consumer_site")
    migrate("0002_tokens_and_sessions")
    yield
    migrate(newest[1])


def test_migration_moves_the_rows_and_asks_for_the_key_ring_first(earlier: None, settings: Any) -> None:
    ring = settings.CONSUMER_SITE["KEY_RING"]
    account = make_account()
    make_plain(account, expires_at=SOON)
    settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, "KEY_RING": []}
    with pytest.raises(ImproperlyConfigured, match=r'(?s)1 tokens of allauth.*"KEY_RING"'):
        migrate("0003_move_social_tokens")
    settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, "KEY_RING": ring}
    migrate("0003_move_social_tokens")
    assert vault.load(account=account) == vault.TokenSet("plain-access-1", "plain-refresh-1", SOON)
    assert not SocialToken.objects.exists()


def test_migration_of_a_fresh_install_needs_no_key_ring(earlier: None, settings: Any) -> None:
    settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, "KEY_RING": []}
    migrate("0003_move_social_tokens")


def test_row_that_another_process_moved_meanwhile_is_left_to_it() -> None:
    account = make_account()
    row, moved = make_plain(account), moving.Moved()
    SocialToken.objects.filter(pk=row.pk).delete()
    moving._move(row, StoredToken.objects, using="default", moved=moved)
    assert (moved, StoredToken.objects.count()) == (moving.Moved(), 0)
