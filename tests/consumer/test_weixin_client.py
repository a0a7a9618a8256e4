"""The WeChat client against a server on loopback that answers with published bytes."""

import logging
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.utils import timezone
from django.utils.translation import override
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consumer_site.connectors.weixin import answers, codes
from consumer_site.connectors.weixin.client import WeixinClient, api_url_of, open_url_of
from consumer_site.connectors.weixin.errors import NoIdentity, SnapshotOnly
from consumer_site.connectors.weixin.profile import profile_from
from consumer_site.connectors.weixin.views import WeixinOAuth2Adapter
from consumer_site.errors import CodeRefused, Fault, NotConfigured, SignInError, StateLost, Unreachable
from tests.consumer.weixin_samples import (
    ACCESS_TOKEN,
    APP_ID,
    APP_SECRET,
    OPENID,
    PROFILE_PATH,
    REFRESH,
    REFRESH_TOKEN,
    TOKEN,
    UNIONID,
    Canned,
    CannedProvider,
    profile,
    published,
    token,
)

CALLBACK = "https://app.example.com/accounts/weixin/login/callback/"
CODE = "041Xyz000AbCdEfGhIjKlMnOpQ3Xyz0a"
SECRETS = (APP_SECRET, ACCESS_TOKEN, REFRESH_TOKEN, CODE, OPENID)
API = "https://api.weixin.qq.com"
# developers.weixin.qq.com: global return codes that the addresses under /sns/ are known to answer.
DOCUMENTED = [
    *("-1", "40001", "40002", "40003", "40013", "40014", "40029", "40030", "40066", "40125", "40163", "40164", "40226"),
    *("41001", "41002", "41003", "41004", "41008", "41009", "42001", "42002", "42003", "42007", "43001", "43002"),
    *("43003", "43004", "45009", "45011", "48001", "48004", "50001", "50002", "61023", "89503"),
]


def names(samples: list[Any]) -> list[str]:
    return [sample[0] for sample in samples]


@pytest.fixture
def weixin(server: CannedProvider, settings: Any) -> CannedProvider:
    settings.CONSUMER_SITE = {
        **settings.CONSUMER_SITE,
        "ALLOW_LOOPBACK_HTTP": True,
        "WEIXIN_BASE_URLS": {APP_ID: f"{server.base_url}/"},
    }
    server.answers.clear()
    server.asked.clear()
    server.answer(TOKEN, token())
    server.answer(REFRESH, token(refresh_token="the next one"))
    server.answer(PROFILE_PATH, profile())
    return server


def make_client() -> WeixinClient:
    return WeixinClient(None, APP_ID, APP_SECRET, "GET", "", CALLBACK, scope_delimiter=",")


# --- Authorize -------------------------------------------------------------------------------------------------------


def test_authorize_address_has_the_documented_order_and_end(weixin: CannedProvider) -> None:
    client = make_client()
    client.state = "onetimestate"
    address = client.get_redirect_url(
        "https://open.weixin.qq.com/connect/qrconnect",
        ["snsapi_login"],
        {"lang": "en", "state": "theirs", "redirect_uri": "https://evil.example/", "appid": "wx1"},
    )
    assert address.startswith("https://open.weixin.qq.com/connect/qrconnect?")
    assert address.endswith("#wechat_redirect")
    assert parse_qsl(urlsplit(address).query) == [
        ("appid", APP_ID),
        ("redirect_uri", CALLBACK),
        ("response_type", "code"),
        ("scope", "snsapi_login"),
        ("state", "onetimestate"),
        ("lang", "en"),
    ]


def test_no_authorize_address_without_state(weixin: CannedProvider) -> None:
    with pytest.raises(StateLost):
        make_client().get_redirect_url("https://open.weixin.qq.com/connect/qrconnect", ["snsapi_login"], {})


def test_only_the_app_id_named_in_settings_leaves_the_real_addresses(weixin: CannedProvider) -> None:
    assert open_url_of(APP_ID) == api_url_of(APP_ID) == weixin.base_url
    assert open_url_of("wx0") == "https://open.weixin.qq.com"
    assert api_url_of("wx0") == API


# --- Token -----------------------------------------------------------------------------------------------------------


def test_token_request_has_the_documented_parameters(weixin: CannedProvider) -> None:
    make_client().get_access_token(CODE, pkce_code_verifier="ignored")
    (asked,) = weixin.asked
    assert asked.method == "GET"
    assert asked.query == {
        "appid": [APP_ID],
        "secret": [APP_SECRET],
        "code": [CODE],
        "grant_type": ["authorization_code"],
    }


