"""A request that is granted without a page costs two statements, and does all that the long way does."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import Model
from django.db.models.signals import post_save
from django.urls import reverse
from django.utils import timezone
from oauth2_provider.models import get_application_model, get_grant_model

from provider_site.models import ApplicationScope, Authorization, Consent, DailyCount, Profile, Registration, Session
from provider_site.services import sessions, usage
from tests.provider.driver import query
from tests.provider.grant_situations import (
    FUTURE,
    PAST,
    SCOPE,
    SITUATIONS,
    Situation,
    World,
    comes_of,
    differing,
    has_code,
    lives_by_rows,
    passing,
    statements,
)


@pytest.fixture
def world(db: None, settings: Any) -> World:
    """Return an application, and a person who has allowed it something."""
    return World(settings)


def is_direct(seen: list[str]) -> bool:
    """Tell whether a request was answered without reading the application's rows one by one."""
    table = get_application_model()._meta.db_table
    return any("INSERT" in text for text in seen) and not any(text.startswith(f'SELECT "{table}"') for text in seen)


# --- The long way is the oracle --------------------------------------------------------------------------------------


@pytest.mark.parametrize("group", SITUATIONS)
def test_either_way_says_and_does_the_same(world: World, group: str) -> None:
    wrong = {name: found for name, one in SITUATIONS[group].items() if (found := compared(world, one))}
    assert not wrong, wrong


def compared(world: World, situation: Situation) -> dict[str, Any]:
    """Return in what the two ways differ, and whether another one answered than should."""
    with passing(world):
        situation.prepare(world)
        first, _seen = comes_of(world, situation.sent)  # where the application has changed, it is read anew here
        found, seen = comes_of(world, situation.sent)
        world.configure(FAST_LANE=False)
        oracle, long = comes_of(world, situation.sent)
    wrong: dict[str, Any] = differing(first, oracle) | differing(found, oracle)
    if (is_direct(seen), is_direct(long)) != (situation.direct, False):
        wrong["statements"] = seen
    return wrong


def test_code_buys_what_was_allowed(world: World) -> None:
    for fast in (True, False):
        world.configure(FAST_LANE=fast)
        tokens = world.driver.redeem(query(world.ask())["code"])
        assert tokens.body["scope"] == "openid nickname offline_access"
        claims = world.driver.id_token(tokens)
        session = Session.objects.get()
        assert (claims["nonce"], claims["sid"]) == ("nonce-1", str(session.sid))
        assert Authorization.objects.get(consumed_at__isnull=False, revoked_at=None).session == session
        Authorization.objects.all().delete()


def test_sign_in_is_counted(world: World) -> None:
    usage.flush()
    DailyCount.objects.all().delete()
    world.ask()
    usage.flush()
    counted = DailyCount.objects.filter(kind=DailyCount.Kind.SIGN_IN).values_list("application", "count")
    assert set(counted) == {(None, 1), (world.driver.application.pk, 1)}


def test_sessions_record_follows_the_browsers_once_an_hour(world: World) -> None:
    for earlier, writes in ((timedelta(hours=2), 1), (timedelta(minutes=30), 0)):
        Session.objects.update(expires_at=timezone.now() + timedelta(days=14) - earlier)
        seen = statements(world.ask)
        assert sum(text.startswith('UPDATE "provider_site_session"') for text in seen) == writes
        assert is_direct(seen)


def test_who_listens_to_rows_hears_of_each(world: World) -> None:
    heard: list[Any] = []

    def hear(instance: Any, **_kwargs: Any) -> None:
        heard.append(type(instance))

    for model in (Authorization, get_grant_model()):
        post_save.connect(hear, sender=model)
        try:
            assert has_code(world.ask())
        finally:
            post_save.disconnect(hear, sender=model)
    assert heard == [Authorization, get_grant_model()]


