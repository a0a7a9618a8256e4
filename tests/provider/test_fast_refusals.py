"""What the general way of a token request refuses or leaves alone, the short way does not grant or touch."""

import base64
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import Value
from django.utils import timezone
from oauth2_provider.models import get_access_token_model, get_application_model
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


def _basic(text: str | bytes, scheme: str = "Basic") -> dict[str, str]:
    raw = text.encode() if isinstance(text, str) else text
    return {"Authorization": f"{scheme} {base64.b64encode(raw).decode()}"}


def odd_requests(client: Driver) -> dict[str, tuple[dict[str, str], str]]:
    """Return headers and body of requests that are odd in how the client proves itself, or what it asks for."""
    name, secret, ask = client.application.client_id, client.secret, "grant_type=client_credentials"
    right, in_form = _basic(f"{name}:{secret}"), f"{ask}&client_id={name}&client_secret={secret}"
    return {
        "lower case": (_basic(f"{name}:{secret}", "bAsIc"), ask),
        "percent-encoded": (_basic(f"%{ord(name[0]):x}{name[1:]}:{secret}"), ask),
        "NUL in the header": (_basic(f"{name}%00:{secret}"), ask),
        "NUL in the form": ({}, in_form + "%00"),
        "no UTF-8 in the header": (_basic(f"{name}:{secret}".encode() + b"\xff"), ask),
        "surrogate in the header": (_basic(f"{name}%ED%A0%80:{secret}"), ask),
        "surrogate in the form": ({}, in_form + "&scope=%ED%A0%80"),
        "letters beyond ASCII": (_basic(f"{name}:\u00e9\u4e2d"), ask),
        "two headers joined": ({"Authorization": right["Authorization"] + "," + right["Authorization"]}, ask),
        "Bearer and a form": ({"Authorization": "Bearer x"}, in_form),
        "no scheme": ({"Authorization": "Basic"}, in_form),
        "empty header": ({"Authorization": ""}, in_form),
        "both methods": (right, in_form),
        "empty secret in the form": (right, f"{ask}&client_secret="),
        "the same name in the form": (right, f"{ask}&client_id={name}"),
        "another name in the form": (right, f"{ask}&client_id=other"),
        "repeated grant": (right, f"{ask}&{ask}"),
        "empty scope": (right, f"{ask}&scope="),
        "scope twice in one": (right, f"{ask}&scope=nickname+nickname"),
        "spaces around": (right, f"{ask}&scope=+nickname+"),
        "two spaces between": (right, f"{ask}&scope=openid++nickname"),
        "a tab": (right, f"{ask}&scope=openid%09nickname"),
        "a claim for a scope": (right, f"{ask}&scope=claim%3Anickname"),
        "unknown client": (_basic(f"{'x' * 3000}:{secret}"), ask),
    }


@pytest.mark.parametrize("address", ["/o/token/", "/o/introspect/"])
def test_odd_requests_are_answered_alike(db: None, settings: Any, address: str) -> None:
    client = machine()
    token = own(client).access
    for name, (headers, form) in odd_requests(client).items():
        told = []
        for lane in LANES:
            take(settings, lane)
            kind = "application/x-www-form-urlencoded"
            body = form if "token" in address else form + f"&token={token}"
            answer = client.backchannel.post(address, data=body, content_type=kind, headers=headers)
            told.append((answer.status_code, answer.json() | {"access_token": None}, answer.get("WWW-Authenticate")))
        assert told[0] == told[1], name


@pytest.mark.skipif(connection.vendor != "postgresql", reason="prepares statements on PostgreSQL alone")
@pytest.mark.django_db(transaction=True)
def test_statement_prepared_before_a_migration_goes_on() -> None:
    import psycopg

    client, table = machine(), get_application_model()._meta.db_table
    client.secret = "wrong"  # each such request reads the client anew
    assert [own(client).error for _ in range(12)] == ["invalid_client"] * 12
    with psycopg.connect(connection.connection.info.dsn, autocommit=True) as other:
        other.execute(f'ALTER TABLE "{table}" ALTER COLUMN name TYPE varchar(300)')
        try:
            assert [own(client).error for _ in range(3)] == ["invalid_client"] * 3
        finally:
            other.execute(f'ALTER TABLE "{table}" ALTER COLUMN name TYPE varchar(255)')
            connection.close()
