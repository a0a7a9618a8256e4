import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from consumer_site.sandbox.models import Code, Token
from consumer_site.sandbox.weixin.persons import PERSONS
from tests.consumer.sandbox.weixin_visitor import BASE, INSIDE, SECRET, WEBSITE, WeixinVisitor

pytestmark = pytest.mark.django_db


def error_of(answer: dict[str, Any]) -> int:
    assert set(answer) == {"errcode", "errmsg"}
    assert re.search(r", rid: \w{8}-\w{8}-\w{8}$", answer["errmsg"])
    code: int = answer["errcode"]
    return code


def end(**times: Any) -> None:
    assert Token.objects.update(**times) == 1


def past() -> Any:
    return timezone.now() - timedelta(seconds=1)


def test_token_has_wechats_fields_in_wechats_types(website: WeixinVisitor) -> None:
    answer = website.token()
    assert list(answer) == ["access_token", "expires_in", "refresh_token", "openid", "scope", "unionid"]
    assert answer["expires_in"] == 7200
    assert re.fullmatch(r"o[A-Za-z0-9]{27}", answer["openid"])
    assert answer["scope"] == "snsapi_login"


def test_answers_are_plain_text_without_charset(website: WeixinVisitor, weixin_app: dict[str, Any]) -> None:
    token = website.token()
    response = website.get("sns/userinfo", access_token=token["access_token"], openid=token["openid"])
    assert response["Content-Type"] == "text/plain"
    assert '"nickname":"张三"'.encode() in response.content
    assert b'"headimgurl":"http:\\/\\/testserver\\/sandbox\\/weixin\\/mmopen\\/' in response.content
    weixin_app["content_type"] = "application/json; encoding=utf-8"
    response = website.get("sns/auth", access_token=token["access_token"], openid=token["openid"])
    assert response["Content-Type"] == "application/json; encoding=utf-8"


def test_posted_form_is_answered_like_a_query(website: WeixinVisitor) -> None:
    form = {"appid": WEBSITE, "secret": SECRET, "code": website.code(), "grant_type": "authorization_code"}
    assert "openid" in json.loads(website.client.post(f"{BASE}/sns/oauth2/access_token", form).content)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"appid": None}, 41002),
        ({"secret": None}, 41004),
        ({"appid": "wx1"}, 40013),
        ({"secret": "wrong"}, 40125),
        ({"secret": "密"}, 40125),
        ({"code": None}, 41008),
        ({"grant_type": None}, 40002),
        ({"grant_type": "refresh_token"}, 40002),
        ({"code": "0" * 32}, 40029),
        ({"code": "汉字"}, 40029),
    ],
)
def test_each_fault_of_the_exchange_has_its_code_and_leaves_the_code_good(
    website: WeixinVisitor, changes: dict[str, str | None], code: int
) -> None:
    good = website.code()
    assert error_of(website.token(**({"code": good} | changes))) == code
    assert "access_token" in website.token(code=good)


def test_code_is_good_once_for_its_own_app_and_while_it_lives(website: WeixinVisitor, inside: WeixinVisitor) -> None:
    code = website.code()
    assert error_of(inside.token(code=code)) == 40029
    assert "access_token" in website.token(code=code)
    assert error_of(website.token(code=code)) == 40163
    late = website.code()
    Code.objects.filter(used_at=None).update(expires_at=past())
    assert error_of(website.token(code=late)) == 42003


def test_refresh_prolongs_a_living_token_and_replaces_an_expired_one(website: WeixinVisitor) -> None:
    first = website.token()
    end(expires_at=timezone.now() + timedelta(seconds=60))
    same = website.refresh(first["refresh_token"])
    assert same == {name: first[name] for name in ("access_token", "expires_in", "refresh_token", "openid", "scope")}
    assert Token.objects.get().expires_at > timezone.now() + timedelta(seconds=7000)  # type: ignore[operator]
    end(expires_at=past())
    assert error_of(website.profile(first)) == 42001
    second = website.refresh(first["refresh_token"])
    assert second["access_token"] != first["access_token"]
    # WeChat does not rotate: the refresh token is good for its 30 days.
    assert second["refresh_token"] == first["refresh_token"]
    assert website.profile(second)["nickname"] == "张三"
    assert error_of(website.profile(first)) == 40001


def test_refresh_token_lives_thirty_days_from_the_sign_in(website: WeixinVisitor) -> None:
    token = website.token()
    ends = Token.objects.get().refresh_expires_at
    assert ends is not None
    assert timedelta(days=29) < ends - timezone.now() <= timedelta(days=30)
    website.refresh(token["refresh_token"])
    assert Token.objects.get().refresh_expires_at == ends
    website.plan(action="expire_refresh")
    assert error_of(website.refresh(token["refresh_token"])) == 42002


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"appid": None}, 41002),
        ({"appid": "wx1"}, 40013),
        ({"appid": INSIDE}, 40030),
        ({"refresh_token": None}, 41003),
        ({"refresh_token": "nonsense"}, 40030),
        ({"grant_type": "authorization_code"}, 40002),
    ],
)
def test_each_fault_of_a_refresh_has_its_code(
    website: WeixinVisitor, changes: dict[str, str | None], code: int
) -> None:
    sent = {"refresh_token": website.token()["refresh_token"]} | changes
    assert error_of(website.refresh(sent.pop("refresh_token"), **sent)) == code


