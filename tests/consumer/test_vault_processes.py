"""Renew tokens at our own provider and at QQ's emulator, over HTTP: by many at once, and by processes that are killed.

The provider's tables are in the same database, which SQLite locks as a whole.
"""

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount, SocialApp
from django.db import connection, connections
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import get_refresh_token_model

from consumer_site import vault
from consumer_site.errors import SignInNeeded, Unreachable
from consumer_site.models import StoredToken
from consumer_site.sandbox.conf import qq_apps
from consumer_site.sandbox.qq.grants import issue_code, redeem_code
from consumer_site.sandbox.qq.persons import PERSONS, openid
from consumer_site.vault import refresh
from tests import factories
from tests.consumer import vault_processes
from tests.consumer.vault_processes import Processes, fingerprint
from tests.consumer.vault_service import Hands
from tests.provider.driver import Driver, plant_signing_key
from tests.servers import LiveSites

TIMES = 8


@pytest.fixture(scope="module")
def processes(django_db_setup: None) -> Iterator[Processes]:
    """Return what forks processes on the database of the tests."""
    with vault_processes.running({"DATABASE_URL": database_url(connections["default"].settings_dict)}) as running:
        yield running


def database_url(options: dict[str, Any]) -> str:
    if options["ENGINE"].endswith("sqlite3"):
        return f"sqlite:///{options['NAME']}"
    place = f"{options['HOST']}:{options['PORT']}" if options["PORT"] else options["HOST"]
    password = f":{options['PASSWORD']}" if options["PASSWORD"] else ""
    return f"postgresql://{options['USER']}{password}@{place}/{options['NAME']}"


def keep(account: SocialAccount, access: str, refresh_token: str) -> None:
    past = timezone.now() - timedelta(seconds=1)
    vault.save(account=account, tokens=vault.TokenSet(access, refresh_token, past))


@pytest.fixture
def account(live_sites: LiveSites, settings: Any) -> SocialAccount:
    """Return an account of our own provider whose access token has ended."""
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"REFRESH_TOKEN_GRACE_SECONDS": 0}
    plant_signing_key()
    registered = factories.make_application()
    driver = Driver(registered, factories.make_user())
    for browser in (driver.browser, driver.backchannel):
        browser.defaults["HTTP_HOST"] = f"localhost:{live_sites.port}"
    tokens = driver.tokens(scope="openid offline_access", scopes=["offline_access"])
    SocialApp.objects.create(
        provider="house",
        name="House",
        client_id=registered.application.client_id,
        secret=registered.client_secret,
        settings={"server_url": live_sites.provider},
    )
    subject = driver.userinfo(tokens.access).json()["sub"]
    found = SocialAccount.objects.create(
        user=factories.make_user(), provider="house", uid=subject, extra_data={"iss": live_sites.provider}
    )
    keep(found, tokens.access, tokens.refresh)
    return found


@pytest.fixture
def qq_account(live_sites: LiveSites, settings: Any) -> SocialAccount:
    """Return an account of QQ's emulator, which answers in development alone, whose access token has ended."""
    settings.DEBUG = True
    app = next(iter(qq_apps().values()))
    SocialApp.objects.create(provider="qq", name="QQ", client_id=app.app_id, secret=app.key)
    person = next(iter(PERSONS.values()))
    code = issue_code(app=app, person=person, scope="get_user_info", redirect_uri=app.callbacks[0])
    tokens = redeem_code(app=app, code=code, redirect_uri=app.callbacks[0])
    found = SocialAccount.objects.create(
        user=factories.make_user(), provider="qq", uid=openid(app.app_id, person), extra_data={}
    )
    keep(found, tokens.access_token, tokens.refresh_token)
    return found


def ask_later(account: SocialAccount) -> vault.TokenSet:
    """Ask when the lease of whoever died has run out."""
    hands = Hands()
    hands.time += refresh.lease_length()
    return vault.fresh_tokens(account=account, pace=hands.pace)


def times_renewed() -> int:
    return int(get_refresh_token_model().objects.count()) - 1


def held(account: SocialAccount) -> vault.TokenSet:
    tokens = vault.load(account=account)
    assert tokens is not None
    return tokens


def test_many_threads_beside_the_provider_renew_once(account: SocialAccount, live_sites: LiveSites) -> None:
    start = Barrier(TIMES)

    def ask(_number: int) -> int:
        try:
            start.wait(timeout=20)
            with vault.client(account.user, "house") as client:
                return int(client.get(f"{live_sites.provider}/o/userinfo/").status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(TIMES) as pool:
        assert list(pool.map(ask, range(TIMES))) == [200] * TIMES
    assert times_renewed() == 1


def test_many_processes_renew_once(account: SocialAccount, live_sites: LiveSites, processes: Processes) -> None:
    old = held(account).access_token
    answers = processes.together(account, TIMES, port=live_sites.port)
    assert set(answers) == {fingerprint(held(account).access_token)}
    assert (len(answers), times_renewed(), held(account).access_token != old) == (TIMES, 1, True)


def test_process_killed_before_it_asked_costs_the_time_of_its_lease_alone(
    account: SocialAccount, live_sites: LiveSites, processes: Processes
) -> None:
    assert processes.killed(account, "leased", port=live_sites.port) == signal.SIGKILL
    assert times_renewed() == 0
    with pytest.raises(Unreachable):
        vault.fresh_tokens(account=account, pace=Hands().pace)
    assert ask_later(account) == held(account)
    assert times_renewed() == 1


@pytest.mark.parametrize("grace", [120, 0])
def test_process_killed_between_answer_and_commit_is_made_good_within_the_provider_s_grace(
    account: SocialAccount, live_sites: LiveSites, processes: Processes, settings: Any, grace: int
) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"REFRESH_TOKEN_GRACE_SECONDS": grace}
    assert processes.killed(account, "answered", port=live_sites.port) == signal.SIGKILL
    assert (times_renewed(), StoredToken.objects.get().generation) == (1, 1)
    if grace:
        assert ask_later(account) == held(account)
        assert (
            Client(headers={"host": f"localhost:{live_sites.port}"})
            .get("/o/userinfo/", headers={"Authorization": f"Bearer {held(account).access_token}"})
            .status_code
            == 200
        )
    else:
        with pytest.raises(SignInNeeded):
            ask_later(account)
    assert StoredToken.objects.get().needs_sign_in is (grace == 0)


def test_process_killed_after_the_commit_costs_nothing(
    account: SocialAccount, live_sites: LiveSites, processes: Processes
) -> None:
    assert processes.killed(account, "stored", port=live_sites.port) == signal.SIGKILL
    assert (times_renewed(), StoredToken.objects.get().lease) == (1, "")
    assert vault.fresh_tokens(account=account) == held(account)
    assert times_renewed() == 1


def test_qq_takes_a_refresh_token_once_so_a_killed_process_costs_a_sign_in(
    qq_account: SocialAccount, live_sites: LiveSites, processes: Processes
) -> None:
    assert processes.killed(qq_account, "answered", port=live_sites.port) == signal.SIGKILL
    with pytest.raises(SignInNeeded):
        ask_later(qq_account)
    row = StoredToken.objects.get()
    assert (row.needs_sign_in, row.failure, row.lease) == (True, "qq_100022", "")


def test_qq_s_tokens_are_renewed(qq_account: SocialAccount) -> None:
    old = held(qq_account)
    new = vault.fresh_tokens(account=qq_account)
    assert new == held(qq_account)
    assert {old.access_token, old.refresh_token}.isdisjoint({new.access_token, new.refresh_token})
