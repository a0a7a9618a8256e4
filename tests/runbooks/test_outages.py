"""The provider is away, deliveries stand still, rows pile up, an upgrade is taken back, the applications move."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from allauth.socialaccount.models import SocialApp
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import get_access_token_model, get_refresh_token_model

from provider_site.models import OutboxMessage
from provider_site.services import outbox
from provider_site.services.applications import application_model
from tests.consumer import openid_provider
from tests.consumer.journey import HOST, Journey, is_signed_in
from tests.consumer.openid_provider import CLIENT_ID, CLIENT_SECRET
from tests.provider.driver import Driver
from tests.runbooks.rehearsal import Site

OUTAGES, MOVING = "outages", "moving"
FAILING = "test-of-the-run-book"


@pytest.fixture
def journey(db: None) -> Iterator[Journey]:
    """Return a person at the consumer, whose provider runs."""
    with openid_provider.running() as house:
        known = {"client_id": CLIENT_ID, "secret": CLIENT_SECRET, "settings": {"server_url": house.issuer}}
        SocialApp.objects.create(provider="house", name="House", **known)
        yield Journey(house, Client(headers={"host": HOST}))


def test_provider_is_away_and_back(site: Site, journey: Journey) -> None:
    assert journey.house.issuer in site.follow(OUTAGES, "provider-away", HOUSE_ISSUER=journey.house.issuer)
    journey.sign_in()
    assert is_signed_in(journey.visitor)
    cache.clear()
    entry = SocialApp.objects.get()
    away = "http://127.0.0.1:9"  # nobody listens at the port of "discard"
    with pytest.raises(AssertionError, match="refused"):
        site.follow(OUTAGES, "provider-away", HOUSE_ISSUER=away)
    entry.settings = {"server_url": away}
    entry.save()
    newcomer = Client(headers={"host": HOST})
    page = Journey(journey.house, newcomer).start()
    assert page.status_code in {502, 503}
    assert "be reached" in page.content.decode()
    assert journey.visitor.get("/").status_code == 200
    assert is_signed_in(journey.visitor)


@pytest.fixture
def failing(db: None) -> Iterator[list[str]]:
    """Return what stands in the way of a kind of delivery: nothing, once the list is empty."""
    reasons = ["the receiver is away"]

    def deliver(payload: dict[str, Any]) -> None:
        if reasons:
            raise outbox.Undelivered(reasons[0], final=True)

    outbox.deliverer(FAILING)(deliver)
    yield reasons
    del outbox._deliverers[FAILING]


def test_deliveries_stand_still(site: Site, failing: list[str]) -> None:
    message = outbox.put(kind=FAILING, payload={})
    assert "0 delivered" in site.follow(OUTAGES, "deliver")
    message.refresh_from_db()
    assert (message.last_error, message.dead_at is not None) == ("the receiver is away", True)
    failing.clear()
    assert "0 delivered" in site.follow(OUTAGES, "deliver")
    said = site.follow(OUTAGES, "retry")
    assert "1 tried again" in said
    assert "1 delivered" in said
    assert not OutboxMessage.objects.filter(delivered_at=None).exists()


@pytest.mark.django_db(transaction=True)
def test_disk_fills_up(site: Site, driver: Driver) -> None:
    assert driver.redeem(driver.code(scope="openid nickname", scopes=("nickname",))).status == 200
    # A renewal as long ago: nothing points to the access token any more.
    get_refresh_token_model().objects.update(revoked=timezone.now() - timedelta(days=90), access_token=None)
    tokens = get_access_token_model().objects
    tokens.update(expires=timezone.now() - timedelta(days=90))
    OutboxMessage.objects.update(delivered_at=timezone.now() - timedelta(days=400))
    site.follow(OUTAGES, "prune")
    assert not tokens.exists()
    if connection.vendor == "sqlite":
        site.follow(OUTAGES, "vacuum-sqlite")
    assert driver.tokens().status == 200


@pytest.mark.django_db(transaction=True)
def test_upgrade_is_taken_back_and_made_again(site: Site, driver: Driver) -> None:
    tokens = driver.tokens()
    graph = MigrationExecutor(connection).loader.graph
    before = {}
    for app in ("provider_site", "consumer_site"):
        (last,) = graph.leaf_nodes(app)
        [before[app]] = [parent.key[1] for parent in graph.node_map[last].parents if parent.key[0] == app]
    try:
        said = site.follow(
            MOVING, "back", PROVIDER_BEFORE=before["provider_site"], CONSUMER_BEFORE=before["consumer_site"]
        )
        assert before["provider_site"] in said
        assert not MigrationExecutor(connection).loader.applied_migrations.keys() & set(
            graph.leaf_nodes("provider_site")
        )
    finally:
        site.follow(MOVING, "forward")
    assert driver.introspect(tokens.access)["active"]
    assert driver.refresh(tokens.refresh).status == 200


@pytest.mark.django_db
def test_applications_move_to_another_issuer(site: Site, driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(site.directory)
    client_id = driver.application.client_id
    file = site.directory / "applications.json"
    site.follow(MOVING, "export-applications")
    assert driver.secret not in file.read_text()
    assert json.loads(file.read_text())["applications"][0]["client_id"] == client_id
    call_command("applications", "delete", client_id, "--no-input")
    application_model().objects.filter(client_id=client_id).delete()
    site.follow(MOVING, "import-applications")
    assert application_model().objects.get(client_id=client_id).registration.status == "approved"
    with pytest.raises(CommandError):
        site.follow(MOVING, "import-applications")
