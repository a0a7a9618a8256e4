"""On PostgreSQL, endpoints and lists cost the same beside nobody and beside a crowd: no table is gone through."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection, transaction
from oauth2_provider.models import get_access_token_model

from benchmarks.growth import crowd, plans
from benchmarks.growth.report import HOT
from benchmarks.growth.visits import Visitor

pytestmark = pytest.mark.skipif(connection.vendor != "postgresql", reason="it is PostgreSQL's plans that are read")

CROWD = crowd.Crowd(tokens=60_000, applications=6_000)
# From so many rows on an index is worth its while, and PostgreSQL takes it.
GROWN = 3_000
# A page reads its rows, those of a whole queue or of a few years of numbers, and never one per row of a large table.
MOST_ROWS = 1_500


@dataclass
class Seen:
    """What each visit came to, by name: beside nobody, and beside the crowd."""

    visitor: Visitor
    small: dict[str, plans.Watched]
    large: dict[str, plans.Watched]
    grown: set[str]


def look(visitor: Visitor) -> dict[str, plans.Watched]:
    """Visit everything twice, so that what is read once in a process has been, and watch the second time."""
    found = {}
    for _round in range(2):
        for name, visit in [*visitor.hot(), *visitor.people(), *visitor.lists()]:
            with plans.watched() as watched:
                visit()
            found[name] = watched
    return found


def statements(watched: plans.Watched) -> list[str]:
    """Return what was sent but for the counts of use, which a process writes when their time has come."""
    return [text for text in watched.statements if "provider_site_dailycount" not in text]


@pytest.fixture(scope="module")
def seen(django_db_setup: None, django_db_blocker: Any) -> Iterator[Seen]:
    """Look at everything in a transaction around those of the tests, which is taken back in the end."""
    with django_db_blocker.unblock(), transaction.atomic():
        with transaction.atomic():
            small = look(Visitor())
            transaction.set_rollback(True)
        crowd.settle_in(CROWD)
        visitor = Visitor()
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")  # a table that was never looked at is taken for a large one
        yield Seen(visitor, small, look(visitor), plans.grown_tables(GROWN))
        transaction.set_rollback(True)


def test_crowd_is_there(seen: Seen) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(reltuples) FROM pg_class WHERE relkind = 'r' AND reltuples > 0")
        assert cursor.fetchone()[0] > 200_000
    assert {"oauth2_provider_accesstoken", "provider_site_authorization", "provider_site_consent"} <= seen.grown
    assert set(HOT) < set(seen.large)


def test_no_visit_goes_through_a_table(seen: Seen) -> None:
    assert {name: watched.scans(seen.grown) for name, watched in seen.large.items() if watched.scans(seen.grown)} == {}


def test_no_visit_reads_many_rows(seen: Seen) -> None:
    read = {name: watched.most_rows() for name, watched in seen.large.items()}
    assert {name: rows for name, rows in read.items() if rows > MOST_ROWS} == {}


def test_each_visit_asks_as_often_as_beside_nobody(seen: Seen) -> None:
    beside_nobody = {name: len(statements(watched)) for name, watched in seen.small.items()}
    assert {name: len(statements(watched)) for name, watched in seen.large.items()} == beside_nobody
    assert all(beside_nobody[name] for name in HOT)


def test_pages_behind_the_first_cost_no_more(seen: Seen) -> None:
    """By the link to the next page, and by the one back from there."""
    followed = 0
    for name, visit in seen.visitor.lists():
        page = visit()
        for _step in range(2):
            steps = list(page.context["cl"].paginator.get_elided_page_range(1)) if "cl" in (page.context or {}) else []
            if not steps:
                break
            with plans.watched() as watched:
                page = seen.visitor.office.get(page.request["PATH_INFO"], {"p": str(steps[-1])})
            assert page.status_code == 200
            assert watched.scans(seen.grown) == [], name
            assert watched.most_rows() <= MOST_ROWS, name
            followed += 1
    assert followed > 30


def test_search_goes_through_no_table(seen: Seen) -> None:
    """Where most rows match, the first hundred of them are read as they come."""
    for name, visit in seen.visitor.lists():
        address = visit().request["PATH_INFO"]
        for words in ("person17", "person17@example.com", "crowd17", "Application 17", "application 1", "nobody"):
            with plans.watched() as watched:
                assert seen.visitor.office.get(address, {"q": words}).status_code == 200
            assert watched.most_rows() <= MOST_ROWS, (name, words)


class TestTheMeasure:
    """What is looked for is found where it is."""

    def test_scan_is_found(self, seen: Seen) -> None:
        with plans.watched() as watched:
            assert not get_access_token_model().objects.filter(scope="none").exists()
        assert [table for table, _text in watched.scans(seen.grown)] == ["oauth2_provider_accesstoken"]
        assert watched.most_rows() > MOST_ROWS

    def test_missing_index_is_found(self, seen: Seen) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("DROP INDEX provider_site_app_by_name")
            with plans.watched() as watched:
                seen.visitor.office.get("/admin/oauth2_provider/application/", {"q": "Application 17"})
            assert "oauth2_provider_application" in {table for table, _text in watched.scans(seen.grown)}
            transaction.set_rollback(True)
