"""A backup is made while people renew their tokens: nobody is refused, and what is in it belongs together."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, connections
from oauth2_provider.models import get_access_token_model, get_refresh_token_model

from provider_site.models import Authorization
from tests import factories, machine
from tests.provider.driver import Driver, plant_signing_key
from tests.runbooks.rehearsal import Site

PAGE = "backup-and-restore"
pytestmark = pytest.mark.django_db(transaction=True)


class Renewer(threading.Thread):
    """A client that renews its token again and again until it is told to stop."""

    def __init__(self, user: Any) -> None:
        super().__init__()
        self.driver = Driver(factories.make_application(), user)
        self.last = self.driver.tokens()
        self.count = 0
        self.refused: list[Any] = []
        self.over = threading.Event()
        self.began = threading.Event()

    def run(self) -> None:
        while not self.over.is_set():
            answer = self.driver.refresh(self.last.refresh)
            if answer.status != 200:
                self.refused.append(answer.body)
                break
            self.last, self.count = answer, self.count + 1
            self.began.set()
        self.began.set()
        connections.close_all()


@contextmanager
def renewing(people: int) -> Iterator[list[Renewer]]:
    """Let so many clients renew meanwhile, each having done it once."""
    threads = [Renewer(factories.make_user()) for _person in range(people)]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            assert thread.began.wait(60)
        yield threads
    finally:
        for thread in threads:
            thread.over.set()
            thread.join()


def rehearse(site: Site, *, people: int, backups: int) -> None:
    if connection.vendor == "postgresql":
        site.environment["PATH"] = f"{machine.postgresql_programs()}{os.pathsep}{site.environment['PATH']}"
    plant_signing_key()
    with renewing(people) as clients:
        for number in range(backups):
            before = [client.count for client in clients]
            site.environment["BACKUP"] = str(site.directory / str(number))
            (site.directory / str(number)).mkdir()
            site.follow(PAGE, f"backup-{connection.vendor}")
            assert all(client.count >= one for client, one in zip(clients, before, strict=True))
    print(f"{backups} backups while {people} clients renewed {sum(client.count for client in clients)} times")  # noqa: T201
    assert not [client.refused for client in clients if client.refused]
    latest = [client.driver.introspect(client.last.access)["active"] for client in clients]
    assert all(latest)

    site.follow(PAGE, f"restore-{connection.vendor}")
    live = get_refresh_token_model().objects.filter(revoked__isnull=True)
    # One for each family, whichever renewal the backup met, with its access token, authorization and consent.
    assert live.count() == people
    assert all(row.access_token is not None for row in live.select_related("access_token"))
    families = set(live.values_list("token_family", flat=True))
    assert Authorization.objects.filter(pk__in=families, consent__closed_at=None).count() == people
    assert get_access_token_model().objects.count() == people

    site.follow(PAGE, "restored")
    for client in clients:
        assert client.driver.refresh(client.last.refresh).error == "invalid_grant"
        assert not client.driver.introspect(client.last.access)["active"]


def test_backup_while_two_clients_renew(site: Site) -> None:
    rehearse(site, people=2, backups=1)


@pytest.mark.soak
def test_many_backups_while_many_clients_renew(site: Site) -> None:
    rehearse(site, people=8, backups=200)
