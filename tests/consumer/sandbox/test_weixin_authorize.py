from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from consumer_site.sandbox.models import Code
from consumer_site.sandbox.weixin.persons import PERSONS
from tests.consumer.sandbox.visitor import CALLBACK, query_of
from tests.consumer.sandbox.weixin_visitor import INSIDE, WEBSITE, WECHAT, WeixinVisitor

pytestmark = pytest.mark.django_db


def test_website_gets_code_and_state(website: WeixinVisitor) -> None:
    page = website.see().content.decode()
    assert all(f'value="{key}"' in page for key in PERSONS)
    assert "<code>snsapi_login</code>" in page
    answer = website.decide()
    assert answer["Location"].startswith(CALLBACK + "?code=")
    assert query_of(answer["Location"])["state"] == "the-state"
    assert len(query_of(answer["Location"])["code"]) == 32


@pytest.mark.parametrize("where", ["website", "inside"])
def test_refusal_returns_the_state_alone(request: pytest.FixtureRequest, where: str) -> None:
    visitor: WeixinVisitor = request.getfixturevalue(where)
    assert visitor.decide("refuse")["Location"] == CALLBACK + "?state=the-state"


@pytest.mark.parametrize(("lang", "language"), [("en", "en"), ("cn", "zh-hans"), ("fr", "zh-hans"), (None, "zh-hans")])
def test_site_chooses_the_language_of_the_page(website: WeixinVisitor, lang: str | None, language: str) -> None:
    address = website.authorize_address(lang=lang)
    page = website.client.get(address, headers={"accept-language": "zh-hans"}).content.decode()
    assert f'<html lang="{language}"' in page


def test_who_is_known_is_told_to_the_emulator_s_own_pages_alone(website: WeixinVisitor) -> None:
    assert website.decide().cookies["sandbox_weixin_person"]["path"] == "/sandbox/weixin/connect/"


def test_no_state_comes_back_where_none_was_sent(website: WeixinVisitor) -> None:
    assert list(query_of(website.decide(state=None)["Location"])) == ["code"]


def test_code_lives_ten_minutes_for_a_website_and_five_inside(website: WeixinVisitor, inside: WeixinVisitor) -> None:
    website.code()
    inside.code()
    lives = {code.app_id: (code.expires_at - timezone.now()).total_seconds() for code in Code.objects.all()}
    assert 9 * 60 < lives[WEBSITE] <= 10 * 60
    assert 4 * 60 < lives[INSIDE] <= 5 * 60


@pytest.mark.parametrize(
    ("where", "changes", "code"),
    [
        ("website", {"appid": None}, 10012),
        ("website", {"appid": "wx1"}, 40013),
        ("website", {"appid": INSIDE}, 10005),
        ("website", {"redirect_uri": None}, 10011),
        ("website", {"redirect_uri": "https://evil.example/"}, 10003),
        ("website", {"redirect_uri": "https://127.0.0.1.evil.example/"}, 10003),
        ("website", {"redirect_uri": "http://127.0.0.1@evil.example/"}, 10003),
        ("website", {"redirect_uri": "http://www.127.0.0.1/"}, 10003),
        ("website", {"redirect_uri": "javascript:alert(1)"}, 10003),
        ("website", {"redirect_uri": CALLBACK + "\0"}, 10003),
        ("website", {"redirect_uri": CALLBACK + "x" * 2000}, 10003),
        ("website", {"scope": None}, 10010),
        ("website", {"scope": "snsapi_userinfo"}, 10005),
        ("website", {"response_type": "token"}, 10014),
        ("inside", {"appid": WEBSITE}, 10016),
        ("inside", {"scope": "snsapi_login"}, 10005),
        ("inside", {"redirect_uri": "https://evil.example/"}, 10003),
        ("inside", {"state": ""}, 10013),
        ("inside", {"state": "s" * 129}, 40078),
    ],
)
def test_wrong_request_ends_at_a_page_and_tells_the_site_nothing(
    request: pytest.FixtureRequest, where: str, changes: dict[str, str | None], code: int
) -> None:
    visitor: WeixinVisitor = request.getfixturevalue(where)
    for response in (visitor.see(**changes), visitor.decide(**changes)):
        assert response.status_code == 200
        assert f"错误码:{code}" in response.content.decode()
    assert not Code.objects.exists()