@pytest.mark.parametrize(("name", "body", "seconds"), published.TOKENS, ids=names(published.TOKENS))
@pytest.mark.parametrize(
    "headers", [(b"Content-Type: text/plain",), (), (b"Content-Type: application/json; charset=gbk",)]
)
def test_published_token_is_read_whatever_the_content_type(
    weixin: CannedProvider, name: str, body: bytes, seconds: int | None, headers: tuple[bytes, ...]
) -> None:
    weixin.answer(TOKEN, Canned(body, headers=headers))
    fields = make_client().get_access_token(CODE)
    assert fields["openid"] == OPENID
    parsed = WeixinOAuth2Adapter(None).parse_token(fields)
    assert (parsed.token, parsed.token_secret in {REFRESH_TOKEN, ""}) == (ACCESS_TOKEN, True)
    if seconds is None:
        assert parsed.expires_at is None
    else:
        assert abs((parsed.expires_at - timezone.now()).total_seconds() - seconds) < 60


@pytest.mark.parametrize(("name", "body"), published.NOBODY, ids=names(published.NOBODY))
@pytest.mark.parametrize("refreshing", [False, True])
def test_answer_that_names_nobody_is_an_error(weixin: CannedProvider, name: str, body: bytes, refreshing: bool) -> None:
    weixin.answer(REFRESH if refreshing else TOKEN, body)
    client = make_client()
    with pytest.raises(SignInError):
        client.refresh(REFRESH_TOKEN) if refreshing else client.get_access_token(CODE)


@pytest.mark.parametrize("sent", [1, "1", True])
def test_account_that_wechat_made_up_for_a_snapshot_is_refused(weixin: CannedProvider, sent: object) -> None:
    weixin.answer(TOKEN, token(is_snapshotuser=sent))
    with pytest.raises(SnapshotOnly):
        make_client().get_access_token(CODE)


@pytest.mark.parametrize("code", [None, "", "a" * 5000])
def test_unusable_code_is_not_even_sent(weixin: CannedProvider, code: str | None) -> None:
    with pytest.raises(CodeRefused):
        make_client().get_access_token(code)
    assert not weixin.asked


def test_refresh_sends_no_secret(weixin: CannedProvider) -> None:
    assert make_client().refresh(REFRESH_TOKEN)["refresh_token"] == "the next one"
    (asked,) = weixin.asked
    assert asked.query == {"appid": [APP_ID], "grant_type": ["refresh_token"], "refresh_token": [REFRESH_TOKEN]}


@pytest.mark.parametrize(("name", "body", "code"), published.ERRORS, ids=names(published.ERRORS))
@pytest.mark.parametrize("path", [TOKEN, REFRESH, PROFILE_PATH])
def test_error_with_status_200_is_named_by_its_code(
    weixin: CannedProvider, path: str, name: str, body: bytes, code: str
) -> None:
    weixin.answer(path, body)
    client = make_client()
    with pytest.raises(SignInError) as caught:
        {
            TOKEN: lambda: client.get_access_token(CODE),
            REFRESH: lambda: client.refresh(REFRESH_TOKEN),
            PROFILE_PATH: lambda: client.get_profile(ACCESS_TOKEN, OPENID),
        }[path]()
    assert caught.value.code == f"weixin_{code}"


# --- Codes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", DOCUMENTED)
def test_documented_code_is_explained_to_both(code: str) -> None:
    error = codes.refusal(code, step="token", quoted="text of WeChat")
    assert error.code == f"weixin_{code}"
    assert f"WeChat error {code} at the token step: " in error.detail
    assert error.detail.endswith("; WeChat says: text of WeChat")
    assert "undocumented" not in error.detail
    with override("en"):
        for sentence in (error.public, error.advice):
            assert str(sentence) % {"provider": "WeChat"}
            assert code not in str(sentence)
    assert 400 <= error.status < 600
    assert error.status != 500


def test_undocumented_code_has_a_sentence_too() -> None:
    error = codes.refusal("47001", step="profile")
    assert "undocumented" in error.detail
    assert str(error.public) % {"provider": "WeChat"}


def test_who_can_do_something_about_it_is_told_apart() -> None:
    assert isinstance(codes.refusal("40001", step="token"), NotConfigured)
    assert isinstance(codes.refusal("40001", step="profile"), CodeRefused)
    assert isinstance(codes.refusal("40030", step="refresh"), CodeRefused)
    assert isinstance(codes.refusal("45011", step="refresh"), Unreachable)
    assert codes.refusal("50001", step="profile").fault is Fault.PERSON


# --- Profile ---------------------------------------------------------------------------------------------------------


