"""consumer_site in projects that have nothing else of ours, each in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("module", "sites"), [("settings_alone", []), ("settings_email_people", ["1"])])
def test_people_sign_in_where_consumer_site_stands_alone(module: str, sites: list[str]) -> None:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": f"tests.consumer.{module}",
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "error",
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.consumer.stand_alone"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["pages"] == [[302, 200]] * 3
    assert found["people"] == 3
    assert found["sites"] == sites
    assert found["foreign"] == []
    # The admin shows neither secrets nor sealed texts nor session keys, and changes no record.
    assert found["leaks"] == []
    assert found["changes"] == [403] * 4
