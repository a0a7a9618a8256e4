"""What is pasted for a device works as it stands: the commands and the program sign a person in."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from provider_site.policy import grants
from provider_site.services import device_snippets
from provider_site.services.snippets import Client
from tests.provider.developer.test_snippets import HOSTILE, Person, bash
from tests.servers import LiveSites


def device(sites: LiveSites, **facts: Any) -> Person:
    """Return the owner of a device's application."""
    return Person(sites, redirect_uris=[], authorization_grant_type=grants.DEVICE_CODE, **facts)


def allow(person: Person, user_code: str) -> None:
    """Type in the code, say that it is the one, and allow everything."""
    entered = person.browser.post("/o/device/", {"user_code": user_code})
    assert entered.status_code == 303
    asked = person.browser.get(person.browser.post(entered["Location"], {"answer": "yes"})["Location"])
    sent = {"scope": ["nickname", "offline_access"], "decision": "allow", "duration": "30"}
    answer = person.browser.post(asked["Location"], sent)
    assert answer.status_code == 303
    assert person.browser.get(answer["Location"], follow=True).status_code == 200


@pytest.mark.parametrize("client_type", ["confidential", "public"])
def test_commands_sign_a_person_in(live_sites: LiveSites, tmp_path: Path, client_type: str) -> None:
    person = device(live_sites, client_type=client_type)
    codes = json.loads(bash(person.page["device_begin"], person.environment(), tmp_path))
    allow(person, codes["user_code"])
    environment = person.environment(DEVICE_CODE=codes["device_code"])
    tokens = json.loads(bash(person.page["device_poll"], environment, tmp_path))
    assert "refresh_token" in tokens
    environment = person.environment(ACCESS_TOKEN=tokens["access_token"])
    assert json.loads(bash(person.page["curl_userinfo"], environment, tmp_path))["sub"] == person.subject


@pytest.mark.parametrize("client_type", ["confidential", "public"])
def test_program_signs_a_person_in(live_sites: LiveSites, tmp_path: Path, client_type: str) -> None:
    person = device(live_sites, client_type=client_type)
    program = tmp_path / "program.py"
    # It waits for this test instead of for the time to pass.
    program.write_text("import time\ntime.sleep = lambda seconds: input()\n" + person.page["device_program"], "utf-8")
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", str(program)],
        env=person.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        allow(person, running.stdout.readline().split()[-1])
        running.stdin.write("\n")
        running.stdin.close()  # it asks once, and ends where the answer is not there yet
        assert running.stdout.readline().split()[-1] == person.subject


def test_hostile_values_stay_values_in_a_shell(live_sites: LiveSites, tmp_path: Path) -> None:
    client = Client(name=HOSTILE, client_id=HOSTILE, is_confidential=False, redirect_uris=(), scopes=(HOSTILE,))
    printed = bash(f"curl() {{ printf '%s\\n' \"$@\"; }}\n{device_snippets.curl_begin(client)}", {}, tmp_path)
    assert f"client_id={HOSTILE}" in printed.splitlines()
    assert f"scope={HOSTILE}" in printed.splitlines()
    compile(device_snippets.program(client), "program", "exec")
    assert not list(tmp_path.iterdir())


def test_page_of_a_device_has_no_redirect_uri_to_paste(live_sites: LiveSites) -> None:
    person = device(live_sites, client_type="public")
    content = person.browser.get(f"/o/developer/{person.application.pk}/settings/").content.decode()
    assert "redirect_uri" not in content
    assert "allauth" not in content
