"""The deployment guide names every command for a timer, every variable for the database, and figures that are kept."""

import re
from pathlib import Path

import pytest

from benchmarks.capacity import __main__ as capacity

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "deployment.md"
COMMANDS = [
    path.stem
    for site in ("provider_site", "consumer_site")
    for path in sorted((ROOT / site / "management" / "commands").glob("*.py"))
    if re.search(r"\btimer\b|\bcron\b", path.read_text())
]


@pytest.mark.parametrize("command", [*COMMANDS, "prune_consumer", "refresh_profiles", "prune_db_task_results"])
def test_command_for_a_timer_is_in_the_guide(command: str) -> None:
    assert re.search(rf"^\| `{command}[ `]", GUIDE.read_text(), re.MULTILINE)


def test_every_variable_of_the_database_is_in_the_guide() -> None:
    named = set(re.findall(r'"((?:DATABASE_|CONN_|DISABLE_)[A-Z_]+)"', (ROOT / "project" / "databases.py").read_text()))
    missing = {name for name in named - {"DATABASE_URL", "CONN_HEALTH_CHECKS"} if f"`{name}`" not in GUIDE.read_text()}
    assert not missing


def test_tables_are_those_of_the_figures_that_are_kept() -> None:
    assert capacity.written(GUIDE.read_text()) == GUIDE.read_text()
