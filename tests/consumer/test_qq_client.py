"""The QQ client against a server on loopback that answers with published bytes."""

import logging
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consumer_site.connectors.qq.client import QQClient, base_url_of
from consumer_site.connectors.qq.errors import NoIdentity, WrongApp
from consumer_site.connectors.qq.views import QQOAuth2Adapter
from consumer_site.errors import AnswerInvalid, CodeRefused, SignInError, StateLost, Unreachable
from tests.consumer.qq_samples import (
    ACCESS_TOKEN,
    APP_ID,
    APP_KEY,
    ME,
    OPENID,
    PROFILE_PATH,
    REFRESH_TOKEN,
    TOKEN,
    Canned,
    CannedQQ,
    me,
    me_jsonp,
    profile,
    published,
    serve,
    strategies,
    token,
)

CALLBACK = "https://app.example.com/accounts/qq/login/callback/"
CODE = "9A5F0C1B2D3E4F5061728394A5B606AF"
SECRETS = (APP_KEY, ACCESS_TOKEN, REFRESH_TOKEN, CODE, OPENID)


def names(samples: list[Any]) -> list[str]:
    return [sample[0] for sample in samples]


@pytest.fixture
def qq(server: CannedQQ, settings: Any) -> CannedQQ:
    settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, "ALLOW_LOOPBACK_HTTP": True}
    server.answers.clear()
    server.asked.clear()
    server.answer(TOKEN, token())
    server.answer(ME, me_jsonp())
    server.answer(PROFILE_PATH, profile())
    return server


def make_client(qq: CannedQQ, app_id: str = APP_ID) -> QQClient:
    client = QQClient(None, app_id, APP_KEY, "GET", f"{qq.base_url}{TOKEN}", CALLBACK, scope_delimiter=",")
    client.base_url = qq.base_url
    return client


# --- Authorize -------------------------------------------------------------------------------------------------------


def test_authorize_address_names_all_that_qq_requires(qq: CannedQQ) -> None:
    client = make_client(qq)
    client.state = "one-time-state"
    address = urlsplit(
        client.get_redirect_url(
            "https://graph.qq.com/oauth2.0/authorize",
            ["get_user_info", "list_album", "get_user_info"],
            {"display": "mobile", "state": "theirs", "redirect_uri": "https://evil.example/", "client_id": "1"},
        )
    )
    assert f"{address.scheme}://{address.netloc}{address.path}" == "https://graph.qq.com/oauth2.0/authorize"
    assert parse_qs(address.query) == {
        "response_type": ["code"],
        "client_id": [APP_ID],
        "redirect_uri": [CALLBACK],
        "state": ["one-time-state"],
        "scope": ["get_user_info,list_album"],
        "display": ["mobile"],
    }


def test_no_authorize_address_without_state(qq: CannedQQ) -> None:
    with pytest.raises(StateLost):
        make_client(qq).get_redirect_url("https://graph.qq.com/oauth2.0/authorize", ["get_user_info"], {})


def test_only_the_app_id_named_in_settings_leaves_the_real_address(settings: Any) -> None:
    settings.CONSUMER_SITE = {
        **settings.CONSUMER_SITE,
        "QQ_BASE_URLS": {"100000001": "http://127.0.0.1:8000/sandbox/qq/"},
    }
    assert base_url_of("100000001") == "http://127.0.0.1:8000/sandbox/qq"
    assert base_url_of(APP_ID) == "https://graph.qq.com"
    assert QQOAuth2Adapter(None).authorize_url == "https://graph.qq.com/oauth2.0/authorize"


# --- Token -----------------------------------------------------------------------------------------------------------


def test_token_request_has_the_documented_parameters(qq: CannedQQ) -> None:
    make_client(qq).get_access_token(CODE, pkce_code_verifier="ignored")
    (asked,) = qq.asked
    assert asked.method == "GET"
    assert asked.query == {
        "grant_type": ["authorization_code"],
        "client_id": [APP_ID],
        "client_secret": [APP_KEY],
        "code": [CODE],
        "redirect_uri": [CALLBACK],
        "need_openid": ["1"],
        "fmt": ["json"],
    }


