"""The settings to paste work as they stand: each is run by the client it is for, against the running site."""

import ast
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client, RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from provider_site.services import snippets
from tests import factories, machine
from tests.browser.test_provider_pages import sign_in
from tests.provider.developer import allauth_client
from tests.provider.driver import Driver, plant_signing_key, query
from tests.servers import LiveSites

ALLAUTH = "http://127.0.0.1/accounts/oidc/zhaoxi/login/callback/"
LOOPBACK = "http://127.0.0.1/callback"
SCOPES = {"openid": True, "nickname": False, "offline_access": False}
# What ends or continues a string in Python, in a shell, or to the eye.
HOSTILE = "a'b\"c`d$(touch pwned)$HOME\\%:+&#é\u202e朝"
anything = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))


class Person(Driver):
    """An application's owner at the running site."""

    def __init__(self, sites: LiveSites, **facts: Any) -> None:
        plant_signing_key()
        self.user = factories.make_user()
        super().__init__(factories.make_application(self.user, **({"scopes": SCOPES} | facts)))
        self.browser = Client(headers={"host": urlsplit(sites.provider).netloc})
        self.sign_in_again(self.user)

    @property
    def page(self) -> Any:
        """Return the context of the page with the settings."""
        answer = self.browser.get(f"/o/developer/{self.application.pk}/settings/")
        assert answer.status_code == 200
        return answer.context

    def authorized(self, address: str) -> str:
        """Go where a client sends the person, allow everything; return where they are sent back to."""
        parts = urlsplit(address)
        answer = self.browser.get(f"{parts.path}?{parts.query}")
        answer = self.consent(answer, scopes=["nickname", "offline_access"])
        assert "code" in query(answer)
        return str(answer["Location"])

    def environment(self, **more: str) -> dict[str, str]:
        """Return the environment of the person's shell, with the secret where the settings look for it."""
        variable = {self.page["client"].secret_variable: self.secret} if self.secret else {}
        return {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **variable, **more}

    @property
    def subject(self) -> str:
        """Return who the person is to applications."""
        from provider_site.services.profiles import get_profile

        return str(get_profile(user=self.user).subject)


def bash(script: str, environment: dict[str, str], directory: Path) -> str:
    """Run a script that may not fail anywhere; return what it printed."""
    for name in ("curl", "openssl"):
        if shutil.which(name) is None:
            machine.missing(name, name)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env=environment,
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


