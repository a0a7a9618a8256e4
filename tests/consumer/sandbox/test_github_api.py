import json
from typing import Any

import pytest

from consumer_site.sandbox.github.persons import PERSONS
from tests.consumer.sandbox.github_visitor import BASE, GITHUB_APP, GitHubVisitor

pytestmark = pytest.mark.django_db


def test_profile_has_a_number_a_login_and_no_email(octo: GitHubVisitor) -> None:
    response = octo.api("user", octo.access_token())
    answer = json.loads(response.content)
    assert (answer["id"], answer["login"], answer["email"]) == (40000001, "mona-octo", None)
    assert response["Content-Type"] == "application/json; charset=utf-8"
    assert response["X-OAuth-Scopes"] == "read:user, user:email"


def test_number_is_the_same_at_every_app(octo: GitHubVisitor, octo_at_app: GitHubVisitor) -> None:
    numbers = {key: octo.api("user", octo.access_token(key)).json()["id"] for key in PERSONS}
    assert len(set(numbers.values())) == len(PERSONS)
    assert octo_at_app.api("user", octo_at_app.access_token()).json()["id"] == numbers["octo"]


@pytest.mark.parametrize(
    ("person", "name", "email"),
    [
        ("nameless", None, "nameless@example.com"),
        ("rtl", "محمد الطيّار", None),
        ("markup", '<b>O\'Neil</b> & "quotes"', None),
    ],
)
def test_ugly_data_comes_as_it_is(octo: GitHubVisitor, person: str, name: str | None, email: str | None) -> None:
    answer = octo.api("user", octo.access_token(person)).json()
    assert (answer["name"], answer["email"]) == (name, email)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "token"])
def test_both_schemes_are_taken(octo: GitHubVisitor, scheme: str) -> None:
    assert octo.api("user", octo.access_token(), scheme=scheme).status_code == 200


def test_addresses_tell_verified_and_primary(octo: GitHubVisitor) -> None:
    assert octo.emails("octo")[0] == {
        "email": "mona@example.com",
        "primary": True,
        "verified": True,
        "visibility": "private",
    }
    assert [(email["primary"], email["verified"]) for email in octo.emails("unverified")] == [
        (True, False),
        (False, True),
    ]
    # Somebody else's address, named but never proven: no reason to be taken for that person.
    assert {"email": "mona@example.com", "primary": False, "verified": False, "visibility": None} in octo.emails(
        "claims"
    )


@pytest.mark.parametrize(("scope", "status"), [("read:user", 404), ("user:email", 200), ("user", 200), (None, 404)])
def test_addresses_need_their_scope(octo: GitHubVisitor, scope: str | None, status: int) -> None:
    response = octo.api("user/emails", octo.access_token(scope=scope))
    assert response.status_code == status
    if status == 404:
        assert response.json() == {
            "message": "Not Found",
            "documentation_url": "https://docs.github.com/rest",
            "status": "404",
        }


def test_addresses_need_the_github_app_s_permission(
    octo_at_app: GitHubVisitor, github_apps: dict[str, dict[str, Any]]
) -> None:
    token = octo_at_app.access_token()
    assert octo_at_app.api("user/emails", token).status_code == 200
    github_apps[GITHUB_APP]["permissions"] = []
    refused = octo_at_app.api("user/emails", token)
    assert (refused.status_code, refused.json()["message"]) == (403, "Resource not accessible by integration")


@pytest.mark.parametrize("path", ["user", "user/emails"])
@pytest.mark.parametrize(
    ("token", "message"), [("", "Requires authentication"), ("gho_x", "Bad credentials"), ("a b", "Bad credentials")]
)
def test_bad_token_is_unauthorized(octo: GitHubVisitor, path: str, token: str, message: str) -> None:
    response = octo.api(path, token)
    assert (response.status_code, response.json()["message"]) == (401, message)


def test_token_in_the_query_counts_no_more(octo: GitHubVisitor) -> None:
    answer = octo.client.get(f"{BASE}/api/v3/user?access_token={octo.access_token()}", headers={"user-agent": "x"})
    assert answer.status_code == 401


def test_client_must_say_who_it_is(octo: GitHubVisitor) -> None:
    response = octo.api("user", octo.access_token(), agent="")
    assert response.status_code == 403
    assert "User-Agent" in response.json()["message"]


@pytest.mark.parametrize("action", ["withdraw", "expire"])
def test_ended_token_is_bad_credentials(octo_at_app: GitHubVisitor, action: str) -> None:
    token = octo_at_app.access_token()
    octo_at_app.plan(action=action)
    assert octo_at_app.api("user", token).status_code == 401


def test_picture_is_there_in_every_size(octo: GitHubVisitor) -> None:
    address = octo.api("user", octo.access_token()).json()["avatar_url"]
    assert address.endswith("?v=4")
    assert octo.client.get(address)["Content-Type"] == "image/png"
    assert octo.client.get(address + "&s=40").content != octo.client.get(address).content
    assert octo.client.get(f"{BASE}/avatars/u/1").status_code == 404
    octo.plan(endpoint="avatar", kind="html_page")
    assert octo.client.get(address)["Content-Type"] == "text/html"


@pytest.mark.parametrize("path", ["user", "user/emails"])
def test_api_can_misbehave(octo: GitHubVisitor, path: str) -> None:
    token = octo.access_token()
    for kind, number, status in (
        *(("status", number, number) for number in (403, 404, 429)),
        *(("server_error", 0, 502), ("garbage", 0, 200), ("html_type", 0, 200)),
    ):
        octo.plan(endpoint="profile" if path == "user" else "emails", kind=kind, number=number)
        response = octo.api(path, token)
        assert response.status_code == status
        if kind == "status":
            assert response.json()["status"] == str(status)
            assert response["X-RateLimit-Remaining"] == ("0" if status in {403, 429} else "4999")


def test_number_can_be_missing(octo: GitHubVisitor) -> None:
    token = octo.access_token()
    octo.plan(endpoint="profile", kind="no_openid")
    assert "id" not in octo.api("user", token).json()