@pytest.mark.parametrize(("name", "body", "seconds"), published.TOKENS, ids=names(published.TOKENS))
@pytest.mark.parametrize(
    "headers",
    [(b"Content-Type: text/html",), (), (b"Content-Type: application/json; charset=gbk",), (b"Content-Type: ;;",)],
)
def test_published_token_is_read_whatever_the_content_type(
    qq: CannedQQ, name: str, body: bytes, seconds: int | None, headers: tuple[bytes, ...]
) -> None:
    qq.answer(TOKEN, Canned(body, headers=headers))
    parsed = QQOAuth2Adapter(None).parse_token(make_client(qq).get_access_token(CODE))
    assert parsed.token == ACCESS_TOKEN
    assert parsed.token_secret in {REFRESH_TOKEN, ""}
    if seconds is None:
        assert parsed.expires_at is None
    else:
        assert abs((parsed.expires_at - timezone.now()).total_seconds() - seconds) < 60


@pytest.mark.parametrize("lifetime", ["", "soon", -1, 0, 10**14, 10**30, 1e400, True, None, [1], "7776000.0", "٣"])
def test_nonsensical_lifetime_is_an_unknown_lifetime(lifetime: object) -> None:
    assert QQOAuth2Adapter(None).parse_token({"access_token": ACCESS_TOKEN, "expires_in": lifetime}).expires_at is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"expires_in=7776000",
        b"access_token=&expires_in=7776000",
        token(access_token=None),
        token(access_token=""),
        token(access_token=["a"]),
        token(access_token=7),
        token(access_token="a b"),
        token(access_token="a\nb"),
        token(access_token="a" * 5000),
        token(access_token="密"),
        b"<html><title>access_token=a</title></html>",
    ],
)
def test_token_answer_without_a_usable_token_fails(qq: CannedQQ, body: bytes) -> None:
    qq.answer(TOKEN, body)
    with pytest.raises(AnswerInvalid):
        make_client(qq).get_access_token(CODE)


@pytest.mark.parametrize("code", [None, "", "a" * 5000])
def test_unusable_code_is_not_even_sent(qq: CannedQQ, code: str | None) -> None:
    with pytest.raises(CodeRefused):
        make_client(qq).get_access_token(code)
    assert not qq.asked


@pytest.mark.parametrize(("name", "body", "code"), published.TOKEN_ERRORS, ids=names(published.TOKEN_ERRORS))
@pytest.mark.parametrize("status", [200, 400, 500])
def test_published_token_error_is_named_by_its_code(
    qq: CannedQQ, name: str, body: bytes, code: str, status: int
) -> None:
    qq.answer(TOKEN, Canned(body, status))
    with pytest.raises(SignInError) as caught:
        make_client(qq).get_access_token(CODE)
    assert caught.value.code == f"qq_{code}"


# --- Openid ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "body", "unionid"), published.IDENTITIES, ids=names(published.IDENTITIES))
def test_published_identity_is_read(qq: CannedQQ, name: str, body: bytes, unionid: str) -> None:
    qq.answer(ME, body)
    assert make_client(qq).get_identity(ACCESS_TOKEN) == (OPENID, unionid)
    assert qq.asked_at(ME) == [{"access_token": [ACCESS_TOKEN], "fmt": ["json"], "unionid": ["1"]}]


def test_openid_is_asked_for_alone_when_the_app_lacks_unionid(qq: CannedQQ) -> None:
    # wiki.connect.qq.com, UnionID: 100048.
    qq.answer(ME, b'callback( {"error":100048,"error_description":"companyid not set",} );', me_jsonp())
    assert make_client(qq).get_identity(ACCESS_TOKEN) == (OPENID, "")
    first, second = qq.asked_at(ME)
    assert first["unionid"] == ["1"]
    assert "unionid" not in second


