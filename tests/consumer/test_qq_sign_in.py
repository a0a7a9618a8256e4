"""The whole QQ sign-in through the site's own addresses, with QQ as a server on loopback that answers canned bytes."""

import logging
import re
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.utils.html import escape
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from consumer_site.connectors.qq import codes
from tests.consumer.connector_journey import CODE, HOST, is_signed_in, shown, steps_of, visitor
from tests.consumer.qq_samples import (
    ACCESS_TOKEN,
    APP_ID,
    APP_KEY,
    ME,
    OPENID,
    PROFILE_PATH,
    REFRESH_TOKEN,
    TOKEN,
    UNIONID,
    Canned,
    CannedQQ,
    me,
    me_jsonp,
    profile,
    published,
    serve,
    site,
    strategies,
    token,
)
from tests.consumer.test_qq_codes import DOCUMENTED, OAUTH

pytestmark = pytest.mark.django_db

LOGIN = "/accounts/qq/login/"
begin, come_back, sign_in, accounts = steps_of("qq")
CALLBACK = "/accounts/qq/login/callback/"
# Real browsers: Chrome on Android, Safari on an iPhone, QQ's own on a phone; then Chrome on Windows, Safari on an iPad.
PHONES = [
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/126.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; U; Android 13; zh-cn) AppleWebKit/537.36 Chrome/109.0 MQQBrowser/14.9 Mobile Safari/537.36",
]
DESKTOPS = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) AppleWebKit/605.1.15 Version/12.1 Mobile/15E148 Safari/604.1",
    "",
]


@pytest.fixture
def qq(server: CannedQQ, settings: Any, db: None) -> CannedQQ:
    site.speak_to(server, settings)
    return server


# --- Going there -----------------------------------------------------------------------------------------------------


def test_button_leads_to_qq_with_state_scope_and_callback(qq: CannedQQ) -> None:
    address, sent = begin(visitor())
    assert address == f"{qq.base_url}/oauth2.0/authorize"
    assert len(sent.pop("state")[0]) >= 16
    assert sent == {
        "response_type": ["code"],
        "client_id": [APP_ID],
        "redirect_uri": [f"http://{HOST}{CALLBACK}"],
        "scope": ["get_user_info"],
    }


def test_real_app_id_leads_to_the_real_qq_by_default(qq: CannedQQ) -> None:
    SocialApp.objects.filter(provider="qq").update(client_id="101999777")
    address, sent = begin(visitor())
    assert address == "https://graph.qq.com/oauth2.0/authorize"
    assert sent["client_id"] == ["101999777"]


@pytest.mark.parametrize("agent", PHONES)
def test_phone_gets_the_layout_for_phones(qq: CannedQQ, agent: str) -> None:
    assert begin(visitor(**{"User-Agent": agent}))[1]["display"] == ["mobile"]


@pytest.mark.parametrize("agent", DESKTOPS)
def test_other_screens_get_the_default_layout(qq: CannedQQ, agent: str) -> None:
    assert "display" not in begin(visitor(**{"User-Agent": agent}))[1]


def test_client_hint_decides_over_the_browser_name(qq: CannedQQ) -> None:
    assert begin(visitor(**{"User-Agent": DESKTOPS[0], "Sec-CH-UA-Mobile": "?1"}))[1]["display"] == ["mobile"]
    assert "display" not in begin(visitor(**{"User-Agent": PHONES[0], "Sec-CH-UA-Mobile": "?0"}))[1]


def test_link_can_neither_start_a_sign_in_nor_change_what_is_asked(qq: CannedQQ) -> None:
    client = visitor()
    question = client.get(LOGIN)
    assert question.status_code == 200
    assert "frame-ancestors 'none'" in question["Content-Security-Policy"]
    _address, sent = begin(
        client,
        f"{LOGIN}?scope=list_album&auth_params=state%3Dtheirs%26redirect_uri%3Dhttps%3A%2F%2Fevil.example%26x%3D1",
    )
    assert sent["scope"] == ["get_user_info"]
    assert sent["redirect_uri"] == [f"http://{HOST}{CALLBACK}"]
    assert sent["state"] != ["theirs"]
    assert "x" not in sent


def test_site_without_exactly_one_app_says_so(qq: CannedQQ, caplog: pytest.LogCaptureFixture) -> None:
    SocialApp.objects.create(provider="qq", name="QQ 2", client_id="101999002", secret=APP_KEY)
    for reason in ("several QQ apps", "no entry is configured for qq"):
        for method, address in (("get", LOGIN), ("post", LOGIN), ("get", f"{CALLBACK}?code=a&state=b")):
            response = getattr(visitor(), method)(address)
            assert response.status_code == 503
            assert "Signing in with QQ is not set up correctly" in shown(response)
        assert reason in caplog.text
        SocialApp.objects.filter(provider="qq").delete()


# --- Coming back -----------------------------------------------------------------------------------------------------


