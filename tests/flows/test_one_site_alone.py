"""SITES=provider and SITES=consumer each serve one site, with a database and an admin of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "correct horse battery staple"
VISIT = f"""
import json, sys, django
django.setup()
from django.core.management import call_command
call_command("check", stdout=sys.stderr)
call_command("migrate", verbosity=0)
from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import Client
host, = settings.SITE_HOSTS
root = get_user_model().objects.create_superuser("root", "root@example.com", {PASSWORD!r})
root.emailaddress_set.create(email=root.email, verified=True, primary=True)
client = Client(SERVER_NAME=host, SERVER_PORT="8000")
paths = ("/", "/accounts/login/", "/calendar/", "/.well-known/openid-configuration")
found = {{"apps": sorted(apps.app_configs), "status": {{path: client.get(path).status_code for path in paths}}}}
entrance = client.get("/admin/", follow=True).redirect_chain[-1][0]
client.post(entrance, {{"login": "root", "password": {PASSWORD!r}, "next": "/admin/"}})
found |= {{"entrance": entrance, "admin": client.get("/admin/").status_code}}
members = ("/o/developer/", "/o/developer/new/", "/o/invitations/", "/admin/provider_site/review/")
found["signed_in"] = {{path: client.get(path).status_code for path in members}}
print(json.dumps(found))
"""


def visited(site: str, directory: Path) -> dict[str, Any]:
    """Check, migrate and visit the site in a process of its own, as settings are read once per process."""
    foreign = ("DATABASE_URL", "CACHE_URL", "PROVIDER_URL", "CONSUMER_URL", "PORT")
    environment = {name: value for name, value in os.environ.items() if name not in foreign}
    environment |= {"SITES": site, "VAR_DIR": str(directory), "DJANGO_SETTINGS_MODULE": "project.settings"}
    visit = subprocess.run(
        [sys.executable, "-c", VISIT], cwd=ROOT, env=environment, check=True, capture_output=True, text=True
    )
    assert (directory / f"{site}.sqlite3").exists()
    result: dict[str, Any] = json.loads(visit.stdout.splitlines()[-1])
    return result


@pytest.mark.slow
def test_provider_alone_has_its_admin_and_no_consumer(tmp_path: Path) -> None:
    found = visited("provider", tmp_path)
    assert not {"consumer_site", "socialaccount", "consumer_sandbox"} & set(found["apps"])
    assert found["status"] == {
        "/": 200,
        "/accounts/login/": 200,
        "/calendar/": 404,
        "/.well-known/openid-configuration": 200,
    }
    assert found["entrance"].startswith("/accounts/login/")
    assert found["admin"] == 200
    assert set(found["signed_in"].values()) == {200}, found["signed_in"]


@pytest.mark.slow
def test_consumer_alone_has_its_admin_behind_a_local_password(tmp_path: Path) -> None:
    found = visited("consumer", tmp_path)
    assert not {"provider_site", "oauth2_provider"} & set(found["apps"])
    assert found["status"] == {
        "/": 200,
        "/accounts/login/": 200,
        "/calendar/": 302,
        "/.well-known/openid-configuration": 404,
    }
    # Its own sign-in page offers connectors alone, and none of them opens the admin.
    assert found["entrance"].startswith("/admin/sign-in/")
    assert found["admin"] == 200
    assert set(found["signed_in"].values()) == {404}, found["signed_in"]
