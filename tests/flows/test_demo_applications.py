"""The demonstration's developer and staff: an application in each state of its life, seen by those who come to it."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from project import seeding
from project.management.commands.demo import instructions
from provider_site.models import (
    AuditEvent,
    Authorization,
    Consent,
    DailyCount,
    Member,
    OutboxMessage,
    PairwiseSubject,
    Registration,
    Review,
    UnionSubject,
)
from provider_site.policy import grants
from provider_site.services import consents, reviews, roles, secrets, usage
from provider_site.services.applications import application_model
from provider_site.storage import consented

ROOT = Path(__file__).resolve().parents[2]
STATES = {
    "recipe-box": "draft",
    "reading-notes": "submitted",
    "morning-weather": "approved",
    "lucky-draw": "suspended",
    **dict.fromkeys(("zhaoxi-mail", "weekly-report", "pocket-books", "book-circle"), "approved"),
    **dict.fromkeys(("tree-hollow", "photo-frame", "living-room-tv", "calendar-api"), "approved"),
}


@pytest.fixture
def path(tmp_path: Path, settings: Any) -> Path:
    """Return where demo.json goes, in a directory of this test's own."""
    settings.DEBUG = True
    settings.VAR_DIR = tmp_path
    return tmp_path / "demo.json"


def application(client_id: str) -> Any:
    return application_model().objects.get(client_id=client_id)


def visitor(demo: dict[str, Any], username: str) -> Client:
    """Return the browser of a person who has signed in with what demo.json says."""
    password = next(account["password"] for account in demo["accounts"] if account["username"] == username)
    client = Client(HTTP_HOST="localhost:8000")
    assert client.post("/accounts/login/", {"login": username, "password": password}).status_code == 302
    return client


def rows() -> dict[str, list[Any]]:
    """Return everything that seeding could write a second time, and what an update would touch."""
    models = (AuditEvent, Authorization, Consent, DailyCount, Member, OutboxMessage, Review)
    counted: dict[str, list[Any]] = {model.__name__: [model._default_manager.count()] for model in models}
    counted["Registration"] = list(Registration.objects.order_by("pk").values_list("pk", "status", "updated"))
    return counted


def test_one_application_in_each_state_is_told_in_the_file(db: None, path: Path) -> None:
    demo = seeding.seed(path=path)
    told = {app["client_id"]: app for app in demo["applications"]}
    assert {client_id: app["status"] for client_id, app in told.items()} == STATES
    assert {app["owner"] for app in told.values()} == {"developer", "admin"}
    assert [app["client_id"] for app in told.values() if app["change_waits"]] == ["morning-weather"]
    assert [app["client_id"] for app in told.values() if app["status_reason"]] == ["lucky-draw"]
    assert told["reading-notes"]["testers"] == ["xiaoming"]
    assert [app["client_id"] for app in told.values() if app["public"]] == ["recipe-box", "living-room-tv"]
    for client_id, app in told.items():
        secret = app["client_secret"]
        if secret is not None:
            assert secrets.verify_secret(application=application(client_id), secret=secret)
    assert json.loads(path.read_text())["applications"] == demo["applications"]


@pytest.mark.parametrize(
    ("username", "group"),
    [("reviewer", roles.REVIEWERS), ("operator", roles.OPERATORS), ("auditor", roles.AUDITORS)],
)
def test_staff_has_the_group_of_its_role_and_no_other_power(db: None, path: Path, username: str, group: str) -> None:
    seeding.seed(path=path)
    user = get_user_model().objects.get(username=username)
    assert (user.is_staff, user.is_superuser) == (True, False)
    assert [found.name for found in user.groups.all()] == [group]
    assert not user.user_permissions.exists()