def test_sign_in_makes_an_account_of_the_openid_with_nickname_and_picture(qq: CannedQQ) -> None:
    client = visitor()
    response = sign_in(client)
    assert response.status_code == 302
    assert is_signed_in(client)
    account = SocialAccount.objects.get(provider="qq")
    assert account.uid == OPENID
    # Exactly these: no gender, province, city, year, and no plain http.
    assert account.extra_data == {
        "nickname": "飞翔的企鹅🐧",
        "avatar": "https://thirdqq.qlogo.cn/g?b=oidb&k=QtAu5OiaSfqGD0k&s=640&t=1557635654",
    }
    assert account.get_avatar_url() == account.extra_data["avatar"]
    assert str(account.get_provider_account()) == "飞翔的企鹅🐧"
    assert account.user.email == ""
    assert [request.path for request in qq.asked] == [TOKEN, ME, PROFILE_PATH]


def test_next_page_knows_the_person(qq: CannedQQ) -> None:
    # Without a picture, which the calendar would fetch from where QQ keeps it.
    qq.answer(PROFILE_PATH, b'{"ret":0,"msg":"","nickname":"Peter"}')
    client = visitor()
    sign_in(client)
    calendar = client.get("/calendar/")
    assert calendar.status_code == 200
    assert "Peter" in shown(calendar)


def test_second_sign_in_is_the_same_person(qq: CannedQQ) -> None:
    sign_in(visitor())
    qq.answer(PROFILE_PATH, profile(nickname="改了名"))
    again = visitor()
    sign_in(again)
    assert is_signed_in(again)
    account = SocialAccount.objects.get(provider="qq")
    assert (account.uid, account.extra_data["nickname"]) == (OPENID, "改了名")


def test_unionid_that_appears_later_is_kept_and_changes_nobody(qq: CannedQQ) -> None:
    qq.answer(ME, b'callback( {"error":100048,"error_description":"companyid not set"} );', me_jsonp())
    sign_in(visitor())
    first = SocialAccount.objects.get(provider="qq")
    assert "unionid" not in first.extra_data
    qq.answer(ME, me_jsonp(unionid=UNIONID))
    sign_in(visitor())
    assert SocialAccount.objects.get(provider="qq").extra_data["unionid"] == UNIONID
    qq.answer(ME, me_jsonp())
    sign_in(visitor())
    last = SocialAccount.objects.get(provider="qq")
    assert last.extra_data["unionid"] == UNIONID
    assert (last.pk, last.uid, last.user_id) == (first.pk, OPENID, first.user_id)


def test_two_people_of_one_unionid_or_nickname_are_two_accounts(qq: CannedQQ) -> None:
    sign_in(visitor())
    other = OPENID[::-1]
    qq.answer(ME, me_jsonp(openid=other, unionid=UNIONID))
    sign_in(visitor())
    assert set(accounts()) == {OPENID, other}
    assert get_user_model().objects.filter(socialaccount__provider="qq").distinct().count() == 2


def test_tokens_lie_nowhere_in_clear(qq: CannedQQ) -> None:
    client = visitor()
    sign_in(client)
    assert not SocialToken.objects.exists()
    stored = str(list(SocialAccount.objects.values())) + str([s.get_decoded() for s in Session.objects.all()])
    for secret in (ACCESS_TOKEN, REFRESH_TOKEN, APP_KEY, CODE):
        assert secret not in stored


# --- State -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", [{}, {"state": ""}, {"state": "theirs"}, {"state": "\x00"}])
@pytest.mark.parametrize("rest", [{"code": CODE}, {"usercancel": "1"}, {"error": "100030"}, {}])
def test_callback_without_a_state_of_this_browser_does_nothing(
    qq: CannedQQ, query: dict[str, str], rest: dict[str, str]
) -> None:
    client = visitor()
    begin(client)
    response = come_back(client, **query, **rest)
    assert response.status_code in {400, 401}
    assert not is_signed_in(client)
    assert not qq.asked


def test_state_works_once_and_in_its_own_browser_only(qq: CannedQQ) -> None:
    client, stranger = visitor(), visitor()
    _address, sent = begin(client)
    state = sent["state"][0]
    begin(stranger)
    assert come_back(stranger, code=CODE, state=state).status_code in {400, 401}
    assert not is_signed_in(stranger)
    assert come_back(client, code=CODE, state=state).status_code == 302
    calls = len(qq.asked)
    client.logout()
    assert come_back(client, code=CODE, state=state).status_code in {400, 401}
    assert not is_signed_in(client)
    assert len(qq.asked) == calls


def test_refusal_uses_up_the_state_too(qq: CannedQQ) -> None:
    client = visitor()
    state = begin(client)[1]["state"][0]
    come_back(client, usercancel="1", state=state)
    assert come_back(client, code=CODE, state=state).status_code in {400, 401}
    assert not is_signed_in(client)


