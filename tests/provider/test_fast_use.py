"""Tokens at use are read by one statement, and nobody is told anything else by it than by the ORM."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import Model, Value
from django.db.models.functions import Concat
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from oauth2_provider.models import get_access_token_model

from provider_site.models import (
    ApplicationScope,
    AppProfile,
    Authorization,
    ClientSecret,
    Consent,
    Profile,
    Registration,
    ResourceServer,
    Session,
)
from provider_site.protocol.validator import Validator
from provider_site.storage import access
from tests.provider.use_situations import SITUATIONS, World, ask


@pytest.fixture
def world(db: None, settings: Any) -> World:
    """Return an application, its person, and others that ask about its tokens."""
    return World(settings)


def statements(act: Callable[[], Any]) -> list[str]:
    """Return the statements of an act that say something: the marks of a transaction do not."""
    with CaptureQueriesContext(connection) as seen:
        act()
    marks = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
    return [text for query in seen.captured_queries if not (text := str(query["sql"])).startswith(marks)]


# --- The ORM's result is the oracle --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SITUATIONS)
def test_everybody_is_told_the_same_by_either_way(world: World, name: str) -> None:
    SITUATIONS[name](world)
    told = world.told()
    world.configure(FAST_LANE=False)
    assert told == world.told()


def test_situations_differ(world: World) -> None:
    """Where every answer is a refusal, two ways agree easily."""
    SITUATIONS["asked about oddly"](world)
    assert {answer[0] for answer in world.told() if answer is not None and isinstance(answer[0], int)} == {
        200,
        400,
        401,
    }
    assert world.driver.works(world.access)
    assert world.driver.introspect(world.refresh)["active"]


@pytest.mark.parametrize("fast", [True, False])
def test_what_is_missing_is_made_once(world: World, fast: bool) -> None:
    world.issue()
    Profile.objects.all().delete()
    world.configure(FAST_LANE=fast)
    subjects = {world.driver.userinfo(world.access).json()["sub"] for _time in range(2)}
    subjects.add(world.driver.introspect(world.access)["sub"])
    assert subjects == {Profile.objects.get(user=world.user).subject}


# --- How often the database is asked ------------------------------------------------------------------------------


def test_userinfo_asks_once(world: World) -> None:
    world.issue("openid nickname avatar profile unionid")
    assert world.driver.works(world.access)  # what is made at the first use is there
    assert len(statements(lambda: world.driver.userinfo(world.access))) == 1
    assert len(statements(lambda: world.driver.userinfo("osat_unknown"))) == 1


@pytest.mark.parametrize(("kind", "sector"), [("pairwise", ""), ("pairwise", "a.example"), ("legacy", "")])
def test_userinfo_asks_once_whatever_the_subject_is(world: World, kind: str, sector: str) -> None:
    world.register(subject_type=kind, sector_identifier=sector)
    world.issue()
    assert world.driver.works(world.access)
    assert len(statements(lambda: world.driver.userinfo(world.access))) == 1


def test_introspection_asks_once(world: World) -> None:
    world.issue()
    identity = {"client_id": world.driver.application.client_id, "client_secret": world.driver.secret}
    for asking in (world.driver, world.api):
        for token in (world.access, world.refresh):
            assert asking.introspect(token)["active"]
            assert len(statements(lambda: asking.introspect(token))) == 1  # noqa: B023  called at once
    assert len(statements(lambda: world.driver.introspect(world.access, headers={}, **identity))) == 1
    assert len(statements(lambda: world.driver.introspect("unknown"))) == 2, "it may be a token of either kind"


def test_introspection_of_a_machines_token_asks_once(world: World) -> None:
    SITUATIONS["of a machine"](world)
    token = world.tokens.pop()
    assert world.driver.introspect(token)["active"]
    assert len(statements(lambda: world.driver.introspect(token))) == 1


def test_check_of_a_resource_of_this_project_asks_once(world: World) -> None:
    world.issue()
    access.find_access_token(world.access)
    seen = statements(lambda: Validator()._load_access_token(world.access))
    assert len(seen) == 1
    assert len(statements(lambda: access.find_access_token("osat_unknown"))) == 1


def test_secrets_use_is_noted_once_a_day(world: World) -> None:
    world.issue()
    ClientSecret.objects.update(last_used_at=None)
    Registration.objects.filter(application=world.api.application).update(description="read anew")
    writes = [sum("UPDATE" in text for text in statements(lambda: world.api.introspect("x"))) for _time in range(3)]
    assert writes == [1, 0, 0]
    assert ClientSecret.objects.get(application=world.api.application).last_used_at.date() == timezone.now().date()


def test_wrong_secret_notes_no_use(world: World) -> None:
    ClientSecret.objects.update(last_used_at=None)
    assert ask(world.api, "x", headers=world.api.basic(secret="wrong")).status_code == 401
    assert not ClientSecret.objects.filter(last_used_at__isnull=False).exists()


def test_validator_of_a_project_decides_who_may_ask(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own validator may prove clients in another way."""
    from oauth2_provider.settings import oauth2_settings

    class Closed(Validator):
        def authenticate_client(self, request: Any, *args: Any, **kwargs: Any) -> bool:
            return False

    world.issue()
    monkeypatch.setattr(oauth2_settings, "OAUTH2_VALIDATOR_CLASS", Closed)
    from provider_site.protocol.introspection import IntrospectView

    monkeypatch.delattr(IntrospectView, "_oauthlib_core", raising=False)
    answer = ask(world.driver, world.access)
    monkeypatch.delattr(IntrospectView, "_oauthlib_core", raising=False)
    assert answer.status_code == 401