@pytest.mark.parametrize("path", ["sns/userinfo", "sns/auth"])
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"access_token": None}, 41001),
        ({"openid": None}, 41009),
        ({"access_token": "nonsense"}, 40001),
        ({"openid": "o" * 28}, 40003),
    ],
)
def test_each_fault_of_a_call_has_its_code(
    website: WeixinVisitor, path: str, changes: dict[str, str | None], code: int
) -> None:
    assert error_of(website.profile(website.token(), path, **changes)) == code


def test_token_can_be_checked(website: WeixinVisitor) -> None:
    assert website.profile(website.token(), "sns/auth") == {"errcode": 0, "errmsg": "ok"}


def test_base_scope_gives_no_profile_and_no_unionid(inside: WeixinVisitor) -> None:
    token = inside.token(code=inside.code(scope="snsapi_base"))
    assert "unionid" not in token
    assert error_of(inside.profile(token)) == 48001


def test_withdrawal_ends_both_tokens(website: WeixinVisitor) -> None:
    token = website.token()
    website.plan(action="withdraw")
    assert error_of(website.profile(token)) == 40001
    assert error_of(website.refresh(token["refresh_token"])) == 42007


def test_openid_is_one_per_person_and_app_and_unionid_one_per_developer(
    website: WeixinVisitor, inside: WeixinVisitor, weixin_app: dict[str, Any]
) -> None:
    at_website = {key: website.token(code=website.code(key)) for key in PERSONS}
    at_inside = {key: inside.token(code=inside.code(key)) for key in PERSONS}
    openids = {token["openid"] for token in (*at_website.values(), *at_inside.values())}
    assert len(openids) == 2 * len(PERSONS)
    assert {key: token["unionid"] for key, token in at_website.items()} == {
        key: token["unionid"] for key, token in at_inside.items()
    }
    weixin_app["developer"] = "somebody else"
    assert website.token()["unionid"] != at_inside["zhangsan"]["unionid"]
    weixin_app["unionid"] = False
    token = website.token()
    assert "unionid" not in token
    assert "unionid" not in website.profile(token)


@pytest.mark.parametrize(
    ("person", "nickname"),
    [
        ("placeholder", "微信用户"),
        ("rtl", "محمد الطيّار"),
        ("latin", "José Ángel \\u5f20"),
        ("markup", '<b>O\'Neil</b> & "引号"'),
        ("blank", ""),
    ],
)
def test_nickname_survives_as_it_is(website: WeixinVisitor, person: str, nickname: str) -> None:
    assert website.profile(website.token(code=website.code(person)))["nickname"] == nickname


def test_picture_is_at_an_http_address_of_the_person(website: WeixinVisitor) -> None:
    token = website.token()
    address = website.profile(token)["headimgurl"]
    assert address.startswith("http://testserver/")
    assert token["openid"] in address
    assert website.client.get(address)["Content-Type"] == "image/png"
    assert website.client.get(address.removesuffix("132") + "0").status_code == 200
    assert website.client.get(address.removesuffix("132") + "133").status_code == 404
    assert website.client.get(address.replace("mmopen/", "mmopen/x")).status_code == 404
    assert website.profile(website.token(code=website.code("faceless")))["headimgurl"] == ""


@pytest.mark.parametrize(
    ("endpoint", "kind", "changed"),
    [
        ("token", "string_expires", {"expires_in": "7200"}),
        ("token", "no_openid", {"openid": None}),
        ("token", "no_unionid", {"unionid": None}),
        ("token", "no_refresh", {"refresh_token": None}),
        ("token", "snapshot", {"is_snapshotuser": 1}),
        ("profile", "no_openid", {"openid": None}),
        ("profile", "no_unionid", {"unionid": None}),
        ("profile", "foreign_person", {"openid": "o" + "0" * 27}),
    ],
)
def test_single_fields_can_be_spoiled(
    website: WeixinVisitor, endpoint: str, kind: str, changed: dict[str, Any]
) -> None:
    token = website.token()
    website.plan(endpoint=endpoint, kind=kind)
    answer = website.token() if endpoint == "token" else website.profile(token)
    assert {name: answer.get(name) for name in changed} == changed


@pytest.mark.parametrize("endpoint", ["token", "refresh", "profile", "auth"])
def test_every_endpoint_can_misbehave(website: WeixinVisitor, endpoint: str) -> None:
    token = website.token()
    openid = {"access_token": token["access_token"], "openid": token["openid"]}
    path, query = {
        "token": ("sns/oauth2/access_token", {"secret": SECRET, "grant_type": "authorization_code"}),
        "refresh": (
            "sns/oauth2/refresh_token",
            {"refresh_token": token["refresh_token"], "grant_type": "refresh_token"},
        ),
        "profile": ("sns/userinfo", openid),
        "auth": ("sns/auth", openid),
    }[endpoint]
    for kind in ("error", "garbage", "empty", "truncated", "html_page", "server_error", "html_type"):
        code = {"code": website.code()} if endpoint == "token" else {}
        website.plan(endpoint=endpoint, kind=kind, number=45011)
        spoiled = website.get(path, appid=WEBSITE, **query, **code)
        assert spoiled.status_code == (502 if kind == "server_error" else 200)
        if kind == "error":
            assert error_of(json.loads(spoiled.content)) == 45011
        elif kind == "html_type":
            assert spoiled["Content-Type"] == "text/html"
            json.loads(spoiled.content)
        else:
            with pytest.raises(ValueError, match=r"."):
                json.loads(spoiled.content)
