"""The whole WeChat sign-in through the site's own addresses, with WeChat as a server that answers canned bytes."""

import json
import logging
from typing import Any
from urllib.parse import urlsplit

import pytest
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.utils.html import escape
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from consumer_site import vault
from consumer_site.connectors.weixin import codes
from tests.consumer.connector_journey import CODE, HOST, is_signed_in, shown, steps_of, visitor
from tests.consumer.test_weixin_client import DOCUMENTED
from tests.consumer.weixin_samples import (
    ACCESS_TOKEN,
    APP_ID,
    APP_SECRET,
    OPENID,
    PROFILE_PATH,
    REFRESH_TOKEN,
    TOKEN,
    UNIONID,
    Canned,
    CannedProvider,
    profile,
    published,
    serve,
    site,
    token,
)

pytestmark = pytest.mark.django_db

LOGIN = "/accounts/weixin/login/"
begin, come_back, sign_in, accounts = steps_of("weixin")
AVATAR = str(published.PROFILE["headimgurl"]).replace("http:", "https:")


@pytest.fixture
def weixin(server: CannedProvider, settings: Any, db: None) -> CannedProvider:
    site.speak_to(server, settings)
    site.add_website_app()
    return server


# --- Going there -----------------------------------------------------------------------------------------------------


def test_button_leads_to_the_qr_code_with_a_state_of_letters_and_digits(weixin: CannedProvider) -> None:
    response = visitor().post(LOGIN)
    assert response["Location"].endswith("#wechat_redirect")
    address, sent = begin(visitor())
    assert address == f"{weixin.base_url}/connect/qrconnect"
    # developers.weixin.qq.com: a-zA-Z0-9, at most 128 bytes.
    (state,) = sent.pop("state")
    assert state.isalnum()
    assert state.isascii()
    assert 32 <= len(state) <= 128
    assert sent == {
        "appid": [APP_ID],
        "response_type": ["code"],
        "redirect_uri": [f"http://{HOST}/accounts/weixin/login/callback/"],
        "scope": ["snsapi_login"],
        "lang": ["en"],
    }


def test_page_with_the_qr_code_is_chinese_for_chinese_readers(weixin: CannedProvider) -> None:
    assert "lang" not in begin(visitor(**{"Accept-Language": "zh-CN"}))[1]


def test_link_can_neither_start_a_sign_in_nor_change_what_is_asked(weixin: CannedProvider) -> None:
    client = visitor()
    question = client.get(LOGIN)
    assert question.status_code == 200
    assert "frame-ancestors 'none'" in question["Content-Security-Policy"]
    _address, sent = begin(client, f"{LOGIN}?scope=snsapi_userinfo&auth_params=state%3Dtheirs%26x%3D1")
    assert sent["scope"] == ["snsapi_login"]
    assert sent["state"] != ["theirs"]
    assert "x" not in sent


def test_site_without_exactly_one_website_app_says_so(weixin: CannedProvider, caplog: Any) -> None:
    SocialApp.objects.create(provider="weixin", name="2", client_id="wx2", secret=APP_SECRET)
    for reason in ("2 WeChat apps for websites", "0 WeChat apps for websites"):
        for method, address in (("get", LOGIN), ("post", LOGIN), ("get", f"{LOGIN}callback/?code=a&state=b")):
            response = getattr(visitor(), method)(address)
            assert response.status_code == 503
            assert "Signing in with WeChat is not set up correctly" in shown(response)
        assert reason in caplog.text
        SocialApp.objects.filter(provider="weixin").delete()


# --- Coming back -----------------------------------------------------------------------------------------------------


def test_sign_in_makes_an_account_of_the_openid_and_keeps_no_more_than_it_shows(weixin: CannedProvider) -> None:
    client = visitor()
    assert sign_in(client).status_code == 302
    assert is_signed_in(client)
    account = SocialAccount.objects.get(provider="weixin")
    assert account.uid == OPENID
    # No sex, city, province, country, privilege; the App ID is this site's own.
    assert account.extra_data == {"nickname": "张三🐼", "avatar": AVATAR, "unionid": UNIONID, "appid": APP_ID}
    assert account.get_avatar_url() == AVATAR
    assert str(account.get_provider_account()) == "张三🐼"
    assert account.user.email == ""
    assert [request.path for request in weixin.asked] == [TOKEN, PROFILE_PATH]
    tokens = vault.load(account=account)
    assert tokens is not None
    assert (tokens.access_token, tokens.refresh_token) == (ACCESS_TOKEN, REFRESH_TOKEN)
    assert tokens.scope == ("snsapi_login",)


def test_account_that_allauths_connector_made_goes_on(weixin: CannedProvider) -> None:
    user = get_user_model().objects.create_user("older")
    stored = json.loads(profile(nickname="\\u5f20\\u4e09", unionid=None))
    SocialAccount.objects.create(user=user, provider="weixin", uid=OPENID, extra_data=stored)
    client = visitor()
    sign_in(client)
    assert client.session["_auth_user_id"] == str(user.pk)
    account = SocialAccount.objects.get(provider="weixin")
    assert account.extra_data == {"nickname": "张三🐼", "avatar": AVATAR, "unionid": UNIONID, "appid": APP_ID}