# --- Refusal and failure ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", [{"usercancel": "1"}, {"usercancel": "2"}, {"error": "access_denied"}])
def test_refusal_is_told_as_a_refusal(qq: CannedQQ, query: dict[str, str]) -> None:
    client = visitor()
    response = come_back(client, state=begin(client)[1]["state"][0], **query)
    assert response.status_code == 403
    assert "You did not sign in" in shown(response)
    assert not is_signed_in(client)
    assert not qq.asked


@pytest.mark.parametrize("query", [{}, {"usercancel": "0"}, {"usercancel": ""}, {"error": "100030"}, {"error": "<b>x"}])
def test_neither_code_nor_refusal_is_a_page(qq: CannedQQ, query: dict[str, str]) -> None:
    client = visitor()
    response = come_back(client, state=begin(client)[1]["state"][0], **query)
    assert response.status_code in {403, 502}
    assert "<b>x" not in shown(response)
    assert not is_signed_in(client)
    assert not qq.asked


# Each where QQ gives it; what each means at any step, test_qq_codes.py asks of the table itself.
AT_STEP = {
    TOKEN: [*OAUTH, "100099"],
    ME: ["100007", "100013", "100014", "100015", "100016", "100029", "100048", "100099"],
    PROFILE_PATH: [*(code for code in DOCUMENTED if code not in OAUTH), "100013", "100030", "100031", "2021"],
}


@pytest.mark.parametrize(("path", "code"), [(path, code) for path, listed in AT_STEP.items() for code in listed])
def test_each_code_at_each_step_is_a_sentence_and_a_log_line(
    qq: CannedQQ, path: str, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    field = "ret" if path == PROFILE_PATH else "error"
    qq.answer(path, f'{{"{field}":{code},"msg":"so","error_description":"so"}}'.encode())
    client = visitor()
    response = sign_in(client)
    expected = codes.refusal(code, step={TOKEN: "token", ME: "openid", PROFILE_PATH: "profile"}[path])
    assert response.status_code == expected.status
    assert escape(str(expected.public) % {"provider": "QQ"}) in shown(response)
    assert expected.detail in caplog.text
    assert not is_signed_in(client)
    assert accounts() == []


@pytest.mark.parametrize(("name", "body"), published.NOBODY, ids=[case[0] for case in published.NOBODY])
def test_nobody_is_ever_signed_in_without_an_openid_of_ours(qq: CannedQQ, name: str, body: bytes) -> None:
    qq.answer(ME, body)
    for _person in range(2):
        client = visitor()
        assert sign_in(client).status_code == 502
        assert not is_signed_in(client)
    assert accounts() == []
    assert not qq.asked_at(PROFILE_PATH)


def test_qq_down_is_a_page(qq: CannedQQ, settings: Any) -> None:
    with serve() as gone:
        pass
    settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, "QQ_BASE_URLS": {APP_ID: gone.base_url}}
    client = visitor()
    response = sign_in(client)
    assert response.status_code == 502
    assert "reached right now" in shown(response)
    assert not is_signed_in(client)


def test_no_secret_in_any_log_of_a_sign_in(qq: CannedQQ, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    # Database debug lines are not the connector's: a host that turns them on asked for every value.
    caplog.set_level(logging.INFO, logger="django.db.backends")
    sign_in(visitor())
    qq.answer(PROFILE_PATH, b'{"ret":-22,"msg":"openid is invalid"}')
    sign_in(visitor())
    for secret in (ACCESS_TOKEN, REFRESH_TOKEN, APP_KEY, CODE, OPENID):
        assert secret not in caplog.text


# --- Anything at all -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [TOKEN, ME, PROFILE_PATH])
@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=strategies.near_answers(), status=st.sampled_from([200, 200, 200, 400, 503]))
def test_arbitrary_bytes_are_a_page_or_a_sign_in_of_the_openid_sent(
    qq: CannedQQ, path: str, body: bytes, status: int
) -> None:
    SocialAccount.objects.filter(provider="qq").delete()
    qq.answer(TOKEN, token())
    qq.answer(ME, me())
    qq.answer(PROFILE_PATH, profile())
    qq.answer(path, Canned(body, status))
    client = visitor()
    response = sign_in(client)  # an exception that escapes a view fails the test here
    assert response.status_code != 500
    if not is_signed_in(client):
        assert accounts() == []
        assert response.status_code >= 400
        return
    (uid,) = accounts()
    assert re.fullmatch(r"[0-9A-Za-z_-]{8,128}", uid)
    if path == ME:
        assert uid.encode() in body
        assert APP_ID.encode() in body
    else:
        assert uid == OPENID
    kept = SocialAccount.objects.get(provider="qq").extra_data
    assert set(kept) <= {"nickname", "avatar", "unionid"}
    assert not kept["avatar"] or kept["avatar"].startswith("https://")
