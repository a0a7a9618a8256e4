"""What the general way of a token request refuses or leaves alone, the short way does not grant or touch."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Value
from django.utils import timezone
from oauth2_provider.models import get_access_token_model
from oauth2_provider.settings import oauth2_settings

from provider_site.models import ApplicationScope, ClientSecret
from tests.provider.driver import Driver
from tests.provider.test_fast_tokens import LANES, machine, own, statements, take


def is_direct(seen: list[str]) -> bool:
    """Tell whether a known client's own token was stored by the one statement that proves the client."""
    return len(seen) == 1


@pytest.mark.parametrize("lane", LANES)
def test_scope_that_left_the_catalogue_buys_a_client_nothing(db: None, settings: Any, lane: str) -> None:
    client = machine()
    ApplicationScope.objects.create(application=client.application, scope="calendar")
    offered = settings.PROVIDER_SITE | {"SCOPES": {"calendar": {"title": "Calendar"}}}
    settings.PROVIDER_SITE = offered
    take(settings, lane)
    assert own(client, scope="calendar").status == 200
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"SCOPES": {}}
    assert own(client, scope="calendar").error == "invalid_scope"
    assert own(client, scope="nickname").status == 200


def test_secret_revoked_meanwhile_is_noted_as_used_no_more(db: None) -> None:
    client = machine()
    own(client)
    yesterday = timezone.now() - timedelta(days=1)
    ClientSecret.objects.update(last_used_at=yesterday)
    right, client.secret = client.secret, "wrong"
    assert own(client).error == "invalid_client"  # reads the client anew, and uses no secret of it
    client.secret = right
    ClientSecret.objects.update(revoked_at=timezone.now())
    assert own(client).error == "invalid_client"
    assert set(ClientSecret.objects.values_list("last_used_at", flat=True)) == {yesterday}


def test_backend_of_a_project_answers_where_it_has_one(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    client = machine()
    own(client)
    assert is_direct(statements(lambda: own(client)))
    kind = oauth2_settings.OAUTH2_BACKEND_CLASS
    monkeypatch.setattr(oauth2_settings, "OAUTH2_BACKEND_CLASS", type("Own", (kind,), {}))
    assert not is_direct(statements(lambda: own(client)))


def test_column_that_the_database_fills_in_is_left_to_the_orm(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    client = machine()
    own(client)
    assert is_direct(statements(lambda: own(client)))
    monkeypatch.setattr(get_access_token_model()._meta.get_field("scope"), "db_default", Value(""))
    seen = statements(lambda: own(client))
    assert not is_direct(seen)
    assert get_access_token_model().objects.count() == 3