def test_unionid_that_wechat_stops_giving_is_kept_and_changes_nobody(weixin: CannedProvider) -> None:
    site.answer_as(weixin, unionid=None)
    sign_in(visitor())
    first = SocialAccount.objects.get(provider="weixin")
    assert "unionid" not in first.extra_data
    for unionid in (UNIONID, None):
        site.answer_as(weixin, unionid=unionid)
        sign_in(visitor())
        last = SocialAccount.objects.get(provider="weixin")
        assert (last.pk, last.uid, last.extra_data["unionid"]) == (first.pk, OPENID, UNIONID)


def test_unionid_is_taken_from_either_answer_and_refused_when_they_differ(weixin: CannedProvider) -> None:
    for token_has, profile_has in ((UNIONID, None), (None, UNIONID)):
        weixin.answer(TOKEN, token(unionid=token_has))
        weixin.answer(PROFILE_PATH, profile(unionid=profile_has))
        sign_in(visitor())
        assert SocialAccount.objects.get(provider="weixin").extra_data["unionid"] == UNIONID
        SocialAccount.objects.all().delete()
    weixin.answer(TOKEN, token(unionid=UNIONID[::-1]))
    client = visitor()
    assert sign_in(client).status_code == 502
    assert not is_signed_in(client)


def test_openid_that_another_app_of_this_site_gave_is_not_trusted(weixin: CannedProvider) -> None:
    sign_in(visitor())
    SocialAccount.objects.update(extra_data={"appid": "wx9999999999999999"})
    client = visitor()
    response = sign_in(client)
    assert response.status_code == 409
    assert "from another WeChat than the one that answered" in shown(response)
    assert not is_signed_in(client)


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example/", "/\\evil.example/", "https://[", ""])
def test_sign_in_ends_on_this_host(weixin: CannedProvider, wanted: str) -> None:
    response = sign_in(visitor(), next=wanted)
    assert response["Location"] == "/calendar/"
    response = sign_in(visitor(), next="/calendar/?month=2026-01")
    assert response["Location"] == "/calendar/?month=2026-01"


def test_tokens_lie_nowhere_in_clear(weixin: CannedProvider) -> None:
    sign_in(visitor())
    assert not SocialToken.objects.exists()
    stored = str(list(SocialAccount.objects.values())) + str([s.get_decoded() for s in Session.objects.all()])
    for secret in (ACCESS_TOKEN, REFRESH_TOKEN, APP_SECRET, CODE):
        assert secret not in stored


# --- State and refusal -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", [{}, {"state": ""}, {"state": "theirs"}, {"state": "\x00"}])
@pytest.mark.parametrize("rest", [{"code": CODE}, {"code": "authdeny"}, {"error": "x"}, {}])
def test_callback_without_a_state_of_this_browser_does_nothing(
    weixin: CannedProvider, query: dict[str, str], rest: dict[str, str]
) -> None:
    client = visitor()
    begin(client)
    assert come_back(client, **query, **rest).status_code in {400, 401}
    assert not is_signed_in(client)
    assert not weixin.asked


def test_state_works_once_and_in_its_own_browser_only(weixin: CannedProvider) -> None:
    client, stranger = visitor(), visitor()
    state = begin(client)[1]["state"][0]
    begin(stranger)
    assert come_back(stranger, code=CODE, state=state).status_code in {400, 401}
    assert come_back(client, code=CODE, state=state).status_code == 302
    calls = len(weixin.asked)
    client.logout()
    assert come_back(client, code=CODE, state=state).status_code in {400, 401}
    assert not is_signed_in(client)
    assert len(weixin.asked) == calls


@pytest.mark.parametrize("query", [{}, {"code": "authdeny"}])
def test_refusal_is_told_as_a_refusal_and_uses_up_the_state(weixin: CannedProvider, query: dict[str, str]) -> None:
    client = visitor()
    state = begin(client)[1]["state"][0]
    response = come_back(client, state=state, **query)
    assert response.status_code == 403
    assert "You did not sign in" in shown(response)
    assert come_back(client, code=CODE, state=state).status_code in {400, 401}
    assert not is_signed_in(client)
    assert not weixin.asked


def test_refusal_to_connect_says_nothing_of_signing_in(weixin: CannedProvider) -> None:
    client = visitor()
    sign_in(client)
    state = begin(client, f"{LOGIN}?process=connect")[1]["state"][0]
    text = shown(come_back(client, state=state))
    assert "Nothing was connected" in text
    assert "You did not sign in" not in text
    assert "sign in another way" not in text
    assert is_signed_in(client)


@pytest.mark.parametrize("query", [{"code": ""}, {"error": "<b>x"}, {"error": "server", "code": CODE}])
def test_neither_code_nor_refusal_is_a_page(weixin: CannedProvider, query: dict[str, str]) -> None:
    client = visitor()
    response = come_back(client, state=begin(client)[1]["state"][0], **query)
    assert response.status_code in {400, 502}
    assert "<b>x" not in shown(response)
    assert not is_signed_in(client)
    assert not weixin.asked