@pytest.mark.parametrize(
    ("query", "accepted"),
    [
        ("appid={app}&redirect_uri={to}&response_type=code&scope=snsapi_base&state=s", True),
        ("appid={app}&redirect_uri={to}&response_type=code&scope=snsapi_base", True),
        ("appid={app}&redirect_uri={to}&response_type=code&scope=snsapi_base&state=s&forcePopup=true", True),
        ("appid={app}&response_type=code&redirect_uri={to}&scope=snsapi_base&state=s", False),
        ("state=s&appid={app}&redirect_uri={to}&response_type=code&scope=snsapi_base", False),
    ],
)
def test_parameters_have_their_order_inside_wechat(client: Client, query: str, accepted: bool) -> None:
    address = "/sandbox/weixin/connect/oauth2/authorize?" + query.format(app=INSIDE, to=CALLBACK)
    page = client.get(address, headers={"user-agent": WECHAT}).content.decode()
    assert ("10038" not in page) is accepted
    assert ('name="person"' in page) is accepted


@pytest.mark.parametrize("agent", ["Mozilla/5.0 (iPhone) Mobile Safari/604.1", ""])
@pytest.mark.parametrize("method", ["get", "post"])
def test_other_browsers_are_turned_away_from_the_inside(inside: WeixinVisitor, agent: str, method: str) -> None:
    form = {"decision": "allow", "person": "zhangsan"} if method == "post" else None
    response = getattr(inside.client, method)(inside.authorize_address(), form, headers={"user-agent": agent})
    assert "请在微信客户端打开链接" in response.content.decode()
    assert not Code.objects.exists()


def test_base_scope_is_silent_for_somebody_known(inside: WeixinVisitor) -> None:
    assert inside.see(scope="snsapi_base").status_code == 200
    inside.decide(person="rtl")
    silent = inside.see(scope="snsapi_base")
    assert silent.status_code == 302
    token = inside.token(code=query_of(silent["Location"])["code"])
    assert token["openid"] == inside.token(code=inside.code("rtl"))["openid"]
    assert inside.see(scope="snsapi_userinfo").status_code == 200


def test_port_is_free_in_development_and_forbidden_when_strict(
    website: WeixinVisitor, weixin_app: dict[str, Any]
) -> None:
    weixin_app["domains"] = "www.example.com;app.example.com:8443"
    for accepted in ("https://www.example.com:8443/a", "https://app.example.com:8443/", "http://www.example.com/"):
        assert website.decide(redirect_uri=accepted)["Location"].startswith(accepted)
    for refused in ("https://app.example.com/", "https://example.com/", "https://a.www.example.com/"):
        assert "10003" in website.see(redirect_uri=refused).content.decode()
    weixin_app["strict"] = True
    assert "10003" in website.see(redirect_uri="https://www.example.com:8443/a").content.decode()
    assert "10003" in website.see(redirect_uri="https://app.example.com:8443/").content.decode()
    assert website.see(redirect_uri="https://www.example.com/a").status_code == 200


def test_strict_app_registers_no_address_of_this_machine(website: WeixinVisitor, weixin_app: dict[str, Any]) -> None:
    weixin_app["strict"] = True
    assert "10003" in website.see(redirect_uri="http://127.0.0.1/").content.decode()


def test_app_before_review_lets_nobody_in(website: WeixinVisitor, weixin_app: dict[str, Any]) -> None:
    weixin_app["online"] = False
    assert "错误码:10002" in website.decide().content.decode()


@pytest.mark.parametrize(
    ("fields", "status", "told"),
    [
        ({"kind": "error", "number": 10003}, 200, {}),
        ({"kind": "refuse"}, 302, {"state": "the-state"}),
        ({"kind": "allow_as", "person": "emoji"}, 302, {"state": "the-state", "code": "any"}),
    ],
)
def test_page_can_be_spared(website: WeixinVisitor, fields: dict[str, Any], status: int, told: dict[str, str]) -> None:
    assert website.plan(endpoint="authorize", **fields).status_code == 303
    response = website.see()
    assert response.status_code == status
    if told:
        assert set(query_of(response["Location"])) == set(told)
    assert website.see().status_code == 200


def test_callback_can_be_spoiled(website: WeixinVisitor) -> None:
    website.plan(endpoint="authorize", kind="no_code")
    assert website.decide()["Location"] == CALLBACK + "?state=the-state"
    website.plan(endpoint="authorize", kind="wrong_state")
    assert query_of(website.decide()["Location"])["state"] == "not-the-state"


def test_scope_named_again_and_again_is_one(website: WeixinVisitor) -> None:
    website.decide(scope=",".join(["snsapi_login"] * 100))
    assert Code.objects.get().scope == "snsapi_login"


def test_form_without_csrf_token_is_refused(db: None) -> None:
    strict = WeixinVisitor(Client(enforce_csrf_checks=True))
    assert strict.decide().status_code == 403
    assert not Code.objects.exists()
