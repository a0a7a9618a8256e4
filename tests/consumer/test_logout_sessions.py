"""Whatever keeps the sessions, and whatever happens at the same moment: an ended session stays ended."""

import threading
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from django.contrib.sessions.backends.base import UpdateError
from django.db import connection
from django.test import Client, RequestFactory

from consumer_site.logout import sessions
from consumer_site.logout.middleware import SessionLinkMiddleware
from consumer_site.models import LogoutReceipt, SessionLink
from tests import factories
from tests.consumer.journey import HOST, Journey, is_signed_in, sign_in_as
from tests.consumer.logout import OUT, is_still_in, logout_token, tell

pytestmark = pytest.mark.django_db
ENGINES = [f"django.contrib.sessions.backends.{name}" for name in ("db", "cached_db", "cache")]


@pytest.fixture(params=["project.sessions", *ENGINES])
def engine(request: pytest.FixtureRequest, settings: Any) -> str:
    """Keep the sessions in each store that can end one."""
    if request.param != settings.SESSION_ENGINE:
        settings.SESSION_ENGINE = request.param
        settings.MIDDLEWARE = [
            "django.contrib.sessions.middleware.SessionMiddleware" if "SiteSession" in name else name
            for name in settings.MIDDLEWARE
        ]
    return str(request.param)


def stored(visitor: Client) -> Any:
    """Return the browser's session as another process opens it."""
    return import_module(_engine()).SessionStore(visitor.cookies["sessionid"].value)


def _engine() -> str:
    from django.conf import settings

    return str(settings.SESSION_ENGINE)


def test_ended_session_is_gone_from_every_store(engine: str, journey: Journey) -> None:
    journey.sign_in()
    assert tell(logout_token(journey.house)).status_code == 200
    assert stored(journey.visitor).load() == {}
    assert not is_still_in(journey.visitor)


def test_session_that_a_parallel_request_saves_stays_ended(engine: str, journey: Journey) -> None:
    journey.sign_in()
    parallel = stored(journey.visitor)
    parallel["seen"] = True
    tell(logout_token(journey.house))
    with pytest.raises(UpdateError):  # which Django's middleware turns into a page
        parallel.save()
    assert not is_still_in(journey.visitor)


