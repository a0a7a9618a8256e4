"""Either app, alone, in a stranger's project: two processes, two databases, one real browser.

The lines added to the projects are the README's own (`<!-- provider: settings -->` and its siblings), and its steps in
the two admins are taken in the browser, by the words it names them with.
"""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests import foreign, readme
from tests.test_packaging import ONLY_CONSUMER, ONLY_PROVIDER

pytestmark = [pytest.mark.slow, pytest.mark.browser]

PASSWORD = "correct horse battery staple"
NICKNAME = "林 Ada"
STAFF_PASSWORD = "staple battery horse correct"
# How `createsuperuser` is told of the keeper of each site, and what the keeper types into Django's own sign-in page.
KEEPERS = {
    "provider_site": (["--email", "owner@example.com"], "owner@example.com"),
    "consumer_site": (["--username", "keeper", "--email", "keeper@example.com"], "keeper"),
}
PROVIDER_NAME = "The stranger's house"
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

        def create_superuser(self, email, password=None, **fields):
            return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


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
        project.variables.update(KEY_RINGS, DJANGO_SUPERUSER_PASSWORD=STAFF_PASSWORD)
        project.install(wheel)
        project.start({README_ISSUER: issuer, README_CONSUMER: consumer})
        with (project.code / "host" / "settings.py").open("a") as settings:
            settings.write(f"\n{one_machine.get(project.app, '')}\n")
        project.manage("makemigrations", "people")
        project.manage("migrate", "--verbosity", "0")
        project.manage("createsuperuser", "--noinput", *KEEPERS[project.app][0])

    with ThreadPoolExecutor() as pool:
        list(pool.map(prepare, made.values()))
    return made


def add_person(provider: foreign.ForeignProject) -> None:
    """Create somebody with an account at the provider, who has nothing to do with the application."""
    provider.shell(f"""
        from django.contrib.auth import get_user_model
        from provider_site.services.profiles import set_nickname

        person = get_user_model().objects.create_user(email="ada@example.com", password={PASSWORD!r})
        set_nickname(user=person, nickname={NICKNAME!r})
    """)


@pytest.fixture
def running(projects: dict[str, foreign.ForeignProject]) -> Iterator[tuple[str, str]]:
    """Serve both projects; yield the provider's and the consumer's address."""
    provider, consumer = projects["provider_site"], projects["consumer_site"]
    with provider.serving() as provider_log, consumer.serving() as consumer_log:
        yield loopback(provider, "localhost"), loopback(consumer, "127.0.0.1")
    for log in (provider_log, consumer_log):
        assert "Traceback" not in log.read_text(), log.read_text()


def enter_admin(page: Any, site: str, app: str) -> None:
    """Sign in at the stock admin as the keeper of the site."""
    page.goto(f"{site}/admin/")
    page.locator("#id_username").fill(KEEPERS[app][1])
    page.get_by_label("Password").fill(STAFF_PASSWORD)
    page.get_by_role("button", name="Log in").click()


def register(page: Any, callback: str) -> tuple[str, str]:
    """Take the README's steps in the provider's admin; return the client ID and the client secret."""
    page.get_by_role("link", name="Applications", exact=True).first.click()
    page.get_by_role("link", name="Add application").first.click()
    page.get_by_label("Name:", exact=True).fill("A stranger's calendar")
    page.get_by_label("Redirect URIs:", exact=True).fill(callback)
    # The admin keeps an empty copy of the form out of sight, further down.
    page.get_by_label("Status:", exact=True).first.select_option(label="Approved")
    page.get_by_role("button", name="Save", exact=True).click()
    return page.get_by_label("Client ID").input_value(), page.get_by_label("Client secret").input_value()


def enter_provider(page: Any, client_id: str, client_secret: str, issuer: str) -> None:
    """Take the README's steps in the consumer's admin."""
    page.get_by_role("link", name="Sign-in providers", exact=True).first.click()
    page.get_by_role("link", name="Add sign-in provider").first.click()
    page.get_by_role("link", name="OpenID provider", exact=True).click()
    page.get_by_label("Name:", exact=True).fill(PROVIDER_NAME)
    page.get_by_label("Issuer:", exact=True).fill(issuer)
    page.get_by_label("Client ID:", exact=True).fill(client_id)
    page.get_by_label("Client secret:", exact=True).fill(client_secret)
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("was added successfully").wait_for()


@pytest.mark.parametrize("app", ["provider_site", "consumer_site"])
def test_stranger_s_project_passes_its_checks(projects: dict[str, foreign.ForeignProject], app: str) -> None:
    project = projects[app]
    assert "no issues" in project.manage("check", "--fail-level", "WARNING")
    assert project.manage("makemigrations", "--check", "--dry-run").strip() == "No changes detected"


@pytest.mark.parametrize("marker", ["provider: settings", "provider: urls", "consumer: settings", "consumer: urls"])
def test_chinese_readme_has_the_same_lines(marker: str) -> None:
    assert readme.lines(marker, "README.zh-CN.md") == readme.lines(marker)


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
    projects: dict[str, foreign.ForeignProject], running: tuple[str, str], new_visit: Callable[..., Any]
) -> None:
    provider, consumer = running
    add_person(projects["provider_site"])
    owner, keeper, page = (new_visit().page for _ in range(3))
    enter_admin(owner, provider, "provider_site")
    client_id, client_secret = register(owner, f"{consumer}/accounts/house/login/callback/")
    enter_admin(keeper, consumer, "consumer_site")
    enter_provider(keeper, client_id, client_secret, provider)

    page.goto(f"{consumer}/accounts/login/")
    page.get_by_text(PROVIDER_NAME).first.click()
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

    page.wait_for_url(f"{consumer}/calendar/")
    assert page.get_by_text(NICKNAME).first.is_visible()
