import json
from typing import Any

import pytest
from django.test import Client

from consumer_site.sandbox import turns
from consumer_site.sandbox.models import Behaviour
from consumer_site.sandbox.services import SERVICES
from tests.consumer.sandbox.github_visitor import OAUTH_APP, GitHubVisitor
from tests.consumer.sandbox.visitor import APP_ID, BASE, Visitor

pytestmark = pytest.mark.django_db


def test_planned_error_comes_once_and_leaves_the_code_good(visitor: Visitor) -> None:
    code = visitor.code()
    assert visitor.plan(endpoint="token", kind="error", number=100021).status_code == 303
    assert visitor.token(code=code).json()["error"] == 100021
    assert "access_token" in visitor.token(code=code).json()


def test_plan_holds_as_often_as_asked_and_only_for_its_endpoint(visitor: Visitor) -> None:
    visitor.plan(endpoint="profile", kind="error", number=13002, times=2)
    token = visitor.access_token()
    answers = [visitor.profile(token).json() for _ in range(3)]
    assert [answer["ret"] for answer in answers] == [13002, 13002, 0]
    assert answers[0]["msg"] == "get qq info err"


def test_old_errors_are_code_and_msg(visitor: Visitor) -> None:
    visitor.plan(endpoint="token", kind="old_error", number=100020, times=2)
    assert visitor.token(fmt=None).content == b"code=100020&msg=code+is+reused+error"
    assert visitor.token().json() == {"code": 100020, "msg": "code is reused error"}


@pytest.mark.parametrize("endpoint", ["token", "me", "profile"])
@pytest.mark.parametrize(
    ("kind", "status", "is_json"),
    [
        ("garbage", 200, False),
        ("empty", 200, False),
        ("truncated", 200, False),
        ("html_page", 200, False),
        ("server_error", 502, False),
        ("html_type", 200, True),
    ],
)
def test_whole_answers_can_be_spoiled(visitor: Visitor, endpoint: str, kind: str, status: int, is_json: bool) -> None:
    token = visitor.access_token()
    openid = visitor.openid(token)
    visitor.plan(endpoint=endpoint, kind=kind)
    response: Any = {
        "token": visitor.token,
        "me": lambda: visitor.me(access_token=token, fmt="json"),
        "profile": lambda: visitor.profile(token, openid=openid),
    }[endpoint]()
    assert response.status_code == status
    assert response["Content-Type"] == ("application/json; charset=utf-8" if kind == "truncated" else "text/html")
    if is_json:
        json.loads(response.content.decode())
    else:
        with pytest.raises(ValueError, match=r"."):
            json.loads(response.content)


def test_single_fields_can_be_spoiled(visitor: Visitor, qq_app: dict[str, Any]) -> None:
    qq_app["unionid"] = True
    visitor.plan(endpoint="token", kind="number_expires")
    assert visitor.token().json()["expires_in"] == 5184000
    token = visitor.access_token()
    for kind in ("no_openid", "no_unionid", "foreign_client"):
        visitor.plan(endpoint="me", kind=kind)
    answers = [visitor.me(access_token=token, unionid="1", fmt="json").json() for _ in range(4)]
    assert [set(answer) for answer in answers] == [
        {"client_id", "unionid"},
        {"client_id", "openid"},
        {"client_id", "openid", "unionid"},
        {"client_id", "openid", "unionid"},
    ]
    assert [answer["client_id"] for answer in answers] == [APP_ID, APP_ID, "999999999", APP_ID]


def test_pictures_can_be_spoiled(visitor: Visitor) -> None:
    address = visitor.profile(visitor.access_token()).json()["figureurl_qq_2"]
    visitor.plan(endpoint="avatar", kind="html_page")
    assert visitor.client.get(address)["Content-Type"] == "text/html"
    assert visitor.client.get(address)["Content-Type"] == "image/png"


def test_slow_answer_waits_no_longer_than_the_bound(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(turns.time, "sleep", waited.append)
    Behaviour.objects.create(app_id=APP_ID, endpoint="token", kind="slow", number=9999)
    visitor.plan(endpoint="token", kind="slow", number=2)
    assert "access_token" in visitor.token().json()
    assert "access_token" in visitor.token().json()
    assert waited == [turns.LONGEST_DELAY, 2]


@pytest.mark.parametrize(
    "fields",
    [
        {"endpoint": "token", "kind": "no_openid"},
        {"endpoint": "nowhere", "kind": "error", "number": 1},
        {"endpoint": "token", "kind": "error"},
        {"endpoint": "token", "kind": "slow", "number": 61},
        {"endpoint": "token", "kind": "slow"},
        {"endpoint": "token", "kind": "empty", "times": 0},
        {"endpoint": "token", "kind": "status", "number": 404},
        {"endpoint": "authorize", "kind": "allow_as"},
        {"endpoint": "authorize", "kind": "allow_as", "person": "nobody"},
        {"endpoint": "emails", "kind": "empty"},
        {"app_id": "123", "action": "clear"},
        {"action": "explode"},
    ],
)
def test_plan_that_makes_no_sense_is_refused(visitor: Visitor, fields: dict[str, Any]) -> None:
    response = visitor.plan(**fields)
    assert response.status_code == 400
    assert 'role="alert"' in response.content.decode()
    assert not Behaviour.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"endpoint": "token", "kind": "error", "number": 1},
        {"endpoint": "token", "kind": "error", "error": "nonsense"},
        {"endpoint": "emails", "kind": "status", "number": 200},
        {"endpoint": "emails", "kind": "status"},
        {"endpoint": "me", "kind": "empty"},
    ],
)
def test_plan_that_makes_no_sense_at_github_is_refused(octo: GitHubVisitor, fields: dict[str, Any]) -> None:
    assert octo.plan(**fields).status_code == 400
    assert not Behaviour.objects.exists()


def test_every_kind_of_misbehaviour_is_possible_somewhere() -> None:
    possible = {kind for service in SERVICES.values() for kinds in service.possible.values() for kind in kinds}
    assert possible == set(Behaviour.Kind)


def test_plan_of_one_service_leaves_the_others_alone(visitor: Visitor, github_apps: dict[str, dict[str, Any]]) -> None:
    # Ids are each service's own: two may happen to be the same.
    github_apps[APP_ID] = github_apps[OAUTH_APP]
    octo = GitHubVisitor(visitor.client, APP_ID)
    octo.plan(endpoint="token", kind="empty")
    visitor.plan(endpoint="me", kind="empty")
    assert "access_token" in visitor.token().json()
    octo.plan(action="clear")
    assert [plan.service for plan in Behaviour.objects.all()] == ["qq"]


def test_plans_are_shown_and_can_be_forgotten(visitor: Visitor) -> None:
    visitor.plan(endpoint="me", kind="error", number=100016)
    assert "100016" in visitor.client.get(f"{BASE}/behaviour/").content.decode()
    visitor.plan(action="clear")
    assert not Behaviour.objects.exists()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 303),
        ({"origin": "http://testserver", "sec-fetch-site": "same-origin"}, 303),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
    ],
)
def test_pages_of_other_sites_cannot_plan(client: Client, headers: dict[str, str], status: int) -> None:
    form = {"app_id": APP_ID, "endpoint": "me", "kind": "empty"}
    assert client.post(f"{BASE}/behaviour/", form, headers=headers).status_code == status
    assert Behaviour.objects.exists() is (status == 303)