# --- Failure ---------------------------------------------------------------------------------------------------------


# At the profile those that are about the token and the person; what each means at any step, test_weixin_client.py asks.
AT_PROFILE = ["-1", "40001", "40003", "40014", "41001", "41009", "42001", "42007", "45011", "48001", "50001", "50002"]
AT_STEP = {TOKEN: [*DOCUMENTED, "47001"], PROFILE_PATH: AT_PROFILE}


@pytest.mark.parametrize(("path", "code"), [(path, code) for path, listed in AT_STEP.items() for code in listed])
def test_each_code_at_each_step_is_a_sentence_and_a_log_line(
    weixin: CannedProvider, path: str, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    weixin.answer(path, f'{{"errcode":{code},"errmsg":"so"}}'.encode())
    client = visitor()
    response = sign_in(client)
    expected = codes.refusal(code, step={TOKEN: "token", PROFILE_PATH: "profile"}[path])
    assert response.status_code == expected.status
    assert escape(str(expected.public) % {"provider": "WeChat"}) in shown(response)
    assert expected.detail in caplog.text
    assert not is_signed_in(client)
    assert accounts() == []


@pytest.mark.parametrize(("name", "body"), published.NOBODY, ids=[case[0] for case in published.NOBODY])
def test_nobody_is_ever_signed_in_without_an_openid(weixin: CannedProvider, name: str, body: bytes) -> None:
    weixin.answer(TOKEN, body)
    for _person in range(2):
        client = visitor()
        assert sign_in(client).status_code == 502
        assert not is_signed_in(client)
    assert accounts() == []
    assert not weixin.asked_at(PROFILE_PATH)


def test_snapshot_says_how_to_go_on(weixin: CannedProvider) -> None:
    weixin.answer(TOKEN, token(is_snapshotuser=1))
    client = visitor()
    response = sign_in(client)
    assert response.status_code == 403
    assert "opens the full service" in shown(response)
    assert accounts() == []


def test_wechat_down_is_a_page(weixin: CannedProvider, settings: Any) -> None:
    with serve() as gone:
        pass
    settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, "WEIXIN_BASE_URLS": {APP_ID: gone.base_url}}
    client = visitor()
    response = sign_in(client)
    assert response.status_code == 502
    assert "reached right now" in shown(response)
    assert not is_signed_in(client)


def test_no_secret_in_any_log_of_a_sign_in(weixin: CannedProvider, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    # Database debug lines are not the connector's: a host that turns them on asked for every value.
    caplog.set_level(logging.INFO, logger="django.db.backends")
    sign_in(visitor())
    weixin.answer(PROFILE_PATH, b'{"errcode":40003,"errmsg":"invalid openid"}')
    sign_in(visitor())
    for secret in (ACCESS_TOKEN, REFRESH_TOKEN, APP_SECRET, CODE, OPENID):
        assert secret not in caplog.text


# --- Anything at all -------------------------------------------------------------------------------------------------

TRUE_ANSWERS = [token(), token(unionid=None), profile(), published.TOKENS[0][1], b'{"errcode":40029,"errmsg":"so"}']


@st.composite
def near_answers(draw: st.DrawFn) -> bytes:
    """Draw noise, or a true answer with some bytes changed."""
    true = draw(st.sampled_from(TRUE_ANSWERS))
    start = draw(st.integers(0, len(true)))
    end = draw(st.integers(start, min(len(true), start + 12)))
    return draw(st.one_of(st.binary(max_size=60), st.just(true[:start] + draw(st.binary(max_size=12)) + true[end:])))


@pytest.mark.parametrize("path", [TOKEN, PROFILE_PATH])
@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=near_answers(), status=st.sampled_from([200, 200, 200, 400, 503]))
def test_arbitrary_bytes_are_a_page_or_a_sign_in_of_the_openid_sent(
    weixin: CannedProvider, path: str, body: bytes, status: int
) -> None:
    get_user_model().objects.all().delete()
    site.answer_as(weixin)
    sign_in(visitor())
    site.answer_as(weixin, openid=OPENID[::-1], unionid=UNIONID)
    weixin.answer(path, Canned(body, status))
    client = visitor()
    response = sign_in(client)  # an exception that escapes a view fails the test here
    assert response.status_code != 500
    if not is_signed_in(client):
        assert accounts() == [OPENID]
        assert response.status_code >= 400
        return
    # One account each: whoever came in shares it with nobody.
    uid = SocialAccount.objects.get(user_id=client.session["_auth_user_id"]).uid
    assert uid.encode() in body or uid == OPENID[::-1]
    kept = SocialAccount.objects.get(uid=uid).extra_data
    assert set(kept) <= {"nickname", "avatar", "unionid", "appid"}
    assert not kept["avatar"] or urlsplit(kept["avatar"]).scheme == "https"
