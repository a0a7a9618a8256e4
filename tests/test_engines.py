"""The journeys hold on the real engines too: PostgreSQL for rows and locks, Redis for the cache."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# What depends on transactions, locks or the cache; the rest is the same on every engine.
SUITES = ["tests/flows", "tests/spec", "tests/security"]


def run(environment: dict[str, str], *command: str) -> None:
    """Run `command` with the project's Python; fail with its output."""
    result = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-3000:]


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.redis
def test_journeys_hold_on_postgresql_and_redis(postgres_url: str, redis_url: str, tmp_path: Path) -> None:
    environment = {"DATABASE_URL": postgres_url, "CACHE_URL": redis_url, "VAR_DIR": str(tmp_path)}
    run(environment, "manage.py", "migrate", "--verbosity", "0")
    run(environment, "manage.py", "check", "--database", "default", "--fail-level", "WARNING")
    selection = "not browser and not slow and not postgres and not redis"
    # One process: the outer run already uses every core.
    run(environment, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-m", selection, *SUITES)