@pytest.mark.parametrize(
    "name", ["OAUTH2_VALIDATOR_CLASS", "OAUTH2_SERVER_CLASS", "OAUTH2_BACKEND_CLASS", "SCOPES_BACKEND_CLASS"]
)
def test_class_of_a_project_decides_where_it_has_one(world: World, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    from oauth2_provider.settings import oauth2_settings

    own = getattr(oauth2_settings, name)
    monkeypatch.setattr(oauth2_settings, name, type("Own", (own,), {}))
    seen = statements(world.ask)
    assert not is_direct(seen)


# --- How often the database is asked ---------------------------------------------------------------------------------


def beginning() -> int:
    """Return how many statements every page begins with: who it is, and the session where no cache has it."""
    return 2 if lives_by_rows() else 1


def test_granted_request_asks_once_and_writes_once(world: World) -> None:
    seen = statements(world.ask)
    inserts = [text for text in seen if "INSERT" in text]
    assert len(inserts) == (1 if connection.vendor == "postgresql" else 2)
    assert len(seen) == beginning() + 1 + len(inserts), seen


def test_long_way_asks_for_the_session_once(world: World) -> None:
    seen = statements(lambda: world.ask(color="red"))
    read = [text for text in seen if text.startswith("SELECT") and 'FROM "provider_site_session"' in text]
    read += [text for text in seen if 'LEFT JOIN "provider_site_session"' in text]
    assert len(read) == 1, seen


def test_page_asks_once_whether_the_session_goes_on(world: World) -> None:
    page = reverse("provider_site:connected-apps", urlconf="project.urls_provider")
    request = world.driver.browser.get(page).wsgi_request
    del request._provider_site_known_session  # type: ignore[attr-defined]  # as if nobody had asked
    seen = statements(lambda: (sessions.was_ended(request=request), sessions.current_session(request=request)))
    assert len(seen) == 1, seen
    assert statements(lambda: sessions.was_ended(request=request)) == []


def test_changed_application_is_read_anew_once(world: World) -> None:
    world.registration(description="New")
    assert not is_direct(statements(world.ask))
    assert is_direct(statements(world.ask))


# --- What changes counts at the next request -------------------------------------------------------------------------


def elsewhere(model: type[Model], **values: Any) -> None:
    """Change all rows as another process does: by a connection of its own, and so that no signal is sent."""

    def change() -> None:
        model._default_manager.update(**values)
        connection.close()

    thread = threading.Thread(target=change)
    thread.start()
    thread.join()


CHANGES: dict[str, tuple[type[Model], dict[str, Any]]] = {
    "the consent": (Consent, {"closed_at": PAST, "closed_reason": "withdrawn"}),
    "the terms": (Consent, {"scope": "openid", "terms": {}}),
    "the application": (Registration, {"status": "suspended"}),
    "the redirect URI": (get_application_model(), {"redirect_uris": "https://other.example.com/"}),
    "the name": (get_application_model(), {"name": "Another"}),
    "the scopes": (ApplicationScope, {"required": True}),
    "the session": (Session, {"ended_at": FUTURE, "ended_reason": "person"}),
    "everything elsewhere": (Profile, {"signed_out_at": FUTURE}),
    "the person": (get_user_model(), {"is_active": False}),
    "the password": (get_user_model(), {"password": "!"}),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", CHANGES)
def test_what_a_grant_hangs_on_is_as_the_next_request_finds_it(settings: Any, name: str) -> None:
    world = World(settings)
    Profile.objects.get_or_create(user=world.user)
    assert all(is_direct(statements(world.ask)) for _time in range(2))
    codes = Authorization.objects.count()
    model, values = CHANGES[name]
    elsewhere(model, **values)
    assert not has_code(world.ask())
    assert Authorization.objects.count() == codes


@pytest.mark.django_db(transaction=True)
def test_both_rows_are_written_or_none(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A code that was drawn before, and exchanged, has left a row that the second of them cannot stand beside."""
    world = World(settings)
    code = query(world.ask())["code"]
    assert world.driver.redeem(code).status == 200
    before = Authorization.objects.count(), get_grant_model().objects.count()
    monkeypatch.setattr("provider_site.crypto.random_text", lambda _bits=256: code)
    world.driver.browser.raise_request_exception = False
    assert world.ask().status_code == 500
    assert (Authorization.objects.count(), get_grant_model().objects.count()) == before


def test_secret_key_that_is_rotated_signs_nobody_out(world: World, settings: Any) -> None:
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "n" * 60
    assert has_code(world.ask())
    settings.SECRET_KEY_FALLBACKS = []
    assert has_code(world.ask(scope=SCOPE)), "the session is bound to the new key by now"