def test_row_of_a_check_is_the_callers_own(world: World) -> None:
    """A view may do with the token's application what it likes: the next request has another."""
    world.issue()
    row = Validator()._load_access_token(world.access)
    row.application.name = row.application.registration.description = "changed"
    other = Validator()._load_access_token(world.access)
    assert "changed" not in {other.application.name, other.application.registration.description}


# --- What changes counts at the next request ----------------------------------------------------------------------


def elsewhere(model: type[Model], **values: Any) -> None:
    """Change all rows as another process does: by a connection of its own, and so that no signal is sent."""

    def change() -> None:
        model._default_manager.update(**values)
        connection.close()

    thread = threading.Thread(target=change)
    thread.start()
    thread.join()


PAST = datetime(2026, 1, 1, tzinfo=UTC)
CHANGES: dict[str, tuple[type[Model], dict[str, Any]]] = {
    "the application": (Registration, {"status": "suspended"}),
    "the tokens of the application": (Registration, {"tokens_not_before": datetime(2100, 1, 1, tzinfo=UTC)}),
    "the person": (get_user_model(), {"is_active": False}),
    "the authorization": (Authorization, {"revoked_at": PAST}),
    "the consent": (Consent, {"closed_at": PAST}),
    "the session": (Session, {"ended_at": PAST}),
    "the scopes": (ApplicationScope, {"scope": Concat("scope", Value("-of-old"))}),
    "the token": (get_access_token_model(), {"expires": PAST}),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", CHANGES)
def test_end_of_what_a_token_hangs_on_is_seen_by_the_next_request(settings: Any, name: str) -> None:
    world = World(settings)
    world.issue("openid nickname")
    token, check = world.access, Validator()._load_access_token
    for _time in range(2):
        assert world.driver.works(token)
        assert world.driver.introspect(token)["active"]
        assert check(token).is_valid(["openid"])
    model, values = CHANGES[name]
    elsewhere(model, **values)
    assert not world.driver.works(token)
    assert ask(world.driver, token).json().get("active", False) is False
    row = check(token)
    assert row is None or not row.is_valid(["openid"])


@pytest.mark.django_db(transaction=True)
def test_secret_and_review_of_who_asks_are_seen_by_the_next_request(settings: Any) -> None:
    world = World(settings)
    world.issue()
    assert all(ask(asking, world.access).json()["active"] for asking in (world.driver, world.api))
    elsewhere(ResourceServer, scope="avatar")
    assert world.api.introspect(world.access) == {"active": False}
    elsewhere(Registration, subject_type="legacy")
    assert world.driver.introspect(world.access)["sub"] == str(world.user.pk)
    elsewhere(ClientSecret, revoked_at=PAST)
    assert ask(world.driver, world.access).status_code == 401


@pytest.mark.django_db(transaction=True)
def test_what_a_person_shows_is_seen_by_the_next_request(settings: Any) -> None:
    world = World(settings)
    world.issue("openid profile email")
    AppProfile.objects.create(user=world.user, application=world.driver.application)
    for model, values, claim, value in (
        (Profile, {"nickname": "Countess"}, "nickname", "Countess"),
        (AppProfile, {"nickname": "Enchantress"}, "nickname", "Enchantress"),
        (type(world.user), {"email": "ada@elsewhere.example"}, "email", "ada@elsewhere.example"),
        (Registration, {"subject_type": "legacy"}, "sub", str(world.user.pk)),
    ):
        assert world.driver.userinfo(world.access).json().get(claim) != value
        elsewhere(model, **values)
        assert world.driver.userinfo(world.access).json()[claim] == value