class TestAllauth:
    @pytest.mark.parametrize("client_type", ["confidential", "public"])
    def test_pasted_settings_sign_a_person_in(self, live_sites: LiveSites, tmp_path: Path, client_type: str) -> None:
        person = Person(live_sites, client_type=client_type, redirect_uris=[ALLAUTH])
        pasted = tmp_path / "pasted.py"
        pasted.write_text(person.page["allauth"], encoding="utf-8")
        with subprocess.Popen(
            [sys.executable, "-W", "ignore", allauth_client.__file__, str(pasted)],
            env=person.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as client:
            assert client.stdin is not None
            assert client.stdout is not None
            address = client.stdout.readline().strip()
            assert "code_challenge_method=S256" in address
            client.stdin.write(person.authorized(address) + "\n")
            client.stdin.flush()
            assert client.stdout.readline().split() == ["302", "/signed-in/", person.subject]

    def test_address_that_is_registered_is_said_to_be(self, live_sites: LiveSites) -> None:
        page = Person(live_sites, redirect_uris=["https://app.example.com/x", ALLAUTH]).page
        assert page["allauth_address"] == snippets.AllauthAddress(ALLAUTH, registered=True)
        assert page["client"].provider_id == "zhaoxi"

    def test_address_that_is_missing_is_named_with_a_hint(self, live_sites: LiveSites) -> None:
        person = Person(live_sites, redirect_uris=["https://app.example.com/x"])
        expected = "https://app.example.com/accounts/oidc/localhost/login/callback/"
        assert person.page["allauth_address"] == snippets.AllauthAddress(expected, registered=False)
        answer = person.browser.get(f"/o/developer/{person.application.pk}/settings/").content.decode()
        assert "It is not among the redirect URIs" in answer


class TestAuthlib:
    @pytest.mark.parametrize("client_type", ["confidential", "public"])
    def test_pasted_views_sign_a_person_in(
        self, live_sites: LiveSites, monkeypatch: pytest.MonkeyPatch, client_type: str
    ) -> None:
        monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")  # the site under test has no TLS
        person = Person(live_sites, client_type=client_type, redirect_uris=[LOOPBACK])
        for name, value in person.environment().items():
            monkeypatch.setenv(name, value)
        views: dict[str, Any] = {}
        exec(person.page["authlib"], views)
        request = RequestFactory().get("/sign-in/")
        request.session = SessionStore()
        answer = views["sign_in"](request)
        assert "code_challenge_method=S256" in answer["Location"]
        back = RequestFactory().get(person.authorized(answer["Location"]))
        back.session = request.session
        assert json.loads(views["callback"](back).content) == {"signed_in_as": person.subject}
        assert back.session["person"]["sub"] == person.subject


class TestCurl:
    @pytest.mark.parametrize("client_type", ["confidential", "public"])
    def test_pasted_commands_do_what_they_say(self, live_sites: LiveSites, tmp_path: Path, client_type: str) -> None:
        person = Person(live_sites, client_type=client_type, redirect_uris=[LOOPBACK])
        page, environment = person.page, person.environment()
        printed = bash(page["curl_begin"] + 'echo; echo "$VERIFIER"', environment, tmp_path)
        metadata, address, verifier = printed[: printed.rindex("}") + 1], *printed[printed.rindex("}") + 1 :].split()
        assert json.loads(metadata)["issuer"] == live_sites.provider
        sent_back = parse_qs(urlsplit(person.authorized(address)).query)
        environment |= {"CODE": sent_back["code"][0], "VERIFIER": verifier}
        tokens = json.loads(bash(page["curl_exchange"], environment, tmp_path))
        environment |= {"ACCESS_TOKEN": tokens["access_token"], "REFRESH_TOKEN": tokens["refresh_token"]}
        assert json.loads(bash(page["curl_userinfo"], environment, tmp_path))["sub"] == person.subject
        renewed = json.loads(bash(page["curl_refresh"], environment, tmp_path))
        assert renewed["access_token"] != tokens["access_token"]

    def test_command_of_a_machine_gets_its_token(self, live_sites: LiveSites, tmp_path: Path) -> None:
        person = Person(live_sites)
        person.application.authorization_grant_type, person.application.redirect_uris = "client-credentials", ""
        person.application.save()
        page = person.page
        assert page["is_machine"]
        answer = json.loads(bash(page["curl_machine"], person.environment(), tmp_path))
        assert answer["token_type"] == "Bearer"

    def test_missing_secret_is_asked_for_by_name(self, live_sites: LiveSites, tmp_path: Path) -> None:
        person = Person(live_sites)
        with pytest.raises(AssertionError, match="put the secret into this variable first"):
            bash(person.page["curl_machine"], {"PATH": os.environ["PATH"]}, tmp_path)


class TestEscaping:
    @given(anything)
    def test_python_text_means_itself(self, text: str) -> None:
        source = snippets.python(text)
        assert ast.literal_eval(source) == text
        assert source.isprintable()

    def test_hostile_values_stay_values_in_python(
        self, live_sites: LiveSites, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"SITE_NAME": HOSTILE}
        person = Person(live_sites, client_id=HOSTILE, name=HOSTILE)
        page = person.page
        monkeypatch.setenv(page["client"].secret_variable, person.secret)
        namespace: dict[str, Any] = {"INSTALLED_APPS": []}
        exec(page["allauth"], namespace)
        (app,) = namespace["SOCIALACCOUNT_PROVIDERS"]["openid_connect"]["APPS"]
        assert (app["client_id"], app["name"], app["secret"]) == (HOSTILE, HOSTILE, person.secret)
        exec(page["authlib"], namespace)
        assert namespace["oauth"].create_client("localhost").client_id == HOSTILE

    @pytest.mark.parametrize("client_type", ["confidential", "public"])
    def test_hostile_values_stay_values_in_a_shell(
        self, live_sites: LiveSites, tmp_path: Path, client_type: str
    ) -> None:
        person = Person(
            live_sites, client_id=HOSTILE, client_type=client_type, redirect_uris=["https://a.example/$(id)'&x=!b;ls"]
        )
        page = person.page
        environment = person.environment(CODE="c", VERIFIER="v")
        printed = bash(f"curl() {{ printf '%s\\n' \"$@\"; }}\n{page['curl_exchange']}", environment, tmp_path)
        words = printed.splitlines()
        assert "redirect_uri=https://a.example/$(id)'&x=!b;ls" in words
        if client_type == "public":
            assert f"client_id={HOSTILE}" in words
        answer = bash(page["curl_exchange"], environment, tmp_path)
        assert json.loads(answer)["error"] == "invalid_grant"  # the client was known: only the code is wrong
        assert not list(tmp_path.iterdir())


class TestPage:
    @pytest.mark.parametrize("client_type", ["confidential", "public"])
    def test_secret_is_never_on_the_page(self, live_sites: LiveSites, client_type: str) -> None:
        person = Person(live_sites, client_type=client_type)
        content = person.browser.get(f"/o/developer/{person.application.pk}/settings/").content.decode()
        assert "oscs_" not in content
        assert ("LOCALHOST_CLIENT_SECRET" in content) == (client_type == "confidential")

    def test_application_of_somebody_else_is_not_found(self, live_sites: LiveSites) -> None:
        person = Person(live_sites)
        person.sign_in_again(factories.make_user())
        assert person.browser.get(f"/o/developer/{person.application.pk}/settings/").status_code == 404

    def test_missing_openid_is_pointed_out(self, live_sites: LiveSites) -> None:
        person = Person(live_sites, scopes={"nickname": False})
        content = person.browser.get(f"/o/developer/{person.application.pk}/settings/").content.decode()
        assert "not registered for the scope openid" in content

    @pytest.mark.browser
    def test_button_copies_the_very_text(self, live_sites: LiveSites, new_visit: Callable[..., Any]) -> None:
        ada = factories.make_user("ada")
        application = factories.make_application(ada).application
        page = new_visit(permissions=["clipboard-read", "clipboard-write"]).page
        sign_in(page, live_sites, ada, f"{live_sites.provider}/o/developer/{application.pk}/settings/")
        page.get_by_role("button", name="Copy").first.click()
        page.get_by_role("button", name="Copied").wait_for()
        text = page.locator("#text-allauth").text_content()
        assert "SOCIALACCOUNT_PROVIDERS" in text
        assert page.evaluate("navigator.clipboard.readText()") == text

    @pytest.mark.browser
    def test_without_a_script_there_is_no_button_that_does_nothing(
        self, live_sites: LiveSites, new_visit: Callable[..., Any]
    ) -> None:
        ada = factories.make_user("ada")
        application = factories.make_application(ada).application
        page = new_visit(java_script_enabled=False).page
        sign_in(page, live_sites, ada, f"{live_sites.provider}/o/developer/{application.pk}/settings/")
        assert page.locator("#text-allauth").is_visible()
        assert page.get_by_role("button", name="Copy").count() == 0
