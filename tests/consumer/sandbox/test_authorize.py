from typing import Any

import pytest
from django.test import Client

from consumer_site.sandbox.models import Code
from consumer_site.sandbox.qq.persons import PERSONS
from tests.consumer.sandbox.visitor import APP_ID, BASE, CALLBACK, Visitor, query_of

pytestmark = pytest.mark.django_db


NOTICE = {"en": "This is not QQ: an emulator on this machine", "zh-hans": "这不是 QQ：本机模拟器"}


@pytest.mark.parametrize("language", list(NOTICE))
def test_page_says_at_its_top_in_both_languages_that_it_is_an_emulator(visitor: Visitor, language: str) -> None:
    page = visitor.client.get(visitor.authorize_address(), headers={"accept-language": language}).content.decode()
    body = page.split("<body>")[1]
    assert body.index(NOTICE[language]) < body.index("<h1>")
    assert f'<html lang="{language}"' in page


def test_page_offers_every_test_person_and_the_scope(visitor: Visitor) -> None:
    page = visitor.client.get(visitor.authorize_address()).content.decode()
    for key in PERSONS:
        assert f'value="{key}"' in page
    assert "<code>get_user_info</code>" in page
    assert "&lt;b&gt;O&#x27;Neil&lt;/b&gt;" in page


def test_page_brings_its_own_policy_that_lets_the_form_end_at_the_callback(visitor: Visitor) -> None:
    policy = visitor.client.get(visitor.authorize_address())["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self' http://127.0.0.1:8000" in policy


def test_allowing_returns_code_and_state(visitor: Visitor) -> None:
    response = visitor.decide()
    assert response.status_code == 302
    assert response["Location"].startswith(CALLBACK + "?code=")
    assert list(query_of(response["Location"])) == ["code", "state"]
    assert query_of(response["Location"])["state"] == "the-state"


def test_callback_with_a_query_keeps_it(visitor: Visitor, qq_app: dict[str, Any]) -> None:
    qq_app["callbacks"] = [CALLBACK + "?next=1"]
    location = visitor.decide(redirect_uri=CALLBACK + "?next=1")["Location"]
    assert list(query_of(location)) == ["next", "code", "state"]


def test_refusing_on_a_computer_returns_nothing(visitor: Visitor) -> None:
    response = visitor.decide("refuse")
    assert response.status_code == 200
    assert "close this page" in response.content.decode()
    assert not Code.objects.exists()


def test_refusing_on_a_phone_returns_usercancel_and_state(visitor: Visitor) -> None:
    assert visitor.decide("refuse", display="mobile")["Location"] == CALLBACK + "?usercancel=1&state=the-state"


def test_answer_without_a_person_asks_again(visitor: Visitor) -> None:
    response = visitor.decide(person="nobody")
    assert response.status_code == 400
    assert 'role="alert"' in response.content.decode()


def test_scope_that_no_database_can_hold_is_left_out(visitor: Visitor) -> None:
    visitor.decide(scope="list_album,nul\0nul")
    assert Code.objects.get().scope == "list_album"


def test_form_without_csrf_token_is_refused(db: None) -> None:
    strict = Visitor(Client(enforce_csrf_checks=True))
    assert strict.decide().status_code == 403
    assert not Code.objects.exists()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"response_type": None}, 100000),
        ({"response_type": "token"}, 100000),
        ({"client_id": None}, 100001),
        ({"client_id": "123"}, 100008),
        ({"redirect_uri": None}, 100010),
        ({"redirect_uri": CALLBACK + "x"}, 100010),
        ({"redirect_uri": "https://evil.example/"}, 100010),
        ({"redirect_uri": CALLBACK.replace(":", "%3A")}, 100010),
        ({"state": None}, 100029),
    ],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_wrong_request_ends_at_qqs_error_page(
    visitor: Visitor, method: str, changes: dict[str, str | None], code: int
) -> None:
    response = getattr(visitor.client, method)(visitor.authorize_address(**changes))
    assert response["Location"].startswith(f"{BASE}/oauth2.0/show?which=error&display=pc&error={code}&")
    page = visitor.client.get(response["Location"])
    assert page.status_code == 200
    assert f"({code})" in page.content.decode()


def test_error_page_keeps_the_clients_parameters_in_qqs_order(visitor: Visitor) -> None:
    location = visitor.client.get(visitor.authorize_address(redirect_uri="http://x/", display="mobile"))["Location"]
    assert list(query_of(location)) == [
        *("which", "display", "error", "response_type", "client_id", "redirect_uri", "state")
    ]
    assert "display=mobile&error=100010" in location


@pytest.mark.parametrize("query", ["", "which=error", "which=error&error=x", "which=error&error=7", "which=Login"])
def test_error_page_without_a_known_code_is_not_found(visitor: Visitor, query: str) -> None:
    assert visitor.client.get(f"{BASE}/oauth2.0/show?{query}").status_code == 404


def test_app_before_review_lets_only_its_testers_in(visitor: Visitor, qq_app: dict[str, Any]) -> None:
    qq_app.update(online=False, testers=["twin"])
    assert "error=100011" in visitor.decide(person="penguin")["Location"]
    assert visitor.decide(person="twin")["Location"].startswith(CALLBACK)


def test_strict_app_refuses_what_could_not_be_registered(visitor: Visitor, qq_app: dict[str, Any]) -> None:
    qq_app["strict"] = True
    assert "error=100010" in visitor.decide()["Location"]
    qq_app["callbacks"] = "https://app.example.com/callback/;https://www.example.com/callback/"
    accepted = visitor.decide(redirect_uri="https://www.example.com/callback/")["Location"]
    assert accepted.startswith("https://www.example.com/callback/?code=")


def test_planned_answers_of_the_authorization_endpoint(visitor: Visitor) -> None:
    visitor.plan(endpoint="authorize", kind="error", number=100008)
    assert "error=100008" in visitor.client.get(visitor.authorize_address())["Location"]
    visitor.plan(endpoint="authorize", kind="no_code")
    assert visitor.decide()["Location"] == CALLBACK + "?state=the-state"
    visitor.plan(endpoint="authorize", kind="wrong_state")
    assert query_of(visitor.decide()["Location"])["state"] == "not-the-state"
    assert query_of(visitor.decide()["Location"])["state"] == "the-state"
    assert Code.objects.filter(app_id=APP_ID).count() == 2


@pytest.mark.parametrize(
    ("display", "told"),
    [("mobile", {"usercancel": "1", "state": "the-state"}), ("pc", None)],
)
def test_refusal_without_a_page_is_the_device_s_own(
    visitor: Visitor, display: str, told: dict[str, str] | None
) -> None:
    visitor.plan(endpoint="authorize", kind="refuse")
    response = visitor.client.get(visitor.authorize_address(display=display))
    assert (query_of(response["Location"]) if response.status_code == 302 else None) == told


def test_permission_without_a_page_obeys_the_review(visitor: Visitor, qq_app: dict[str, Any]) -> None:
    visitor.plan(endpoint="authorize", kind="allow_as", person="emoji", times=2)
    location = visitor.client.get(visitor.authorize_address())["Location"]
    token = visitor.token(code=query_of(location)["code"]).json()["access_token"]
    assert visitor.profile(token).json()["nickname"].startswith("🐧")
    qq_app["online"] = False
    assert "error=100011" in visitor.client.get(visitor.authorize_address())["Location"]
