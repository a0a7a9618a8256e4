"""The arithmetic of the capacity tables, by figures that can be reckoned in one's head."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.capacity import table
from benchmarks.measurement import Summary

ROW = {"rows": 100, "bytes": 20_000, "index_bytes": 5_000}


@pytest.fixture
def stored(tmp_path: Path) -> table.Stored:
    """Return what 100 people stored, 200 bytes a row."""
    one: dict[str, Any] = {"rows": 100, "bytes": 20_000, "index_bytes": 5_000}
    names = ("auth_user", "provider_site_consent", "oauth2_provider_refreshtoken")
    phases = [
        {"name": "account", "events": 100, "added": {"auth_user": one}},
        {"name": "first sign-in at an application", "events": 100, "added": {"provider_site_consent": one}},
        {"name": "sign-in at an application", "events": 100, "added": {"oauth2_provider_refreshtoken": one}},
        {"name": "refresh", "events": 100, "added": {"oauth2_provider_refreshtoken": one}},
        {"name": "machine's token", "events": 100, "added": {"oauth2_provider_refreshtoken": one}},
    ]
    found = {"machine": {"PostgreSQL": "15", "Django": "5.2"}, "people": 100, "phases": phases}
    path = tmp_path / "capacity.json"
    path.write_text(json.dumps(found | {"tables": dict.fromkeys(names, ROW)}))
    return table.read(path)


def test_row_is_weighed_with_its_indexes(stored: table.Stored) -> None:
    assert stored.row_bytes["auth_user"] == 200
    assert stored.index_share["auth_user"] == 0.25
    assert "1,000,000" in table._stored_table(stored)


def test_person_has_one_account_a_consent_for_each_application_and_the_tokens_of_37_days(stored: table.Stored) -> None:
    rows = table.steady_rows(stored)
    assert rows["auth_user"] == 1
    assert rows["provider_site_consent"] == table.ACCOUNTS_USED
    assert rows["oauth2_provider_refreshtoken"] == pytest.approx((table.SIGN_INS + table.REFRESHES) * 37 / 365)


def test_cores_are_those_of_the_busiest_hour(stored: table.Stored) -> None:
    each = {"rounds": 3, "per_second": 1.0, "p50": 1.0, "p99": 1.0, "generator_cpu": 0.0, "others": 0.0, "errors": 0}
    cost = {
        name: Summary(subject="ours", scenario=name, server_cpu=10.0, postgres_cpu=2.0, **each) for name in table.YEARLY
    }
    line = table._capacity_table(stored, cost).splitlines()[2]
    requests = 1_000_000 * sum(table.YEARLY.values()) / table.YEAR * table.PEAK
    assert f"| {requests:,.0f} | {requests * 0.01 / table.BUSY:,.1f} | {requests * 0.002 / table.BUSY:,.1f} |" in line
