"""The life of an application in hosts with models of their own: of people by UUID, and of applications by UUID.

One host has Django's admin; the other has neither the admin nor messages.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from provider_site.services import roles
from tests.flows.test_pluggable import PROVIDER_PEOPLE, README_ISSUER
from tests.foreign import ForeignProject
from tests.provider.driver import ISSUER

ROOT = Path(__file__).resolve().parents[2]
OWN_APPLICATIONS = """
    from oauth2_provider.models import AbstractApplication


    class Application(AbstractApplication):
        id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
        colour = models.CharField(max_length=20, blank=True)

        class Meta(AbstractApplication.Meta):
            swappable = "OAUTH2_PROVIDER_APPLICATION_MODEL"
"""
SETTINGS = """
OAUTH2_PROVIDER_APPLICATION_MODEL = "people.Application"
PROVIDER_SITE |= {"WHO_MAY_REGISTER": "verified", "EMAIL_VERIFIED": "people.models.is_proven"}
ALLOWED_HOSTS = ["localhost"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
"""
PROVEN = """

    def is_proven(user):
        return True
"""
# What `startproject` gives beside sessions and accounts, taken away again.
WITHOUT_ADMIN = """
for _app in ("admin", "messages"):
    INSTALLED_APPS.remove(f"django.contrib.{_app}")
MIDDLEWARE.remove("django.contrib.messages.middleware.MessageMiddleware")
TEMPLATES[0]["OPTIONS"]["context_processors"].remove("django.contrib.messages.context_processors.messages")
"""


@dataclass
class HostHere(ForeignProject):
    """A stranger's project that runs on this very checkout."""

    @property
    def python(self) -> Path:
        return Path(sys.executable)

    @property
    def environment(self) -> dict[str, str]:
        return super().environment | {
            "PYTHONPATH": f"{ROOT}:{self.code}",
            "DJANGO_SETTINGS_MODULE": "host.settings",
            "PROVIDER_KEY_RING": "one-provider-secret-of-more-than-thirty-two-characters",
        }


def host(directory: Path, *, has_admin: bool) -> HostHere:
    """Make the project with the README's lines, and migrate it."""
    project = HostHere(directory, "provider_site", PROVIDER_PEOPLE + OWN_APPLICATIONS + PROVEN)
    project.start({README_ISSUER: ISSUER})
    with (project.code / "host" / "settings.py").open("a") as settings:
        settings.write(SETTINGS + ("" if has_admin else WITHOUT_ADMIN))
    if not has_admin:
        urls = project.code / "host" / "urls.py"
        text = urls.read_text().replace("from django.contrib import admin\n", "")
        urls.write_text(text.replace("    path('admin/', admin.site.urls),\n", ""))
    project.manage("makemigrations", "people")
    project.manage("migrate", "--verbosity", "0")
    return project


@pytest.mark.slow
@pytest.mark.parametrize("has_admin", [True, False], ids=["with admin", "without admin and messages"])
def test_application_lives_in_a_host_with_models_of_its_own(tmp_path: Path, has_admin: bool) -> None:
    project = host(tmp_path, has_admin=has_admin)
    assert "no issues" in project.manage("check", "--fail-level", "WARNING")
    assert project.manage("makemigrations", "--check", "--dry-run").strip() == "No changes detected"
    found: dict[str, Any] = json.loads(project.run(project.python, "-m", "tests.flows.developer_walk"))
    assert {name: status for name, status in found["pages"].items() if status != 200} == {}
    assert len(found["pages"]) == (15 if has_admin else 12), found["pages"]
    assert found["groups"] == sorted([roles.AUDITORS, roles.OPERATORS, roles.REVIEWERS])
    assert found["works"] == {"before": [True, True], "after": [False, False]}
    assert found["exported"] is True
    assert found["left"] == [0, 0]
    life = ["application.registered", "review.submitted", "application.approved", "application.suspended"]
    assert [action for action in found["trail"] if action in life] == life
    assert "dora@example.com" in found["actors"], "a name outlives its account"
