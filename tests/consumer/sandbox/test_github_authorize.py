from typing import Any

import pytest

from consumer_site.sandbox.github.persons import PERSONS
from consumer_site.sandbox.models import Code
from consumer_site.sandbox.registration import is_below
from tests.consumer.sandbox.github_visitor import GITHUB_APP, OAUTH_APP, GitHubVisitor
from tests.consumer.sandbox.visitor import CALLBACK, query_of

pytestmark = pytest.mark.django_db
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_page_offers_every_person_and_each_scope_ticked(octo: GitHubVisitor) -> None:
    page = octo.client.get(octo.authorize_address()).content.decode()
    assert all(f'value="{key}"' in page for key in PERSONS)
    for scope in ("read:user", "user:email"):
        assert f'name="scope" value="{scope}" checked' in " ".join(page.split())


def test_allowing_returns_code_and_state(octo: GitHubVisitor) -> None:
    answer = octo.decide()
    assert answer["Location"].startswith(CALLBACK + "?code=")
    assert list(octo.told()) == ["code", "state"]
    assert list(octo.told(state=None)) == ["code"]


def test_refusal_is_told_with_words_and_state(octo: GitHubVisitor) -> None:
    assert octo.told("refuse") == {
        "error": "access_denied",
        "error_description": "The user has denied your application access.",
        "error_uri": "https://docs.github.com/apps/managing-oauth-apps/troubleshooting-authorization-request-errors/"
        "#access-denied",
        "state": "the-state",
    }


def test_suspended_app_is_told_so(octo: GitHubVisitor, github_apps: dict[str, dict[str, Any]]) -> None:
    github_apps[OAUTH_APP]["suspended"] = True
    location = octo.client.get(octo.authorize_address())["Location"]
    assert query_of(location)["error"] == "application_suspended"
    assert query_of(location)["state"] == "the-state"


def test_wrong_callback_is_never_gone_to_but_the_registered_one_is_told(octo: GitHubVisitor) -> None:
    location = octo.client.get(octo.authorize_address(redirect_uri="https://evil.example/"))["Location"]
    assert location.startswith(CALLBACK + "?error=redirect_uri_mismatch&")


@pytest.mark.parametrize("client_id", [None, "unknown"])
def test_unknown_app_is_not_found(octo: GitHubVisitor, client_id: str | None) -> None:
    answer = octo.client.get(octo.authorize_address(client_id=client_id))
    assert answer.status_code == 404
    assert "No app has this App ID." in answer.content.decode()


def test_callback_may_be_left_out(octo: GitHubVisitor) -> None:
    assert octo.decide(redirect_uri=None)["Location"].startswith(CALLBACK)


@pytest.mark.parametrize(
    ("registered", "callback", "accepted"),
    [
        ("http://example.com/path", "http://example.com/path", True),
        ("http://example.com/path", "http://example.com/path/subdir/other", True),
        ("http://example.com/path", "http://oauth.example.com/path", True),
        ("http://example.com/path", "http://oauth.example.com/path/subdir/other", True),
        ("http://example.com/path", "http://example.com/bar", False),
        ("http://example.com/path", "http://example.com/", False),
        ("http://example.com/path", "http://example.com:8080/path", False),
        ("http://example.com/path", "http://oauth.example.com:8080/path", False),
        ("http://example.com/path", "http://example.org", False),
        ("http://example.com/path", "https://example.com/path", False),
        ("http://example.com/path", "http://example.com/pathology", False),
        ("http://example.com/path", "http://example.com/path/../bar", False),
        ("http://example.com/path", "http://evil-example.com/path", False),
        ("http://example.com/path", "http://example.com@evil.example/path", False),
        ("http://127.0.0.1/path", "http://127.0.0.1:1234/path", True),
        ("http://127.0.0.1/path", "http://localhost:1234/path", False),
        ("http://127.0.0.1/path", "http://a.127.0.0.1/path", False),
        ("http://127.0.0.1/path", "http://127.0.0.1:port/path", False),
        ("http://example.com/path", "http://a; script-src 'unsafe-inline' .example.com/path", False),
        ("http://example.com/path", "http://例.example.com/path", True),
    ],
)
def test_rules_of_callbacks_are_those_of_githubs_documents(registered: str, callback: str, accepted: bool) -> None:
    assert is_below(registered, callback) is accepted


@pytest.mark.parametrize(
    ("changes", "accepted"),
    [
        ({"code_challenge": CHALLENGE, "code_challenge_method": "S256"}, True),
        ({}, True),
        ({"code_challenge": CHALLENGE, "code_challenge_method": "plain"}, False),
        ({"code_challenge": CHALLENGE}, False),
        ({"code_challenge": CHALLENGE[:-1], "code_challenge_method": "S256"}, False),
        ({"code_challenge_method": "S256"}, False),
    ],
)
def test_challenge_is_a_digest_or_absent(octo: GitHubVisitor, changes: dict[str, str], accepted: bool) -> None:
    assert ("code" in octo.told(**changes)) is accepted
    assert Code.objects.exists() is accepted


def test_person_may_take_scopes_off(octo: GitHubVisitor) -> None:
    form = {"decision": "allow", "person": "octo", "scopes": "chosen", "scope": ["read:user"]}
    octo.client.post(octo.authorize_address(), form)
    assert Code.objects.get().scope == "read:user"


@pytest.mark.parametrize(
    ("asked", "granted"),
    [
        ("user,gist,user:email", "user,gist"),
        ("user:email read:user", "user:email,read:user"),
        ("read:user  nonsense,read:user", "read:user"),
        (None, ""),
    ],
)
def test_scopes_are_normalized(octo: GitHubVisitor, asked: str | None, granted: str) -> None:
    octo.decide(scope=asked)
    assert Code.objects.get().scope == granted


def test_github_app_has_permissions_and_no_scopes(octo_at_app: GitHubVisitor) -> None:
    octo_at_app.decide(client_id=GITHUB_APP)
    assert Code.objects.get().scope == ""


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"kind": "error", "error": "application_suspended"}, {"error", "error_description", "error_uri", "state"}),
        ({"kind": "refuse"}, {"error", "error_description", "error_uri", "state"}),
        ({"kind": "allow_as", "person": "rtl"}, {"code", "state"}),
    ],
)
def test_page_can_be_spared(octo: GitHubVisitor, fields: dict[str, str], told: set[str]) -> None:
    octo.plan(endpoint="authorize", **fields)
    assert set(query_of(octo.client.get(octo.authorize_address())["Location"])) == told
    assert octo.client.get(octo.authorize_address()).status_code == 200


@pytest.mark.parametrize(
    ("kind", "told"),
    [("no_code", {"state": "the-state"}), ("wrong_state", {"state": "not-the-state"})],
)
def test_callback_can_be_spoiled(octo: GitHubVisitor, kind: str, told: dict[str, str]) -> None:
    octo.plan(endpoint="authorize", kind=kind)
    found = octo.told()
    assert {name: value for name, value in found.items() if name != "code"} == told
    assert ("code" in found) is (kind == "wrong_state")


def test_scopes_can_be_kept_back(octo: GitHubVisitor) -> None:
    octo.plan(endpoint="authorize", kind="fewer_scopes")
    assert octo.token().json()["scope"] == ""
