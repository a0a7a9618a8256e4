"""Either app, alone, in a stranger's project: two processes, two databases, one real browser.

The lines added to the projects are the README's own (`<!-- provider: settings -->` and its siblings).
"""

import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests import foreign
from tests.test_packaging import ONLY_CONSUMER, ONLY_PROVIDER

pytestmark = [pytest.mark.slow, pytest.mark.browser]

PASSWORD = "correct horse battery staple"
NICKNAME = "林 Ada"
CLIENT_SECRET = "Zk3o8q0dVh2wJ5mT1xYb7rNcLpS4uGfEaQ9iWv6XtM0"
# What the README reads from the environment.
KEY_RINGS = {
    "PROVIDER_KEY_RING": "one-provider-secret-of-more-than-thirty-two-characters",
    "CONSUMER_KEY_RING": "one-consumer-secret-of-more-than-thirty-two-characters",
}
# The addresses the README writes, in place of which this machine's are put.
README_ISSUER = "https://id.example.com"
README_CONSUMER = "https://app.example.com"

# People with an opaque key who sign in by e-mail: no `username`, no integer id.
PROVIDER_PEOPLE = """
    import uuid

    from django.contrib.auth.models import AbstractUser, BaseUserManager
    from django.db import models


    class People(BaseUserManager):
        def create_user(self, email, password=None, **fields):
            person = self.model(email=self.normalize_email(email), **fields)
            person.set_password(password)
            person.save()
            return person


    class Person(AbstractUser):
        id = models.UUIDField(primary_key=True, default=uuid.uuid4)
        username = None
        email = models.EmailField(unique=True)

        objects = People()

        USERNAME_FIELD = "email"
        REQUIRED_FIELDS = []
"""
CONSUMER_PEOPLE = """
    from django.contrib.auth.models import AbstractUser
    from django.db import models


    class Person(AbstractUser):
        team = models.CharField(max_length=50, blank=True)
"""


def loopback(project: foreign.ForeignProject, host: str) -> str:
    return f"http://{host}:{project.port}"


@pytest.fixture(scope="module")
def projects(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, foreign.ForeignProject]:
    """Return both projects with the README's lines in them, installed and migrated."""
    made = {
        app: foreign.ForeignProject(tmp_path_factory.mktemp(app), app, people)
        for app, people in (("provider_site", PROVIDER_PEOPLE), ("consumer_site", CONSUMER_PEOPLE))
    }
    issuer = loopback(made["provider_site"], "localhost")
    consumer = loopback(made["consumer_site"], "127.0.0.1")
    # Only because both run on this one machine; the README says so where it names the setting.
    one_machine = {"consumer_site": 'CONSUMER_SITE["ALLOW_LOOPBACK_HTTP"] = True'}

    def prepare(project: foreign.ForeignProject) -> None:
        project.variables.update(KEY_RINGS)
        project.install(wheel)
        project.start({README_ISSUER: issuer, README_CONSUMER: consumer})
        with (project.code / "host" / "settings.py").open("a") as settings:
            settings.write(f"\n{one_machine.get(project.app, '')}\n")
        project.manage("makemigrations", "people")
        project.manage("migrate", "--verbosity", "0")

    with ThreadPoolExecutor() as pool:
        list(pool.map(prepare, made.values()))
    return made


def register(provider: foreign.ForeignProject, callback: str) -> str:
    """Create a person and an approved application in the provider's process; return the client id."""
    printed = provider.shell(f"""
        import json
        from django.contrib.auth import get_user_model
        from provider_site.services.applications import register_application
        from provider_site.services.profiles import set_nickname

        person = get_user_model().objects.create_user(email="ada@example.com", password={PASSWORD!r})
        set_nickname(user=person, nickname={NICKNAME!r})
        registered = register_application(
            name="A stranger's calendar", owner=person, redirect_uris=[{callback!r}], client_secret={CLIENT_SECRET!r},
            scopes={{"openid": True, "nickname": False, "avatar": False, "offline_access": False}},
        )
        print(json.dumps(registered.application.client_id))
    """)
    return str(json.loads(printed.strip().splitlines()[-1]))


def connect(consumer: foreign.ForeignProject, client_id: str, issuer: str) -> None:
    """Enter the client at the consumer, as its admin would."""
    consumer.shell(f"""
        from allauth.socialaccount.models import SocialApp

        SocialApp.objects.create(
            provider="house", name="House", client_id={client_id!r}, secret={CLIENT_SECRET!r},
            settings={{"server_url": {issuer!r}}},
        )
    """)


@pytest.fixture
def running(projects: dict[str, foreign.ForeignProject]) -> Iterator[tuple[str, str]]:
    """Serve both projects; yield the provider's and the consumer's address."""
    provider, consumer = projects["provider_site"], projects["consumer_site"]
    addresses = loopback(provider, "localhost"), loopback(consumer, "127.0.0.1")
    client_id = register(provider, f"{addresses[1]}/accounts/house/login/callback/")
    connect(consumer, client_id, addresses[0])
    with provider.serving() as provider_log, consumer.serving() as consumer_log:
        yield addresses
    for log in (provider_log, consumer_log):
        assert "Traceback" not in log.read_text(), log.read_text()


@pytest.mark.parametrize("app", ["provider_site", "consumer_site"])
def test_stranger_s_project_passes_its_checks(projects: dict[str, foreign.ForeignProject], app: str) -> None:
    project = projects[app]
    assert "no issues" in project.manage("check", "--fail-level", "WARNING")
    assert project.manage("makemigrations", "--check", "--dry-run").strip() == "No changes detected"


def test_provider_s_extra_does_not_install_the_consumer_s_libraries(
    projects: dict[str, foreign.ForeignProject],
) -> None:
    installed = projects["provider_site"].installed()
    assert installed >= ONLY_PROVIDER
    assert "django-allauth" not in installed


def test_consumer_s_extra_does_not_install_the_provider_s_libraries(
    projects: dict[str, foreign.ForeignProject],
) -> None:
    installed = projects["consumer_site"].installed()
    assert installed >= ONLY_CONSUMER
    assert not installed & {"django-oauth-toolkit", "django-tasks", "django-tasks-db"}
    source = "import importlib.util as u; print(u.find_spec('oauth2_provider'))"
    assert projects["consumer_site"].run(projects["consumer_site"].python, "-c", source).strip() == "None"


def test_person_signs_in_from_one_stranger_s_project_to_the_other(
    running: tuple[str, str], new_visit: Callable[..., Any]
) -> None:
    provider, consumer = running
    page = new_visit().page

    page.goto(f"{consumer}/accounts/login/")
    page.locator("a[href*='/house/login/'], form[action*='/house/login/'] button").first.click()
    if page.url.startswith(f"{consumer}/accounts/house/login/"):
        page.locator("main form button[type=submit]").first.click()

    page.wait_for_url(re.compile(re.escape(f"{provider}/sign-in/")))
    page.get_by_label("Email").fill("ada@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in here").click()

    page.wait_for_url(re.compile(re.escape(f"{provider}/o/consent/")))
    assert page.get_by_text(NICKNAME).first.is_visible()
    page.locator("input[type=checkbox][value=nickname]").check()
    page.get_by_role("button", name="Allow").click()

    page.wait_for_url(re.compile(re.escape(consumer)))
    page.goto(f"{consumer}/calendar/")
    assert page.url == f"{consumer}/calendar/"
    assert page.get_by_text(NICKNAME).first.is_visible()
