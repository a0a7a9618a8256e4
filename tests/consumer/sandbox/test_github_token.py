import json
import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
from django.utils import timezone

from consumer_site.sandbox.models import Code, Token
from tests.consumer.sandbox.github_visitor import BASE, GITHUB_APP, OAUTH_APP, SECRET, GitHubVisitor
from tests.consumer.sandbox.visitor import CALLBACK

pytestmark = pytest.mark.django_db
# RFC 7636, appendix B.
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
TOKEN = "gho_[A-Za-z0-9]{36}"


def test_answer_is_form_encoded_by_default(octo: GitHubVisitor) -> None:
    response = octo.token(accept="*/*")
    text = response.content.decode()
    assert re.fullmatch(f"access_token={TOKEN}&scope=read%3Auser%2Cuser%3Aemail&token_type=bearer", text)
    assert response["Content-Type"] == "application/x-www-form-urlencoded; charset=utf-8"


def test_answer_is_json_or_xml_where_accepted(octo: GitHubVisitor) -> None:
    answer = octo.token()
    assert answer["Content-Type"] == "application/json; charset=utf-8"
    assert list(answer.json()) == ["access_token", "scope", "token_type"]
    assert answer.json()["scope"] == "read:user,user:email"
    xml = octo.token(accept="application/xml").content.decode()
    assert re.search(f"<OAuth><access_token>{TOKEN}</access_token>", xml)


def test_parameters_may_be_json(octo: GitHubVisitor) -> None:
    sent = {"client_id": OAUTH_APP, "client_secret": SECRET, "code": octo.told()["code"]}
    answer = octo.client.post(f"{BASE}/login/oauth/access_token", json.dumps(sent), content_type="application/json")
    assert answer.content.startswith(b"access_token=")
    broken = octo.client.post(f"{BASE}/login/oauth/access_token", "{", content_type="application/json")
    assert broken.status_code == 400


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_secret": None}, "incorrect_client_credentials"),
        ({"client_secret": "wrong"}, "incorrect_client_credentials"),
        ({"code": None}, "bad_verification_code"),
        ({"code": "0" * 20}, "bad_verification_code"),
        ({"redirect_uri": "https://evil.example/"}, "redirect_uri_mismatch"),
        ({"code_verifier": VERIFIER}, "bad_verification_code"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "refresh_token", "refresh_token": "ghr_x"}, "bad_refresh_token"),
    ],
)
def test_each_fault_is_http_200_with_its_error_and_leaves_the_code_good(
    octo: GitHubVisitor, changes: dict[str, str | None], error: str
) -> None:
    good = octo.told()["code"]
    answer = octo.token(**({"code": good} | changes))
    assert answer.status_code == 200
    assert set(answer.json()) == {"error", "error_description", "error_uri"}
    assert answer.json()["error"] == error
    form = octo.token(accept="*/*", **({"code": good} | changes))
    assert parse_qs(form.content.decode())["error"] == [error]
    assert "access_token" in octo.token(code=good, redirect_uri=CALLBACK).json()


@pytest.mark.parametrize("client_id", [None, "unknown"])
def test_unknown_app_is_not_found(octo: GitHubVisitor, client_id: str | None) -> None:
    answer = octo.token(client_id=client_id)
    assert (answer.status_code, answer.json()) == (404, {"error": "Not Found"})


def test_get_is_not_found(octo: GitHubVisitor) -> None:
    assert octo.client.get(f"{BASE}/login/oauth/access_token").status_code == 404


def test_code_is_good_once_for_its_own_app_and_ten_minutes(octo: GitHubVisitor, octo_at_app: GitHubVisitor) -> None:
    code = octo.told()["code"]
    assert octo_at_app.token(code=code).json()["error"] == "bad_verification_code"
    assert "access_token" in octo.token(code=code).json()
    assert octo.token(code=code).json()["error"] == "bad_verification_code"
    late = octo.told()["code"]
    lives = Code.objects.get(used_at=None).expires_at - timezone.now()
    assert timedelta(minutes=9) < lives <= timedelta(minutes=10)
    Code.objects.filter(used_at=None).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert octo.token(code=late).json()["error"] == "bad_verification_code"


@pytest.mark.parametrize(
    ("verifier", "accepted"),
    [(VERIFIER, True), (VERIFIER[:-1] + "l", False), (CHALLENGE, False), (None, False)],
)
def test_verifier_is_compared_with_the_challenge(octo: GitHubVisitor, verifier: str | None, accepted: bool) -> None:
    code = octo.told(code_challenge=CHALLENGE, code_challenge_method="S256")["code"]
    answer = octo.token(code=code, code_verifier=verifier).json()
    assert ("access_token" in answer) is accepted
    assert accepted or answer["error"] == "bad_verification_code"


