"""Two processes of the site on one database: whom a logout token to one has ended, the other knows no more either."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from consumer_site.models import SessionLink
from tests.consumer.conftest import house, house_entry, journey, visitor
from tests.consumer.journey import HOST, Journey
from tests.consumer.logout import is_still_in, logout_token, tell

__all__ = ["house", "house_entry", "journey", "visitor"]

ROOT = Path(__file__).resolve().parents[2]
# Answers each line, a session's cookie, by the status of a page for signed-in people.
OTHER = f"""
import sys, django
django.setup()
from django.test import Client
for line in sys.stdin:
    browser = Client(headers={{"host": "{HOST}"}})
    browser.cookies["sessionid"] = line.strip()
    print(browser.get("/accounts/3rdparty/").status_code, flush=True)
"""


class OtherProcess:
    """A second process of the site, which lives on between its answers."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", OTHER],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def is_still_in(self, browser: Client) -> bool:
        """Return whether the other process finds the browser signed in."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(browser.cookies["sessionid"].value, file=self.process.stdin, flush=True)
        status = self.process.stdout.readline().strip()
        assert status in {"200", "302"}, status
        return status == "200"

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(20)
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def other(transactional_db: None, tmp_path: Path, settings: Any) -> Iterator[OtherProcess]:
    """Run the second process on the test's database."""
    if connection.vendor != "sqlite":
        pytest.skip("reads the name of a file")
    environment = {name: value for name, value in os.environ.items() if name not in {"CACHE_URL", "SITES"}}
    environment |= {
        "DATABASE_URL": f"sqlite:///{connection.settings_dict['NAME']}",
        "DJANGO_SETTINGS_MODULE": "project.settings",
        "VAR_DIR": str(tmp_path),
        "SECRET_KEY": settings.SECRET_KEY,
        "CONSUMER_KEY_RING": ",".join(settings.CONSUMER_SITE["KEY_RING"]),
    }
    process = OtherProcess(environment)
    yield process
    process.close()


@pytest.mark.slow
def test_both_processes_sign_out_at_their_next_request(journey: Journey, other: OtherProcess) -> None:
    journey.sign_in()
    phone = Journey(journey.house, Client(headers={"host": HOST}))
    journey.house.bend_claims = lambda claims: claims.update(sid="the-phone-s-session")
    phone.sign_in()
    for browser in (journey.visitor, phone.visitor):
        assert is_still_in(browser)
        assert other.is_still_in(browser)
    assert tell(logout_token(journey.house)).status_code == 200
    assert not other.is_still_in(journey.visitor)
    assert not is_still_in(journey.visitor)
    assert other.is_still_in(phone.visitor)
    assert SessionLink.objects.get().sid == "the-phone-s-session"
