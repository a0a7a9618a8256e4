"""Open every page of the admin over 10,000 applications and 1,000,000 tokens; bound what each costs the database."""

import re
import time
from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth import get_user_model
from django.core.paginator import Paginator
from django.db import connection, transaction
from django.test import Client
from django.urls import URLPattern
from oauth2_provider.models import (
    get_access_token_model,
    get_application_model,
    get_grant_model,
    get_id_token_model,
    get_refresh_token_model,
)

from provider_site.admin.bounded import BoundedAdmin
from provider_site.models import (
    ApplicationScope,
    AuditEvent,
    ClientSecret,
    DailyCount,
    Member,
    OutboxMessage,
    Profile,
    Registration,
    Review,
    Session,
    SigningKey,
)
from tests.provider.admin import crowd
from tests.provider.admin.office import as_html, enter, page_of
from tests.provider.admin.work import Work, measured
from tests.provider.driver import plant_signing_key

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(connection.vendor != "sqlite", reason="the steps of SQLite are what is counted"),
]

User, Application, AccessToken = get_user_model(), get_application_model(), get_access_token_model()
PEOPLE, APPLICATIONS, TOKENS, OTHERS = 1_000, 10_000, 1_000_000, 100_000
BASE = 1_000_000  # the keys of the crowd, beside those of other tests
# What a page may cost. Today's dearest: confirming a deletion (49 queries, 6,200 rows), a filter (350,000 steps).
QUERIES, ROWS, STEPS = 60, 8_000, 700_000
LABELS = {"provider_site", Application._meta.app_label}
MODELS = sorted((model for model in admin.site._registry if model._meta.app_label in LABELS), key=lambda m: m.__name__)
_APPLICATION, _PERSON = f"{BASE} + 1 + i % {APPLICATIONS}", f"{BASE} + 1 + i % {PEOPLE}"
# One application in ten thousand, and one person in a thousand, has most of everything.
_LARGE = f"CASE WHEN i % 2 THEN {BASE} + 1 ELSE {_APPLICATION} END"
_BUSY = f"CASE WHEN i % 3 THEN {BASE} + 1 ELSE {_PERSON} END"


def _seed_applications() -> None:
    own = {"id": f"{BASE} + i"}
    crowd.fill(User, own | {"username": "'person' || i", "email": "'person' || i || '@example.com'"}, count=PEOPLE)
    crowd.fill(Profile, {"user_id": f"{BASE} + i", "subject": "'subject' || i"}, count=PEOPLE)
    facts = {"client_id": "'crowd' || i", "name": "'Application ' || i", "client_type": "'confidential'"}
    grant = {"authorization_grant_type": "'authorization-code'", "redirect_uris": "'https://app.example/cb'"}
    crowd.fill(Application, own | facts | grant, count=APPLICATIONS)
    states = "CASE i % 4 WHEN 0 THEN 'draft' WHEN 1 THEN 'submitted' ELSE 'approved' END"
    registration = {"application_id": f"{BASE} + i", "owner_id": _PERSON, "status": states, "description": "'An app'"}
    crowd.fill(Registration, registration, count=APPLICATIONS)
    for scope in ("openid", "nickname"):
        crowd.fill(ApplicationScope, {"application_id": f"{BASE} + i", "scope": f"'{scope}'"}, count=APPLICATIONS)
    crowd.fill(ClientSecret, {"application_id": f"{BASE} + i", "digest": "'x' || i"}, count=APPLICATIONS)
    member = {"application_id": f"{BASE} + i", "user_id": _PERSON, "invited_as": "'x'", "role": "'tester'"}
    crowd.fill(Member, member, count=APPLICATIONS)