def test_developer_sees_the_whole_life_and_where_to_go_from_there(db: None, path: Path) -> None:
    demo = seeding.seed(path=path)
    client = visitor(demo, "developer")
    assert 'href="/o/developer/"' in client.get("/").content.decode()
    page = client.get(demo["developer_url"].removeprefix("http://localhost:8000")).content.decode()
    for app in [app for app in demo["applications"] if app["owner"] == "developer"]:
        assert app["name"] in page
        answer = client.get(app["developer_url"].removeprefix("http://localhost:8000"))
        assert answer.status_code == 200, app["name"]
    assert reviews.missing(application=application("recipe-box"))
    assert reviews.waiting(application=application("reading-notes")) is not None


def test_person_of_the_suspended_application_reads_why(db: None, path: Path) -> None:
    demo = seeding.seed(path=path)
    (reason,) = (app["status_reason"] for app in demo["applications"] if app["status"] == "suspended")
    page = visitor(demo, "alice").get("/o/apps/").content.decode()
    assert "Lucky Draw" in page
    assert reason in page


def test_consents_of_every_kind_are_there(db: None, path: Path) -> None:
    seeding.seed(path=path)
    now = timezone.now()
    rows = Consent.objects.filter(user__username="alice").order_by("pk").select_related("application__registration")
    told = {row.application.client_id: row for row in rows}
    held = {name: consented.held(row, row.application.registration, now) for name, row in told.items()}
    assert {row.closed_reason for row in rows} == {"", "ended", "withdrawn"}
    assert {row.duration for row in rows} == {"once", "30", "365", "until-withdrawn"}
    assert told["zhaoxi-mail"].source == "first_party"
    assert held["zhaoxi-mail"] == {"openid", "profile", "email"}
    assert held["pocket-books"] == {"openid", "unionid", "nickname"}
    assert told["pocket-books"].declined_scopes == {"email"}
    assert told["photo-frame"].unused_warned_at is not None
    assert held["photo-frame"], "it is flagged, and still holds"
    terms = consented.terms(told["weekly-report"])
    assert terms["calendar.write"].given_at - terms["calendar.read"].given_at > timedelta(days=100)
    assert terms["calendar.write"].ends_at != terms["calendar.read"].ends_at
    assert told["tree-hollow"].application.registration.subject_type == "pairwise"
    assert PairwiseSubject.objects.get(user__username="alice").sector == "tree-hollow.example"
    assert UnionSubject.objects.get(user__username="alice").owner.get_username() == "developer"
    assert not held["terminal-notes"]
    for row in rows.exclude(application__client_id="lucky-draw"):
        signed_in = list(row.authorizations.values_list("created", "address", "user_agent"))
        assert signed_in, row
        assert all(created < now and address and agent for created, address, agent in signed_in)
        given = {name: term.given_at for name, term in consented.terms(row).items()}
        for created, scope in row.authorizations.values_list("created", "scope"):
            assert all(given[name] <= created for name in scope.split()), (row, "a sign-in bought what came later")
    events = AuditEvent.objects.filter(actor_name="alice", action="consent.given", application__client_id="tree-hollow")
    assert events.get().at < now - timedelta(days=30)
    assert (
        not OutboxMessage.objects.filter(kind="consent-given-mail")
        .exclude(payload__consent=told["lucky-draw"].pk)
        .exists()
    ), "nobody is written to about what is made up"


def test_applications_of_every_protocol_kind_are_there(db: None, path: Path) -> None:
    seeding.seed(path=path)
    made = Registration.objects.filter(status="approved")
    assert set(made.values_list("id_token_alg", flat=True)) == {"RS256", "ES256", "EdDSA", "PS256"}
    assert [row.application.client_id for row in made.filter(access_token_format="jwt")] == ["weekly-report"]
    assert application("living-room-tv").authorization_grant_type == grants.DEVICE_CODE
    assert application("calendar-api").resource_server.scopes == {"calendar.read", "calendar.write"}
    calendar = application("zhaoxi-calendar").registration
    assert calendar.initiate_login_uri == f"{calendar.homepage_url}accounts/house/initiate/"


