"""Whatever GitHub answers, nobody is signed in as somebody else, no page is a 500, and no secret is told."""

import logging
from typing import Any
from urllib.parse import urlsplit

import pytest
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth import get_user_model
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from consumer_site.connectors.github.client import GitHubClient
from consumer_site.errors import SignInError
from tests.consumer.connector_journey import CODE, is_signed_in, shown, sign_in, uids, visitor
from tests.consumer.github_samples import (
    ACCESS_TOKEN,
    CLIENT_ID,
    CLIENT_SECRET,
    EMAILS,
    ID,
    PROFILE_PATH,
    REFRESH_TOKEN,
    TOKEN,
    Canned,
    CannedProvider,
    emails,
    profile,
    published,
    serve,
    site,
    token,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def github(server: CannedProvider, settings: Any, db: None) -> CannedProvider:
    site.speak_to(server, settings)
    return server


@pytest.mark.parametrize(("code", "body"), published.TOKEN_ERRORS)
@pytest.mark.parametrize("status", [200, 400])
def test_published_error_is_named_by_its_code(github: CannedProvider, code: str, body: bytes, status: int) -> None:
    github.answer(TOKEN, Canned(body, status))
    client = GitHubClient(None, CLIENT_ID, CLIENT_SECRET, "POST", f"{github.base_url}{TOKEN}", "")
    for call in (lambda: client.get_access_token(CODE), lambda: client.refresh(REFRESH_TOKEN)):
        with pytest.raises(SignInError) as caught:
            call()
        assert caught.value.code == f"github_{code}"


@pytest.mark.parametrize(("name", "body"), published.NOBODY, ids=[case[0] for case in published.NOBODY])
def test_nobody_is_ever_signed_in_without_a_numeric_id(github: CannedProvider, name: str, body: bytes) -> None:
    github.answer(PROFILE_PATH, body)
    for _person in range(2):
        client = visitor()
        assert sign_in(client, "github").status_code == 502
        assert not is_signed_in(client)
    assert uids("github") == []


@pytest.mark.parametrize(
    "canned",
    [
        Canned(token(), 500),
        Canned(token(), 404),
        Canned(b"", 302, (b"Location: https://elsewhere.example/",)),
        Canned(token(), cut_short=50),
        Canned(token(access_token=None)),
        Canned(token(access_token=["a"])),
        Canned(token(access_token="a\nb")),
        Canned(b"access_token=&scope="),
        Canned(b"<html>access_token=a</html>"),
        Canned(b"[]"),
        Canned(b""),
        Canned(b"x" * (3 * 1024 * 1024)),
    ],
)
def test_answer_without_a_token_is_a_page(github: CannedProvider, canned: Canned) -> None:
    github.answer(TOKEN, canned)
    client = visitor()
    assert sign_in(client, "github").status_code in {502, 503}
    assert not is_signed_in(client)
    assert [request.path for request in github.asked] == [TOKEN]


@pytest.mark.parametrize(
    ("canned", "status", "words"),
    [
        (Canned(b'{"message":"Bad credentials"}', 401), 400, "no longer accepts this sign-in"),
        (Canned(b'{"message":"Sorry. Your account was suspended."}', 403), 403, "does not let this site see"),
        (Canned(b'{"message":"API rate limit exceeded for user ID 1."}', 403), 502, "right now"),
        (Canned(b"", 429), 502, "right now"),
        (Canned(b"Unicorn!", 503), 502, "right now"),
        (Canned(profile(), 301, (b"Location: https://elsewhere.example/",)), 502, "right now"),
    ],
)
def test_status_of_the_api_is_a_sentence(github: CannedProvider, canned: Canned, status: int, words: str) -> None:
    github.answer(PROFILE_PATH, canned)
    client = visitor()
    response = sign_in(client, "github")
    assert response.status_code == status
    assert words in shown(response)
    assert not is_signed_in(client)


def test_github_down_is_a_page(github: CannedProvider, settings: Any) -> None:
    with serve() as gone:
        pass
    settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, "GITHUB_BASE_URLS": {CLIENT_ID: gone.base_url}}
    client = visitor()
    response = sign_in(client, "github")
    assert response.status_code == 502
    assert "reached right now" in shown(response)


def test_no_secret_in_any_log_of_a_sign_in(github: CannedProvider, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    # Database debug lines are not the connector's: a host that turns them on asked for every value.
    caplog.set_level(logging.INFO, logger="django.db.backends")
    sign_in(visitor(), "github")
    echo = f"no such thing: {CODE} {CLIENT_SECRET}\\r\\nforged line \\u202e"
    github.answer(TOKEN, f'{{"error":"bad_verification_code","error_description":"{echo}"}}'.encode())
    sign_in(visitor(), "github")
    assert "forged line" in caplog.text
    assert "\nforged" not in caplog.text
    for secret in (ACCESS_TOKEN, CLIENT_SECRET, CODE):
        assert secret not in caplog.text


TRUE_ANSWERS = [
    token(),
    profile(),
    emails(("a@example.com", True, True)),
    *(body for _, body in published.TOKEN_ERRORS),
]


@st.composite
def near_answers(draw: st.DrawFn) -> bytes:
    """Draw noise, or a true answer with some bytes changed."""
    true = draw(st.sampled_from(TRUE_ANSWERS))
    start = draw(st.integers(0, len(true)))
    end = draw(st.integers(start, min(len(true), start + 12)))
    return draw(st.one_of(st.binary(max_size=60), st.just(true[:start] + draw(st.binary(max_size=12)) + true[end:])))


@pytest.mark.parametrize("path", [TOKEN, PROFILE_PATH, EMAILS])
@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=near_answers(), status=st.sampled_from([200, 200, 200, 403, 503]))
def test_arbitrary_bytes_are_a_page_or_a_sign_in_of_the_id_sent(
    github: CannedProvider, path: str, body: bytes, status: int
) -> None:
    get_user_model().objects.all().delete()
    site.answer_truly(github)
    sign_in(visitor(), "github")
    github.answer(TOKEN, token(scope="user:email"))
    github.answer(PROFILE_PATH, profile(id=ID + 1))
    github.answer(path, Canned(body, status))
    client = visitor()
    response = sign_in(client, "github")  # an exception that escapes a view fails the test here
    assert response.status_code != 500
    if not is_signed_in(client):
        assert uids("github") == [str(ID)]
        assert response.status_code >= 400
        return
    # One account each: whoever came in shares it with nobody.
    account = SocialAccount.objects.get(user_id=client.session["_auth_user_id"])
    assert account.uid == str(ID + 1) or (path == PROFILE_PATH and account.uid.encode() in body)
    assert set(account.extra_data) <= {"login", "name", "avatar_url", "html_url", "server"}
    for name in ("avatar_url", "html_url"):
        assert urlsplit(account.extra_data.get(name, "https:")).scheme == "https"