def _seed_what_happened() -> None:
    both = {"application_id": _LARGE, "user_id": _BUSY}
    crowd.access_tokens(count=TOKENS, user=_BUSY, application=_LARGE)
    crowd.fill(get_refresh_token_model(), both | {"token_checksum": "'r' || i"}, count=OTHERS)
    crowd.fill(get_grant_model(), both | {"code": "'c' || i"}, count=OTHERS)
    crowd.fill(get_id_token_model(), both | {"jti": crowd.padded(32)}, count=OTHERS)
    crowd.consents(count=OTHERS, user=_BUSY, application=_LARGE)
    crowd.audit_events(count=OTHERS, actor=_BUSY, application=_LARGE, client_id="'crowd' || (1 + i % 100)")
    message = {"kind": "'consent-given-mail'", "payload": "'{}'", "delivered_at": "'2026-01-01 00:00:00'"}
    crowd.fill(OutboxMessage, message, count=OTHERS)
    crowd.fill(Session, {"sid": crowd.padded(32), "user_id": _BUSY}, count=OTHERS)
    decided = {"application_id": _LARGE, "decided_at": "'2026-01-02 00:00:00'", "decision": "'approved'"}
    crowd.fill(Review, decided, count=OTHERS)
    crowd.fill(Review, {"application_id": f"{BASE} + i"}, count=5_000)
    counts = {"application_id": f"{BASE} + 1 + i / 100", "day": "date('2026-01-01', '+' || (i % 100) || ' days')"}
    crowd.fill(DailyCount, counts | {"kind": "'token'", "count": "i"}, count=OTHERS)


@pytest.fixture(scope="module")
def crowded(django_db_setup: None, django_db_blocker: Any) -> Iterator[float]:
    """Seed once, in a transaction around those of the tests; give the processor's seconds it took."""
    with django_db_blocker.unblock():
        outer = transaction.atomic()
        outer.__enter__()
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA cache_size = -250000")  # room for what is written, until the connection ends
        began = time.process_time()
        _seed_applications()
        _seed_what_happened()
        took = time.process_time() - began
    # Behind each test Django would look for rows that refer to nothing, in all of these.
    with mock.patch.object(connection, "check_constraints"):
        yield took
    with django_db_blocker.unblock():
        transaction.set_rollback(True)
        outer.__exit__(None, None, None)


@pytest.fixture
def office(crowded: float, staff: Any) -> Client:
    """Return a superuser's browser in front of the crowd."""
    return enter(staff)


def opened(office: Client, address: str, **query: Any) -> tuple[Any, Work]:
    """Open a page; return the answer and what it cost."""
    with measured() as work:
        answer = office.get(address, query)
        assert answer.status_code in {200, 302, 403, 405}, (address, query, answer.status_code)
    return answer, work


def excess(work: Work) -> list[str]:
    """Return in what the work went beyond the bounds."""
    found = [f"unbounded: {query[:300]}" for query in work.unbounded]
    for name, value, bound in (
        ("queries", len(work.queries), QUERIES),
        ("rows", work.rows, ROWS),
        ("steps", work.steps, STEPS),
    ):
        if value > bound:
            found.append(f"{name}: {value} > {bound}")
    return found


def costly(office: Client, visits: Iterator[tuple[str, dict[str, Any]]]) -> dict[str, list[str]]:
    """Open pages; return those beyond the bounds."""
    found = {}
    for address, query in visits:
        _answer, work = opened(office, address, **query)
        if beyond := excess(work):
            found[f"{address}?{query}"] = beyond
    return found


def _filters(office: Client, model: Any) -> Iterator[dict[str, str]]:
    """Give the query of each choice of each filter beside a list."""
    shown = office.get(page_of(model)).context or {}
    if "cl" not in shown:  # a page of its own, in the place of the list
        return
    for spec in shown["cl"].filter_specs:
        for choice in spec.choices(shown["cl"]):
            yield dict(pair.partition("=")[::2] for pair in choice["query_string"].lstrip("?").split("&") if pair)


def places(answer: Any) -> list[str]:
    """Return what a list's links name its other pages by."""
    return re.findall(r"[?&;]p=(\w[^&\"]+)", answer.content.decode())