def test_consent_that_a_person_took_back_is_not_given_again(db: None, path: Path) -> None:
    seeding.seed(path=path)
    alice = get_user_model().objects.get(username="alice")
    consents.withdraw(user=alice, application=application("book-circle"))
    Consent.objects.filter(application=application("tree-hollow")).delete()
    seeding.seed(path=path)
    assert not Consent.objects.filter(user=alice, application=application("book-circle"), closed_at=None).exists()
    assert Consent.objects.filter(user=alice, application=application("tree-hollow"), closed_at=None).exists()


def test_charts_have_a_month_that_adds_up_at_the_site(db: None, path: Path) -> None:
    usage.forget()
    seeding.seed(path=path)
    yesterday = usage.today() - timedelta(days=1)
    assert DailyCount.objects.filter(day=yesterday, application=application("zhaoxi-calendar")).exists()
    for kind in DailyCount.Kind:
        day = DailyCount.objects.filter(day=yesterday, kind=kind)
        of_site = day.get(application=None).count
        assert of_site == sum(day.exclude(application=None).values_list("count", flat=True)), kind
    sign_ins = usage.series().counts[DailyCount.Kind.SIGN_IN]
    assert sum(number > 0 for number in sign_ins) == 29, "every day but today, which is the visitors' own"


def test_numbers_that_people_made_are_kept_alone(db: None, path: Path) -> None:
    DailyCount.objects.create(day=usage.today(), kind=DailyCount.Kind.TOKEN, count=3)
    seeding.seed(path=path)
    assert list(DailyCount.objects.values_list("count", flat=True)) == [3]


def test_second_seeding_writes_nothing_again(db: None, path: Path) -> None:
    first, before = seeding.seed(path=path), rows()
    assert seeding.seed(path=path) == first
    assert rows() == before


def test_second_seeding_keeps_what_was_decided_since(db: None, path: Path) -> None:
    seeding.seed(path=path)
    admin = get_user_model().objects.get(username="admin")
    reviews.approve(application=application("reading-notes"), actor=admin)
    reviews.withdraw(application=application("morning-weather"), actor=admin)
    reviews.reinstate(application=application("lucky-draw"), actor=admin)
    get_user_model().objects.get(username="auditor").groups.clear()
    again = {app["client_id"]: app for app in seeding.seed(path=path)["applications"]}
    assert {client_id: app["status"] for client_id, app in again.items()} == STATES | {
        "reading-notes": "approved",
        "lucky-draw": "approved",
    }
    assert not any(app["change_waits"] for app in again.values())
    assert not get_user_model().objects.get(username="auditor").groups.exists()


def test_only_what_is_missing_is_made(db: None, path: Path) -> None:
    seeding.seed(path=path)
    kept = application("reading-notes").pk
    application("recipe-box").delete()
    again = seeding.seed(path=path)
    assert {app["client_id"]: app["status"] for app in again["applications"]} == STATES
    assert application("reading-notes").pk == kept


def test_registration_that_is_closed_keeps_nothing_from_being_seeded(db: None, path: Path, settings: Any) -> None:
    settings.PROVIDER_SITE = {**settings.PROVIDER_SITE, "WHO_MAY_REGISTER": "nobody", "MAX_APPLICATIONS": 1}
    assert len(seeding.seed(path=path)["applications"]) == len(STATES)


@pytest.mark.slow
def test_consumer_alone_has_neither_developers_nor_reviewers(tmp_path: Path) -> None:
    foreign = ("DATABASE_URL", "CACHE_URL", "PROVIDER_URL", "CONSUMER_URL", "PORT", "DJANGO_SETTINGS_MODULE")
    environment = {name: value for name, value in os.environ.items() if name not in foreign}
    environment |= {"SITES": "consumer", "VAR_DIR": str(tmp_path)}
    command = [sys.executable, "manage.py", "demo", "--prepare-only"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    demo = json.loads((tmp_path / "demo.json").read_text())
    assert [account["username"] for account in demo["accounts"]] == ["admin", "xiaoming", "alice"]
    assert not {"applications", "clients", "developer_url", "review_url"} & set(demo)
    text = instructions(demo, directory=tmp_path)
    assert "/o/developer/" not in text