def test_second_refusal_of_unionid_ends_the_sign_in(qq: CannedQQ) -> None:
    qq.answer(ME, b'{"error":100048,"error_description":"companyid not set"}')
    with pytest.raises(SignInError, match="100048"):
        make_client(qq).get_identity(ACCESS_TOKEN)
    assert len(qq.asked_at(ME)) == 2


@pytest.mark.parametrize(("name", "body", "code"), published.ME_ERRORS, ids=names(published.ME_ERRORS))
def test_published_openid_error_ends_the_sign_in_at_once(qq: CannedQQ, name: str, body: bytes, code: str) -> None:
    qq.answer(ME, body)
    with pytest.raises(SignInError) as caught:
        make_client(qq).get_identity(ACCESS_TOKEN)
    assert caught.value.code == f"qq_{code}"
    assert len(qq.asked_at(ME)) == 1


@pytest.mark.parametrize(("name", "body"), published.NOBODY, ids=names(published.NOBODY))
def test_answer_that_names_nobody_is_nobody(qq: CannedQQ, name: str, body: bytes) -> None:
    qq.answer(ME, body)
    with pytest.raises(AnswerInvalid):
        make_client(qq).get_identity(ACCESS_TOKEN)


def test_token_of_another_app_is_refused_before_its_openid_is_read(qq: CannedQQ) -> None:
    qq.answer(ME, me(client_id="101999002", openid=None))
    with pytest.raises(WrongApp):
        make_client(qq).get_identity(ACCESS_TOKEN)
    qq.answer(ME, me(client_id=None))
    with pytest.raises(WrongApp):
        make_client(qq, app_id="").get_identity(ACCESS_TOKEN)


def test_doubtful_unionid_is_left_out(qq: CannedQQ) -> None:
    for doubtful in ("0" * 36, "", None, 7, "a b c d e f g h", ["UID"]):
        qq.answer(ME, me(unionid=doubtful))
        assert make_client(qq).get_identity(ACCESS_TOKEN) == (OPENID, "")


# --- Profile ---------------------------------------------------------------------------------------------------------


def test_profile_request_and_answer(qq: CannedQQ) -> None:
    found = make_client(qq).get_profile(ACCESS_TOKEN, OPENID)
    assert found.nickname == "飞翔的企鹅🐧"
    assert found.avatar.startswith("https://thirdqq.qlogo.cn/")
    assert qq.asked_at(PROFILE_PATH) == [
        {"access_token": [ACCESS_TOKEN], "oauth_consumer_key": [APP_ID], "openid": [OPENID]}
    ]


@pytest.mark.parametrize(("name", "body", "code"), published.PROFILE_ERRORS, ids=names(published.PROFILE_ERRORS))
def test_profile_error_with_status_200_is_an_error(qq: CannedQQ, name: str, body: bytes, code: str) -> None:
    qq.answer(PROFILE_PATH, body)
    with pytest.raises(SignInError) as caught:
        make_client(qq).get_profile(ACCESS_TOKEN, OPENID)
    assert caught.value.code == f"qq_{code}"


@pytest.mark.parametrize("body", [profile(ret=None), profile(ret=False), profile(ret=[]), b"{}", b"nickname=a", b""])
def test_profile_that_does_not_say_it_succeeded_is_an_error(qq: CannedQQ, body: bytes) -> None:
    qq.answer(PROFILE_PATH, body)
    with pytest.raises(SignInError):
        make_client(qq).get_profile(ACCESS_TOKEN, OPENID)


