"""Two processes share PostgreSQL: what a person takes back in one is gone at the very next request to the other."""

import json
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from provider_site.crypto import code_challenge
from tests import engines

ROOT = Path(__file__).resolve().parents[2]
CALLBACK = "https://app.example.com/callback"
TIMEOUT = 30
PREPARE = """
import json, django
django.setup()
from django.conf import settings
from django.test import Client
from provider_site.models import Profile
from tests import factories
from tests.provider.driver import ISSUER_HOST, plant_signing_key
plant_signing_key()
made = []
for _number in range(3):
    registered, user = factories.make_application(), factories.make_user()
    Profile.objects.update_or_create(user=user, defaults={"nickname": "Ada"})
    browser = Client(headers={"host": ISSUER_HOST})
    browser.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    application = registered.application
    made.append({
        "key": application.pk, "client_id": application.client_id, "secret": registered.client_secret,
        "cookies": {name: morsel.value for name, morsel in browser.cookies.items()},
    })
print(json.dumps(made))
"""


@dataclass
class Sites:
    """The addresses of the two processes, and people with an application each, not used yet."""

    one: str
    other: str
    people: list[dict[str, Any]]


@contextmanager
def serving(environment: dict[str, str], log: Path) -> Iterator[str]:
    """Run one process of the site as a deployment would; yield its address."""
    port = engines.free_port()
    command = [sys.executable, "-m", "gunicorn", "project.wsgi", "--bind", f"127.0.0.1:{port}", "--threads", "2"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
    try:
        engines.wait_until(lambda: engines.listening(port), process, "A process of the site")
        yield f"http://localhost:{port}"
    finally:
        engines.stop(process)


@pytest.fixture(scope="module")
def sites(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sites]:
    """Serve the provider by two processes on one new database."""
    directory = tmp_path_factory.mktemp("two")
    environment = {name: value for name, value in os.environ.items() if name not in {"CACHE_URL", "PROVIDER_URL"}}
    environment |= {
        "DATABASE_URL": postgres_url,
        "VAR_DIR": str(directory),
        "SITES": "provider",
        "DJANGO_SETTINGS_MODULE": "project.settings",
    }
    for command in (["manage.py", "migrate", "-v0"], ["-c", PREPARE]):
        done = subprocess.run([sys.executable, *command], cwd=ROOT, env=environment, check=False, capture_output=True)
        assert done.returncode == 0, done.stderr.decode()
    people = json.loads(done.stdout.splitlines()[-1])
    with ExitStack() as stack:
        one, other = (stack.enter_context(serving(environment, directory / f"{name}.log")) for name in ("one", "other"))
        yield Sites(one, other, people)


@dataclass
class Visit:
    """One person's browser and their application, which ask now one process and now the other."""

    person: dict[str, Any]
    browser: requests.Session = field(default_factory=requests.Session)
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    def __post_init__(self) -> None:
        for name, value in self.person["cookies"].items():
            self.browser.cookies.set(name, value)

    def authorize(self, site: str, **changes: str) -> requests.Response:
        """Send the browser to the authorization endpoint."""
        parameters = {
            "response_type": "code",
            "client_id": self.person["client_id"],
            "redirect_uri": CALLBACK,
            "scope": "openid nickname avatar offline_access",
            "state": "state",
            "code_challenge": code_challenge(self.verifier),
            "code_challenge_method": "S256",
        } | changes
        return self.browser.get(f"{site}/o/authorize/", params=parameters, allow_redirects=False, timeout=TIMEOUT)

    def post(self, site: str, page: str, address: str, **fields: Any) -> requests.Response:
        """Open a page and send one of its forms."""
        shown = self.browser.get(f"{site}{page}", timeout=TIMEOUT)
        assert f'action="{address}"' in shown.text or address == page, shown.text[:3000]
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', shown.text)
        assert found is not None
        data = {"csrfmiddlewaretoken": found[1]} | fields
        return self.browser.post(f"{site}{address}", data=data, allow_redirects=False, timeout=TIMEOUT)

    def allow(self, site: str) -> str:
        """Allow everything; return the code."""
        page = urlsplit(self.authorize(site).headers["Location"]).path
        scopes = ["nickname", "avatar", "offline_access"]
        decided = self.post(site, page, page, scope=scopes, duration="30", decision="allow")
        assert decided.status_code == 303, decided.text[:3000]
        resumed = self.browser.get(site + decided.headers["Location"], allow_redirects=False, timeout=TIMEOUT)
        return answer_of(resumed)["code"]

    def token(self, site: str, **form: str) -> requests.Response:
        """Ask the token endpoint."""
        credentials = (self.person["client_id"], self.person["secret"])
        return requests.post(f"{site}/o/token/", data=form, auth=credentials, timeout=TIMEOUT)

    def redeem(self, site: str, code: str) -> requests.Response:
        """Exchange a code."""
        form = {"code": code, "redirect_uri": CALLBACK, "code_verifier": self.verifier}
        return self.token(site, grant_type="authorization_code", **form)

    def refresh(self, site: str, token: str) -> requests.Response:
        """Use a refresh token."""
        return self.token(site, grant_type="refresh_token", refresh_token=token)

    def userinfo(self, site: str, token: str) -> requests.Response:
        """Ask who it is."""
        headers = {"Authorization": f"Bearer {token}"}
        return requests.get(f"{site}/o/userinfo/", headers=headers, timeout=TIMEOUT)

    def begun(self, sites: Sites) -> tuple[dict[str, Any], str, str]:
        """Return tokens that both processes have served, another refresh token, and a code not exchanged yet."""
        tokens = self.redeem(sites.one, self.allow(sites.one)).json()
        other = self.redeem(sites.other, answer_of(self.authorize(sites.one))["code"]).json()
        for site in (sites.one, sites.other):
            assert "nickname" in self.userinfo(site, tokens["access_token"]).json()
        waiting = answer_of(self.authorize(sites.other, prompt="none"))["code"]
        return tokens, other["refresh_token"], waiting


def answer_of(response: requests.Response) -> dict[str, str]:
    """Return the query of the answer to the client."""
    location = response.headers["Location"]
    assert location.startswith(CALLBACK), location
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


@pytest.mark.postgres
@pytest.mark.slow
class TestTwoProcesses:
    def test_withdrawal_is_effective_on_the_next_request_to_the_other(self, sites: Sites) -> None:
        visit = Visit(sites.people[0])
        tokens, _other, waiting = visit.begun(sites)
        page = f"/o/apps/{visit.person['key']}/"
        assert visit.post(sites.one, page, f"{page}withdraw/").status_code == 303
        assert visit.userinfo(sites.other, tokens["access_token"]).status_code == 401
        assert visit.refresh(sites.other, tokens["refresh_token"]).json()["error"] == "invalid_grant"
        assert visit.redeem(sites.other, waiting).json()["error"] == "invalid_grant"
        assert answer_of(visit.authorize(sites.other, prompt="none"))["error"] == "consent_required"
        assert "/o/consent/" in visit.authorize(sites.other).headers["Location"]

    def test_narrowing_is_effective_on_the_next_request_to_the_other(self, sites: Sites) -> None:
        visit = Visit(sites.people[1])
        tokens, _other, waiting = visit.begun(sites)
        page = f"/o/apps/{visit.person['key']}/"
        assert visit.post(sites.other, page, f"{page}withdraw-scope/", scope="nickname").status_code == 303
        assert set(visit.userinfo(sites.one, tokens["access_token"]).json()) <= {"sub", "picture"}
        for answer in (visit.refresh(sites.one, tokens["refresh_token"]), visit.redeem(sites.one, waiting)):
            assert answer.json()["scope"].split() == ["openid", "avatar", "offline_access"]
            assert "nickname" not in visit.userinfo(sites.other, answer.json()["access_token"]).json()
        # What was taken back is remembered as declined: no question, and no nickname.
        silent = visit.redeem(sites.one, answer_of(visit.authorize(sites.one, prompt="none"))["code"])
        assert "nickname" not in silent.json()["scope"]

    def test_signing_out_of_an_app_is_effective_on_the_next_request_to_the_other(self, sites: Sites) -> None:
        visit = Visit(sites.people[2])
        tokens, other, waiting = visit.begun(sites)
        page = f"/o/apps/{visit.person['key']}/"
        assert visit.post(sites.one, page, f"{page}sign-out/").status_code == 303
        assert visit.userinfo(sites.other, tokens["access_token"]).status_code == 401
        for token in (tokens["refresh_token"], other):
            assert visit.refresh(sites.other, token).json()["error"] == "invalid_grant"
        assert visit.redeem(sites.other, waiting).json()["error"] == "invalid_grant"
        assert "code" in answer_of(visit.authorize(sites.other, prompt="none"))