def test_oauth_app_s_token_does_not_expire(octo: GitHubVisitor) -> None:
    octo.token()
    row = Token.objects.get()
    assert row.expires_at is None
    assert row.refresh_digest is None


def test_github_app_s_token_expires_and_comes_with_a_refresh_token(octo_at_app: GitHubVisitor) -> None:
    answer = octo_at_app.token().json()
    assert re.fullmatch(r"ghu_[A-Za-z0-9]{36}", answer["access_token"])
    assert re.fullmatch(r"ghr_[A-Za-z0-9]{76}", answer["refresh_token"])
    assert (answer["expires_in"], answer["refresh_token_expires_in"]) == (28800, 15897600)
    assert (answer["scope"], answer["token_type"]) == ("", "bearer")


def test_github_app_may_choose_tokens_that_do_not_expire(
    octo_at_app: GitHubVisitor, github_apps: dict[str, dict[str, Any]]
) -> None:
    github_apps[GITHUB_APP]["expiring"] = False
    assert list(octo_at_app.token().json()) == ["access_token", "scope", "token_type"]


def refreshed(visitor: GitHubVisitor, refresh_token: str) -> dict[str, Any]:
    answer: dict[str, Any] = visitor.token(grant_type="refresh_token", refresh_token=refresh_token).json()
    return answer


def test_refresh_token_is_good_once_and_ends_the_old_access_token(octo_at_app: GitHubVisitor) -> None:
    first = octo_at_app.token().json()
    second = refreshed(octo_at_app, first["refresh_token"])
    assert second["access_token"] != first["access_token"]
    assert second["refresh_token"] != first["refresh_token"]
    assert octo_at_app.api("user", first["access_token"]).status_code == 401
    assert octo_at_app.api("user", second["access_token"]).status_code == 200
    assert refreshed(octo_at_app, first["refresh_token"])["error"] == "bad_refresh_token"
    assert "access_token" in refreshed(octo_at_app, second["refresh_token"])


@pytest.mark.parametrize("action", ["expire_refresh", "withdraw"])
def test_refresh_token_ends(octo_at_app: GitHubVisitor, action: str) -> None:
    token = octo_at_app.token().json()
    octo_at_app.plan(action=action)
    assert refreshed(octo_at_app, token["refresh_token"])["error"] == "bad_refresh_token"


def test_refresh_needs_the_secret(octo_at_app: GitHubVisitor) -> None:
    token = octo_at_app.token().json()
    answer = octo_at_app.token(
        grant_type="refresh_token", refresh_token=token["refresh_token"], client_secret=None
    ).json()
    assert answer["error"] == "incorrect_client_credentials"


@pytest.mark.parametrize("endpoint", ["token", "refresh"])
def test_endpoint_can_misbehave(octo_at_app: GitHubVisitor, endpoint: str) -> None:
    refresh = {"grant_type": "refresh_token", "refresh_token": octo_at_app.token().json()["refresh_token"]}
    plans: list[tuple[dict[str, Any], int, set[str] | None]] = [
        ({"kind": "error", "error": "unverified_user_email"}, 200, {"error", "error_description", "error_uri"}),
        ({"kind": "status", "number": 503}, 503, {"error"}),
        ({"kind": "garbage"}, 200, None),
        ({"kind": "empty"}, 200, None),
        ({"kind": "truncated"}, 200, None),
        ({"kind": "html_page"}, 200, None),
        ({"kind": "server_error"}, 502, None),
    ]
    for fields, status, shape in plans:
        octo_at_app.plan(endpoint=endpoint, **fields)
        answer = octo_at_app.token(**(refresh if endpoint == "refresh" else {}))
        assert answer.status_code == status
        if shape is not None:
            assert set(answer.json()) == shape
            continue
        with pytest.raises(ValueError, match=r"."):
            json.loads(answer.content)


def test_fields_can_be_spoiled(octo_at_app: GitHubVisitor) -> None:
    octo_at_app.plan(endpoint="token", kind="string_expires")
    assert octo_at_app.token().json()["expires_in"] == "28800"
    octo_at_app.plan(endpoint="token", kind="no_refresh")
    assert "refresh_token" not in octo_at_app.token().json()
