import re
from typing import Any

import pytest

from consumer_site.sandbox.qq.persons import PERSONS
from tests.consumer.sandbox.visitor import APP_ID, CALLBACK, Visitor

pytestmark = pytest.mark.django_db


def test_default_answer_is_jsonp_with_exactly_qqs_blanks(visitor: Visitor) -> None:
    response = visitor.me(access_token=visitor.access_token())
    text = response.content.decode()
    assert re.fullmatch(r'callback\( \{"client_id":"100000001","openid":"[0-9A-F]{32}"\} \);\n', text)
    assert response["Content-Type"] == "text/html"


def test_json_answer_on_demand(visitor: Visitor) -> None:
    response = visitor.me(access_token=visitor.access_token(), fmt="json")
    assert list(response.json()) == ["client_id", "openid"]
    assert response["Content-Type"] == "application/json; charset=utf-8"


def test_openid_is_one_per_person_and_app_and_never_changes(visitor: Visitor, settings: Any) -> None:
    first = {key: visitor.openid(visitor.access_token(key)) for key in PERSONS}
    assert len(set(first.values())) == len(PERSONS)
    assert {key: visitor.openid(visitor.access_token(key)) for key in PERSONS} == first
    apps = settings.CONSUMER_SITE["SANDBOX"]["QQ_APPS"]
    apps["100000002"] = {"key": "other", "callbacks": [CALLBACK]}
    code = visitor.code(client_id="100000002")
    token = visitor.token(code=code, client_id="100000002", client_secret="other", need_openid="1").json()
    assert token["openid"] not in first.values()


def test_unionid_is_one_per_person_and_developer(visitor: Visitor, settings: Any, qq_app: dict[str, Any]) -> None:
    apps = settings.CONSUMER_SITE["SANDBOX"]["QQ_APPS"]
    qq_app["unionid"] = True
    seen = {}
    for app_id, developer in (("100000002", "developer"), ("100000003", "somebody else")):
        apps[app_id] = {"key": "other", "callbacks": [CALLBACK], "unionid": True, "developer": developer}
        token = visitor.token(code=visitor.code(client_id=app_id), client_id=app_id, client_secret="other").json()
        seen[app_id] = visitor.me(access_token=token["access_token"], unionid="1", fmt="json").json()["unionid"]
    own = visitor.me(access_token=visitor.access_token(), unionid="1", fmt="json").json()
    assert re.fullmatch("UID_[0-9A-F]{32}", own["unionid"])
    assert own["unionid"] == seen["100000002"]
    assert own["unionid"] != seen["100000003"]


def test_unionid_without_permission_is_refused_and_not_sent_unasked(visitor: Visitor, qq_app: dict[str, Any]) -> None:
    token = visitor.access_token()
    refusal = visitor.me(access_token=token, unionid="1").content.decode()
    assert refusal == 'callback( {"error":100048,"error_description":"companyid not set"} );\n'
    qq_app["unionid"] = True
    assert "unionid" not in visitor.me(access_token=token, fmt="json").json()


@pytest.mark.parametrize(
    ("token", "code", "words"),
    [
        (None, 100007, "param access token is wrong or lost "),
        ("invalid", 100013, "access token is illegal"),
        ("A" * 32, 100016, "access token check failed"),
    ],
)
def test_bad_token_has_its_code(visitor: Visitor, token: str | None, code: int, words: str) -> None:
    assert visitor.me(access_token=token, fmt="json").json() == {"error": code, "error_description": words}


@pytest.mark.parametrize(("action", "code"), [("expire", 100014), ("withdraw", 100015)])
def test_dead_token_has_its_code(visitor: Visitor, action: str, code: int) -> None:
    token = visitor.access_token()
    visitor.plan(action=action)
    assert visitor.me(access_token=token, fmt="json").json()["error"] == code
    assert visitor.profile(token, openid="A" * 32).json()["ret"] == code


def test_token_of_an_app_that_is_gone_says_so(visitor: Visitor, settings: Any) -> None:
    token = visitor.access_token()
    del settings.CONSUMER_SITE["SANDBOX"]["QQ_APPS"][APP_ID]
    assert visitor.me(access_token=token, fmt="json").json()["error"] == 100008