def _lists(office: Client, model: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    base = page_of(model)
    columns = len(admin.site.get_model_admin(model).list_display)
    for word in ("", "crowd1", "person1", "subject7", "nothing has this name", "1"):
        yield base, {"q": word} if word else {}
    yield base, {"p": "x"}
    for place in places(office.get(base)):
        yield base, {"p": place}
    yield base, {"all": ""}
    for column in range(1, columns + 1):
        yield base, {"o": str(column)}
        yield base, {"o": f"-{column}"}
    for query in _filters(office, model):
        yield base, query
        yield base, query | {"q": "crowd1"}
    for key in ("application__id__exact", "user__id__exact"):
        if key in getattr(admin.site.get_model_admin(model), "linked_lookups", ()):
            yield base, {key: str(BASE + 1)}
            for place in places(office.get(base, {key: str(BASE + 1)})):
                yield base, {key: str(BASE + 1), "p": place}


def _key(model: Any) -> Any:
    """Return the key of a row: the largest application, else the newest."""
    if model is SigningKey and not SigningKey.objects.exists():
        plant_signing_key()
    return (
        BASE + 1 if model is Application else model._base_manager.order_by("-pk").values_list("pk", flat=True).first()
    )


def _own_pages(model: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give the address of each page of a model's admin that needs no more than a row."""
    for pattern in admin.site.get_model_admin(model).get_urls():
        route = str(pattern.pattern) if isinstance(pattern, URLPattern) and pattern.name else ""
        if route and not re.search(r"<(?!path:object_id)", route):
            yield page_of(model) + route.replace("<path:object_id>", str(_key(model))), {}


@pytest.mark.usefixtures("crowded")
class TestEveryPage:
    def test_crowd_is_there_and_soon(self, crowded: float, office: Client) -> None:
        assert crowd.count(Application) >= APPLICATIONS
        assert crowd.count(AccessToken) >= TOKENS
        assert crowded < 20

    @pytest.mark.parametrize("model", MODELS, ids=[model.__name__ for model in MODELS])
    def test_lists_searches_filters_and_orders_are_bounded(self, office: Client, model: Any) -> None:
        assert costly(office, _lists(office, model)) == {}

    @pytest.mark.parametrize("model", MODELS, ids=[model.__name__ for model in MODELS])
    def test_pages_of_a_row_are_bounded(self, office: Client, model: Any) -> None:
        assert costly(office, _own_pages(model)) == {}

    def test_index_and_accounts_are_bounded(self, office: Client) -> None:
        visits = [(address, {}) for address in ("/admin/", page_of(User), page_of(User, BASE + 1, "change"))]
        assert costly(office, iter(visits)) == {}

    def test_confirming_the_deletion_of_who_has_most_is_bounded(self, office: Client) -> None:
        for model in (User, Application):
            answer, work = opened(office, page_of(model, BASE + 1, "delete"))
            assert excess(work) == []
            assert "1,000+" in as_html(answer)

    def test_list_says_that_there_are_more_than_it_counts(self, office: Client) -> None:
        text = as_html(office.get(page_of(AccessToken)))
        assert "50+" in text
        assert f"{TOKENS} access tokens" not in text
        assert office.get(page_of(AccessToken), {"p": "21"})["Location"].endswith("?e=1")

    def test_action_on_everything_is_refused(self, office: Client) -> None:
        form = {"action": "revoke", "select_across": "1", "index": "0", "_selected_action": ["1"]}
        with measured() as work:
            answer = office.post(page_of(AccessToken), form, follow=True)
        assert excess(work) == []
        assert "more than 1,000" in as_html(answer)
        assert AuditEvent.objects.filter(action="token.revoked").count() == 0


@pytest.mark.usefixtures("crowded")
class TestTheMeasure:
    """Each bound is gone beyond when what it is for is taken away."""

    def test_stock_paginator_is_found(self, office: Client) -> None:
        with (
            mock.patch.object(BoundedAdmin, "get_changelist", return_value=ChangeList),
            mock.patch.object(BoundedAdmin, "paginator", Paginator),
        ):
            _answer, work = opened(office, page_of(AccessToken))
            assert work.unbounded
            _answer, filtered = opened(office, page_of(AccessToken), application__id__exact=str(BASE + 1))
        assert filtered.steps > STEPS

    def test_sorting_by_any_column_is_found(self, office: Client) -> None:
        with mock.patch.object(BoundedAdmin, "sortable_by", None):
            _answer, work = opened(office, page_of(AccessToken), o="4")
        assert work.steps > STEPS

    def test_stock_confirmation_is_found(self, office: Client) -> None:
        from django.contrib.admin.utils import get_deleted_objects

        person = User.objects.get(pk=BASE + 7)
        crowded_by = AccessToken.objects.filter(pk__in=AccessToken.objects.order_by("-pk").values("pk")[:20_000])
        crowded_by.update(user=person)
        with mock.patch(
            "provider_site.admin.people.get_deleted_objects",
            lambda objs, request, site, **_: get_deleted_objects(objs, request, site),
        ):
            _answer, work = opened(office, page_of(User, person.pk, "delete"))
        assert work.rows > ROWS
