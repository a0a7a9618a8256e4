"""RFC 6750: bearer token usage, at userinfo."""

from typing import Any

import pytest

from tests.provider.driver import Driver

USERINFO = "/o/userinfo/"
FORM = "application/x-www-form-urlencoded"


def test_token_in_the_header_is_accepted(driver: Driver) -> None:
    """2.1."""
    assert driver.userinfo(driver.tokens().access).status_code == 200


@pytest.mark.parametrize("scheme", ["bearer", "BEARER"])
def test_scheme_is_case_insensitive(driver: Driver, scheme: str) -> None:
    """2.1 by RFC 9110 11.1."""
    header = {"Authorization": f"{scheme} {driver.tokens().access}"}
    assert driver.backchannel.get(USERINFO, headers=header).status_code == 200


def test_token_in_the_form_is_accepted_by_post(driver: Driver) -> None:
    """2.2."""
    token = driver.tokens().access
    assert driver.backchannel.post(USERINFO, f"access_token={token}", content_type=FORM).status_code == 200


def test_token_in_the_query_is_not_accepted(driver: Driver) -> None:
    """2.3, RFC 9700 4.3.2."""
    answer = driver.backchannel.get(USERINFO, {"access_token": driver.tokens().access})
    assert answer.status_code == 401


def test_token_in_two_places_is_invalid(driver: Driver) -> None:
    """2: not more than one method."""
    token = driver.tokens().access
    header = {"Authorization": f"Bearer {token}"}
    answer = driver.backchannel.post(USERINFO, f"access_token={token}", content_type=FORM, headers=header)
    assert answer.status_code == 400
    assert 'error="invalid_request"' in answer["WWW-Authenticate"]


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer"}, {"Authorization": "Basic bm9ib2R5Om5vdGhpbmc="}])
def test_request_without_a_token_is_challenged_without_an_error_code(driver: Driver, headers: Any) -> None:
    """3.1: no error information then."""
    answer = driver.backchannel.get(USERINFO, headers=headers)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer ")
    assert "error" not in answer["WWW-Authenticate"]


def other_credentials(driver: Driver) -> dict[str, str]:
    tokens = driver.tokens()
    return {
        "nonsense": "nonsense",
        "truncated": tokens.access[:-1],
        "refresh token": tokens.refresh,
        "ID token": tokens.body["id_token"],
        "code": driver.code(),
        "client secret": driver.secret,
    }


@pytest.mark.parametrize("kind", ["nonsense", "truncated", "refresh token", "ID token", "code", "client secret"])
def test_anything_but_an_access_token_is_invalid(driver: Driver, kind: str) -> None:
    """3.1."""
    answer = driver.userinfo(other_credentials(driver)[kind])
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer["WWW-Authenticate"]


def test_token_without_openid_has_insufficient_scope(db: None, user: Any) -> None:
    """3.1, and OpenID Core 5.3.1."""
    from tests import factories

    plain = Driver(factories.make_application(scopes={"nickname": False}), user)
    tokens = plain.redeem(plain.code(scope="nickname", scopes=["nickname"]))
    assert "id_token" not in tokens.body
    answer = plain.userinfo(tokens.access)
    assert answer.status_code == 403
    assert 'error="insufficient_scope"' in answer["WWW-Authenticate"]
    assert 'scope="openid"' in answer["WWW-Authenticate"]


def test_expired_token_is_invalid(driver: Driver) -> None:
    """3.1."""
    from django.utils import timezone
    from oauth2_provider.models import get_access_token_model

    token = driver.tokens().access
    get_access_token_model().objects.update(expires=timezone.now())
    assert 'error="invalid_token"' in driver.userinfo(token)["WWW-Authenticate"]


def test_answers_are_not_cached_and_open_to_scripts(driver: Driver) -> None:
    """5.3 and OpenID Core 5.3: CORS."""
    good, bad = driver.userinfo(driver.tokens().access), driver.userinfo("nonsense")
    assert good["Access-Control-Allow-Origin"] == bad["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in good
    assert "no-store" in good["Cache-Control"]
    assert "WWW-Authenticate" in bad["Access-Control-Expose-Headers"]


def test_preflight_allows_the_authorization_header(driver: Driver) -> None:
    """OpenID Core 5.3."""
    answer = driver.backchannel.options(USERINFO, headers={"origin": "https://spa.example.com"})
    assert "Authorization" in answer["Access-Control-Allow-Headers"]
    assert answer["Access-Control-Allow-Origin"] == "*"


def test_session_cookie_alone_opens_nothing(driver: Driver) -> None:
    driver.tokens()
    assert driver.browser.get(USERINFO).status_code == 401


def test_token_in_a_multipart_form_is_not_read(driver: Driver) -> None:
    """2.2: the body is application/x-www-form-urlencoded."""
    token = driver.tokens().access
    assert driver.backchannel.post("/o/userinfo/", {"access_token": token}).status_code == 401