# --- The line --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "canned",
    [
        Canned(token(), 500),
        Canned(token(), 404),
        Canned(b"", 502),
        Canned(b"", 302, (b"Location: https://elsewhere.example/",)),
        Canned(b"", 302, (b"Location: http://[broken",)),
        Canned(b"", 302, (b"Location: \xff\xfe",)),
        Canned(token(), 302, (b"Location: /oauth2.0/me",)),
        Canned(token(), cut_short=50),
        Canned(token(), headers=(b"Content-Encoding: gzip",)),
        Canned(token(), headers=(b"Transfer-Encoding: chunked",)),
        Canned(b"x" * (3 * 1024 * 1024)),
        Canned(token(), headers=(b"no header at all",)),
    ],
)
def test_broken_line_is_a_sign_in_error_or_the_token(qq: CannedQQ, canned: Canned) -> None:
    qq.answer(TOKEN, canned)
    try:
        fields = make_client(qq).get_access_token(CODE)
    except SignInError as error:
        assert_tells_no_secret(error)
    else:
        assert canned.status == 200
        assert fields["access_token"] == ACCESS_TOKEN
    assert len(qq.asked) == 1


def test_no_server_is_unreachable_and_its_error_holds_no_address(qq: CannedQQ, unused_tcp_port_number: int) -> None:
    client = make_client(qq)
    client.access_token_url = f"http://127.0.0.1:{unused_tcp_port_number}{TOKEN}"
    with pytest.raises(Unreachable) as caught:
        client.get_access_token(CODE)
    assert_tells_no_secret(caught.value)


@pytest.fixture
def unused_tcp_port_number() -> int:
    with serve() as gone:
        return urlsplit(gone.base_url).port or 0


def assert_tells_no_secret(error: BaseException) -> None:
    seen: BaseException | None = error
    while seen is not None:
        for secret in SECRETS:
            assert secret not in f"{seen} {seen!r} {getattr(seen, 'detail', '')}"
        seen = seen.__cause__ or seen.__context__


def test_no_secret_reaches_a_log_or_an_error(qq: CannedQQ, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    client = make_client(qq)
    client.get_access_token(CODE)
    client.get_profile(ACCESS_TOKEN, client.get_identity(ACCESS_TOKEN).openid)
    echo = f"no such thing: {CODE} {APP_KEY} {ACCESS_TOKEN} {OPENID}\r\nforged line \u202e"
    for path, call in (
        (TOKEN, lambda: client.get_access_token(CODE)),
        (ME, lambda: client.get_identity(ACCESS_TOKEN)),
        (PROFILE_PATH, lambda: client.get_profile(ACCESS_TOKEN, OPENID)),
    ):
        qq.answer(path, me(error=100029, error_description=echo))
        with pytest.raises(SignInError) as caught:
            call()
        assert_tells_no_secret(caught.value)
        assert "100029" in caught.value.detail
        assert caught.value.detail.isascii()
        assert caught.value.detail.isprintable()
    for secret in SECRETS:
        assert secret not in caplog.text


# --- Anything at all -------------------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=strategies.answer_bytes(), status=st.sampled_from([200, 200, 200, 204, 400, 500]))
def test_arbitrary_answers_end_in_a_value_or_a_sign_in_error(qq: CannedQQ, body: bytes, status: int) -> None:
    for path in (TOKEN, ME, PROFILE_PATH):
        qq.answer(path, Canned(body, status))
    client = make_client(qq)
    try:
        parsed = QQOAuth2Adapter(None).parse_token(client.get_access_token(CODE))
        assert parsed.token.isascii()
        assert parsed.token
    except SignInError as error:
        assert_tells_no_secret(error)
    try:
        identity = client.get_identity(ACCESS_TOKEN)
    except SignInError:
        pass
    else:
        assert re.fullmatch(r"[0-9A-Za-z_-]{8,128}", identity.openid)
        assert identity.openid.encode() in body
        assert APP_ID.encode() in body
    try:
        found = client.get_profile(ACCESS_TOKEN, OPENID)
    except SignInError:
        pass
    else:
        found.nickname.encode()
        assert not found.avatar or found.avatar.startswith("https://")


def test_no_identity_is_raised_for_a_missing_openid(qq: CannedQQ) -> None:
    qq.answer(ME, me(openid=None))
    with pytest.raises(NoIdentity):
        make_client(qq).get_identity(ACCESS_TOKEN)