def test_session_that_a_cache_brings_back_stays_ended(
    journey: Journey, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between a parallel request's write to the database and its write to the cache, the session is ended."""
    settings.SESSION_ENGINE = ENGINES[1]
    settings.MIDDLEWARE = [
        "django.contrib.sessions.middleware.SessionMiddleware" if "SiteSession" in name else name
        for name in settings.MIDDLEWARE
    ]
    journey.sign_in()
    parallel = stored(journey.visitor)
    parallel["seen"] = True
    parallel.save()
    content = dict(parallel.items())
    tell(logout_token(journey.house))
    parallel._cache.set(parallel.cache_key, content, 600)
    assert "_auth_user_id" in stored(journey.visitor).load()
    assert not is_still_in(journey.visitor)
    assert stored(journey.visitor).load() == {}


def test_sign_out_here_leaves_no_link(journey: Journey) -> None:
    journey.sign_in()
    journey.visitor.post(OUT)
    assert not SessionLink.objects.exists()


def test_second_sign_in_in_the_same_browser_is_the_one_that_counts(journey: Journey) -> None:
    journey.sign_in()
    journey.house.bend_claims = lambda claims: claims.update(sid="the-second-session")
    journey.sign_in()
    assert SessionLink.objects.get().sid == "the-second-session"
    tell(logout_token(journey.house))
    assert is_still_in(journey.visitor)
    tell(logout_token(journey.house, sid="the-second-session"))
    assert not is_still_in(journey.visitor)


def through_middleware(visitor: Client, act: Callable[[Any], None]) -> Any:
    """Let one request of the browser do something to its session, and save it as Django's middleware does."""
    request: Any = RequestFactory().get("/", headers={"host": HOST})
    request.COOKIES["sessionid"] = visitor.cookies["sessionid"].value
    request.session = stored(visitor)
    request.user = None

    def view(request: Any) -> Any:
        act(request)
        return None

    SessionLinkMiddleware(view)(request)
    return request.session


def test_link_follows_a_session_to_its_new_key(journey: Journey) -> None:
    journey.sign_in()
    session = through_middleware(journey.visitor, lambda request: request.session.cycle_key())
    session.save()
    assert SessionLink.objects.get().session_key == session.session_key
    journey.visitor.cookies["sessionid"] = session.session_key
    assert is_still_in(journey.visitor)
    tell(logout_token(journey.house))
    assert not is_still_in(journey.visitor)


def test_session_that_is_ended_while_it_gets_a_new_key_is_empty(journey: Journey) -> None:
    journey.sign_in()

    def act(request: Any) -> None:
        tell(logout_token(journey.house))
        request.session.create()

    assert through_middleware(journey.visitor, act).is_empty()


def test_disconnecting_the_account_of_the_sign_in_signs_nobody_out_here(journey: Journey) -> None:
    from allauth.socialaccount.models import SocialAccount

    journey.sign_in()
    elsewhere = Journey(journey.house, Client(headers={"host": HOST}))
    elsewhere.sign_in()
    account = SocialAccount.objects.get()
    SocialAccount.objects.create(user=account.user, provider="gone", uid="x")
    journey.visitor.post("/accounts/3rdparty/", {"account": account.pk})
    assert is_still_in(journey.visitor)
    assert not is_still_in(elsewhere.visitor)


def test_session_without_an_openid_sign_in_costs_no_query(
    visitor: Client, user: Any, django_assert_num_queries: Any
) -> None:
    sign_in_as(visitor, user)
    through = stored(visitor)
    through.load()
    request: Any = RequestFactory().get("/")
    request.COOKIES["sessionid"] = visitor.cookies["sessionid"].value
    request.session = through
    dict(through.items())
    with django_assert_num_queries(0):
        SessionLinkMiddleware(lambda request: None)(request)  # type: ignore[arg-type, return-value]  # no view


def test_token_that_arrives_during_the_sign_in_makes_it_fail_with_a_page(journey: Journey) -> None:
    back = journey.house.authorize(journey.leave())
    assert tell(logout_token(journey.house)).status_code == 200
    response = journey.come_back(back)
    assert response.status_code == 409
    text = response.content.decode()
    assert "You were signed out at House before this sign-in was finished" in text
    assert "Reference:" in text
    assert not is_signed_in(journey.visitor)
    assert not SessionLink.objects.exists()
    journey.house.received.clear()
    journey.sign_in()
    assert is_still_in(journey.visitor)


def test_token_about_everything_of_the_subject_makes_it_fail_too(journey: Journey) -> None:
    back = journey.house.authorize(journey.leave())
    tell(logout_token(journey.house, sid=None))
    assert journey.come_back(back).status_code == 409


@pytest.mark.parametrize("changes", [{"sid": "another-session"}, {"sub": "somebody-else", "sid": None}])
def test_token_about_another_session_does_not(journey: Journey, changes: dict[str, Any]) -> None:
    back = journey.house.authorize(journey.leave())
    tell(logout_token(journey.house, **changes))
    assert journey.come_back(back).status_code == 302


def test_session_that_the_provider_keeps_may_sign_in_again(journey: Journey) -> None:
    """A provider that signs people out of one app alone goes on with the same sid."""
    journey.sign_in()
    tell(logout_token(journey.house))
    journey.sign_in()
    assert is_still_in(journey.visitor)


def test_what_names_nobody_ends_nobody() -> None:
    with pytest.raises(ValueError, match="neither"):
        sessions.end(issuer="https://id.example.com")


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Run the acts in threads that start together; return what they answered, in order."""
    barrier, answers = threading.Barrier(len(acts)), [None] * len(acts)

    def run(number: int) -> None:
        try:
            barrier.wait(10)
            answers[number] = acts[number]()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return answers


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_same_token_many_times_is_obeyed_once(self, journey: Journey) -> None:
        journey.sign_in()
        token = logout_token(journey.house)
        answers = at_once(*[lambda: tell(token).status_code] * 4)
        assert answers == [200] * 4
        assert LogoutReceipt.objects.get().sessions_ended == 1
        assert not is_still_in(journey.visitor)

    def test_sign_in_and_its_sign_out_leave_nobody_signed_in(self, journey: Journey) -> None:
        for number in range(4):
            sid = f"session-number-{number}"
            visit = Journey(journey.house, Client(headers={"host": HOST}))
            journey.house.bend_claims = lambda claims, sid=sid: claims.update(sid=sid)
            back = journey.house.authorize(visit.leave())
            token = logout_token(journey.house, sid=sid)
            at_once(lambda visit=visit, back=back: visit.come_back(back), lambda token=token: tell(token))
            assert not is_still_in(visit.visitor)

    def test_link_that_is_written_between_reading_and_receipt_is_ended(
        self, journey: Journey, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Where the database lets both go on, the sign-in looks for the receipt too early, and is seen too late."""
        journey.sign_in()
        link = SessionLink.objects.get()
        SessionLink.objects.filter(pk=link.pk).update(sid="not yet there")
        end, seen = sessions.end, []

        def end_and_be_overtaken(**named: Any) -> int:
            ended = end(**named)
            if not seen:
                SessionLink.objects.filter(pk=link.pk).update(sid=link.sid)
            seen.append(ended)
            return ended

        monkeypatch.setattr(sessions, "end", end_and_be_overtaken)
        assert tell(logout_token(journey.house)).status_code == 200
        assert seen == [0, 1]
        assert LogoutReceipt.objects.get().sessions_ended == 1
        assert not is_still_in(journey.visitor)


def test_people_without_a_link_are_left_alone(journey: Journey, visitor: Client) -> None:
    other = Client(headers={"host": HOST})
    sign_in_as(other, factories.make_user("local"))
    journey.sign_in()
    tell(logout_token(journey.house, sid=None))
    assert is_signed_in(other)


CACHED, COOKIES = "django.contrib.sessions.backends.cached_db", "django.contrib.sessions.backends.signed_cookies"


@pytest.mark.parametrize(
    ("engine_name", "with_middleware", "warned"),
    [
        (ENGINES[0], False, False),
        (CACHED, True, False),
        (CACHED, False, True),
        ("project.sessions", False, True),
        (COOKIES, True, True),
    ],
)
def test_check_warns_where_an_ended_session_may_live_on(
    settings: Any, engine_name: str, with_middleware: bool, warned: bool
) -> None:
    from consumer_site.checks import SESSIONS, check_sessions

    settings.SESSION_ENGINE = engine_name
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if name != SESSIONS or with_middleware]
    assert [message.id for message in check_sessions()] == ["consumer_site.W016"] * warned


def test_sessions_in_cookies_are_left_alone(journey: Journey, settings: Any) -> None:
    settings.SESSION_ENGINE = COOKIES
    settings.MIDDLEWARE = [
        "django.contrib.sessions.middleware.SessionMiddleware" if "SiteSession" in name else name
        for name in settings.MIDDLEWARE
    ]
    journey.sign_in()
    assert is_still_in(journey.visitor)
    assert not SessionLink.objects.exists()
    assert tell(logout_token(journey.house)).status_code == 200