def test_profile_keeps_nickname_picture_and_unionid(weixin: CannedProvider) -> None:
    found = make_client().get_profile(ACCESS_TOKEN, OPENID)
    assert found.nickname == "张三🐼"
    assert found.avatar.startswith("https://thirdwx.qlogo.cn/mmopen/")
    assert found.unionid == UNIONID
    assert weixin.asked_at(PROFILE_PATH) == [{"access_token": [ACCESS_TOKEN], "openid": [OPENID]}]


@pytest.mark.parametrize(
    "charset", [b"text/plain", b"application/json; charset=utf-8", b"text/html; charset=iso-8859-1"]
)
def test_name_is_utf8_whatever_charset_is_declared(weixin: CannedProvider, charset: bytes) -> None:
    weixin.answer(PROFILE_PATH, Canned(profile(nickname="张三"), headers=(b"Content-Type: " + charset,)))
    assert make_client().get_profile(ACCESS_TOKEN, OPENID).nickname == "张三"


@pytest.mark.parametrize("openid", [None, "", 7, OPENID[::-1], OPENID.lower(), f"{OPENID} ", [OPENID]])
def test_profile_of_somebody_else_is_refused(weixin: CannedProvider, openid: object) -> None:
    weixin.answer(PROFILE_PATH, profile(openid=openid))
    with pytest.raises(NoIdentity):
        make_client().get_profile(ACCESS_TOKEN, OPENID)


def test_placeholder_is_no_name_and_the_grey_figure_no_picture() -> None:
    grey = (
        "https://thirdwx.qlogo.cn/mmopen/vi_32/"
        "POgEwh4mIHO4nibH0KlMECNjjGxQUq24ZEaGT4poC6icRiccVGKSyXwibcPq4BWmiaIGuG1icwxaQX6grC9VemZoJ8rg/132"
    )
    assert profile_from({"nickname": "微信用户", "headimgurl": grey}, base_url=API) == ("", "", "")
    assert profile_from({"nickname": "微信用户甲", "headimgurl": ""}, base_url=API)[0] == "微信用户甲"


def test_control_character_in_a_nickname_does_not_cost_the_answer() -> None:
    assert answers.parse(b'{"nickname":"a\tb\x01"}') == {"nickname": "a\tb\x01"}


# --- The line --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "canned",
    [
        Canned(token(), 500),
        Canned(b"", 502),
        Canned(b"", 302, (b"Location: https://elsewhere.example/",)),
        Canned(token(), 302, (b"Location: /sns/userinfo",)),
        Canned(token(), cut_short=50),
        Canned(token(), headers=(b"Content-Encoding: gzip",)),
        Canned(b"x" * (3 * 1024 * 1024)),
    ],
)
def test_broken_line_is_a_sign_in_error(weixin: CannedProvider, canned: Canned) -> None:
    weixin.answer(TOKEN, canned)
    with pytest.raises(SignInError) as caught:
        make_client().get_access_token(CODE)
    assert_tells_no_secret(caught.value)
    assert len(weixin.asked) == 1


def assert_tells_no_secret(error: BaseException) -> None:
    seen: BaseException | None = error
    while seen is not None:
        for secret in SECRETS:
            assert secret not in f"{seen} {seen!r} {getattr(seen, 'detail', '')}"
        seen = seen.__cause__ or seen.__context__


def test_no_secret_reaches_a_log_or_an_error(weixin: CannedProvider, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    client = make_client()
    client.get_access_token(CODE)
    client.refresh(REFRESH_TOKEN)
    client.get_profile(ACCESS_TOKEN, OPENID)
    echo = f"no such thing: {CODE} {APP_SECRET} {ACCESS_TOKEN} {REFRESH_TOKEN} {OPENID}\r\nforged line \u202e"
    for path, call in (
        (TOKEN, lambda: client.get_access_token(CODE)),
        (REFRESH, lambda: client.refresh(REFRESH_TOKEN)),
        (PROFILE_PATH, lambda: client.get_profile(ACCESS_TOKEN, OPENID)),
    ):
        weixin.answer(path, profile(errcode=40066, errmsg=echo))
        with pytest.raises(SignInError) as caught:
            call()
        assert_tells_no_secret(caught.value)
        assert caught.value.detail.isascii()
        assert caught.value.detail.isprintable()
    for secret in SECRETS:
        assert secret not in caplog.text


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=200) | st.text().map(str.encode))
def test_arbitrary_bytes_are_fields_or_unreadable(body: bytes) -> None:
    try:
        fields = answers.parse(body)
    except answers.Unreadable:
        return
    assert isinstance(fields, dict)
    answers.error_of(fields)
