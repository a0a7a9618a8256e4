import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from consumer_site.sandbox.models import Code, Token
from tests.consumer.sandbox.visitor import APP_ID, CALLBACK, KEY, Visitor

pytestmark = pytest.mark.django_db
SIZE = "[0-9A-F]{32}"


def error_of(response: Any) -> Any:
    assert response.status_code == 200
    return response.json()["error"]


def test_default_answer_is_urlencoded(visitor: Visitor) -> None:
    response = visitor.token(fmt=None)
    text = response.content.decode()
    assert re.fullmatch(f"access_token={SIZE}&expires_in=5184000&refresh_token={SIZE}", text)
    assert response["Content-Type"] == "text/html"


def test_json_answer_has_a_string_lifetime(visitor: Visitor, qq_app: dict[str, Any]) -> None:
    qq_app["lifetime"] = 7776000
    text = visitor.token().content.decode()
    assert re.fullmatch(
        f'{{"access_token":"{SIZE}","expires_in":"7776000","refresh_token":"{SIZE}"}}',
        text,
    )


def test_openid_comes_along_on_demand(visitor: Visitor) -> None:
    answer = visitor.token(need_openid="1").json()
    assert answer["openid"] == visitor.openid(answer["access_token"])


def test_posted_form_is_answered_like_a_query(visitor: Visitor) -> None:
    form = {
        "grant_type": "authorization_code",
        "client_id": APP_ID,
        "client_secret": KEY,
        "code": visitor.code(),
        "redirect_uri": CALLBACK,
    }
    response = visitor.client.post("/sandbox/qq/oauth2.0/token", form)
    assert response.content.startswith(b"access_token=")


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"grant_type": None}, 100004, "param grant_type is wrong or lost "),
        ({"grant_type": "password"}, 100004, "param grant_type is wrong or lost "),
        ({"client_id": None}, 100001, "param client_id is wrong or lost "),
        ({"client_secret": None}, 100002, "param client_secret is wrong or lost "),
        ({"client_id": "123"}, 100008, "client request's app is not existed"),
        ({"client_secret": "wrong"}, 100009, "client secret is illegal"),
        ({"code": None}, 100005, "param code is wrong or lost "),
        ({"redirect_uri": None}, 100010, "redirect uri is illegal"),
        ({"redirect_uri": CALLBACK + "x"}, 100010, "redirect uri is illegal"),
        ({"code": "0" * 32}, 100019, "code to access token error"),
        ({"code": "汉字"}, 100019, "code to access token error"),
    ],
)
def test_each_fault_has_its_code_and_jsonp_without_fmt(
    visitor: Visitor, changes: dict[str, str | None], code: int, words: str
) -> None:
    sent = {"code": visitor.code()} | changes
    assert visitor.token(**sent).json() == {"error": code, "error_description": words}
    jsonp = visitor.token(**sent, fmt=None).content.decode()
    assert jsonp == f'callback( {{"error":{code},"error_description":"{words}"}} );\n'


def test_other_methods_are_bad_requests(visitor: Visitor) -> None:
    assert error_of(visitor.client.put("/sandbox/qq/oauth2.0/token?fmt=json")) == 100029


def test_code_is_good_once(visitor: Visitor) -> None:
    code = visitor.code()
    assert "access_token" in visitor.token(code=code).json()
    assert error_of(visitor.token(code=code)) == 100020
    assert Token.objects.count() == 1


def test_wrong_callback_does_not_burn_the_code(visitor: Visitor) -> None:
    code = visitor.code()
    assert error_of(visitor.token(code=code, redirect_uri="https://evil.example/")) == 100010
    assert "access_token" in visitor.token(code=code).json()


def test_code_lives_ten_minutes(visitor: Visitor) -> None:
    code = visitor.code()
    row = Code.objects.get()
    assert timedelta(minutes=9) < row.expires_at - timezone.now() <= timedelta(minutes=10)
    Code.objects.update(expires_at=timezone.now())
    assert error_of(visitor.token(code=code)) == 100019


def test_code_of_another_app_is_unknown(visitor: Visitor, settings: Any) -> None:
    apps = settings.CONSUMER_SITE["SANDBOX"]["QQ_APPS"]
    apps["100000002"] = {"key": "other", "callbacks": [CALLBACK]}
    code = visitor.code()
    assert error_of(visitor.token(code=code, client_id="100000002", client_secret="other")) == 100019


def test_refresh_token_is_good_once_and_each_answer_holds_a_new_one(visitor: Visitor) -> None:
    first = visitor.token().json()
    second = visitor.token(grant_type="refresh_token", refresh_token=first["refresh_token"]).json()
    assert set(second) == {"access_token", "expires_in", "refresh_token"}
    assert second["refresh_token"] != first["refresh_token"]
    assert visitor.openid(second["access_token"]) == visitor.openid(first["access_token"])
    again = visitor.token(grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert error_of(again) == 100022


@pytest.mark.parametrize(("value", "code"), [(None, 100006), ("0" * 32, 100022)])
def test_refresh_without_a_good_token_fails(visitor: Visitor, value: str | None, code: int) -> None:
    assert error_of(visitor.token(grant_type="refresh_token", refresh_token=value)) == code


def test_refresh_after_withdrawal_fails_otherwise(visitor: Visitor) -> None:
    refresh_token = visitor.token().json()["refresh_token"]
    visitor.plan(action="withdraw")
    assert error_of(visitor.token(grant_type="refresh_token", refresh_token=refresh_token)) == 100021


def test_nothing_secret_is_stored_in_clear(visitor: Visitor) -> None:
    code = visitor.code()
    answer = visitor.token(code=code).json()
    rows = json.dumps([*Code.objects.values(), *Token.objects.values()], default=str)
    for secret in (code, answer["access_token"], answer["refresh_token"], KEY):
        assert secret not in rows


def test_plan_for_refreshes_spares_the_sign_in_before(visitor: Visitor) -> None:
    visitor.plan(endpoint="refresh", kind="error", number=100022)
    token = visitor.token().json()
    again = {"grant_type": "refresh_token", "refresh_token": token["refresh_token"]}
    assert error_of(visitor.token(**again)) == 100022
    assert "access_token" in visitor.token(**again).json()


def test_refresh_token_can_be_let_expire(visitor: Visitor) -> None:
    token = visitor.token().json()
    visitor.plan(action="expire_refresh")
    assert error_of(visitor.token(grant_type="refresh_token", refresh_token=token["refresh_token"])) == 100022
