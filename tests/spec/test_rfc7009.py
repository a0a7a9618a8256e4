"""RFC 7009: token revocation."""

from typing import Any

import pytest

from tests import factories
from tests.provider.driver import Driver


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
@pytest.mark.parametrize("hint", [None, "access_token", "refresh_token", "unheard_of"])
def test_revoking_either_token_kills_the_family_whatever_the_hint(driver: Driver, kind: str, hint: str | None) -> None:
    """2.1: the hint only helps to look; related tokens go too."""
    tokens = driver.tokens()
    form = {} if hint is None else {"token_type_hint": hint}
    answer = driver.revoke(tokens.body[kind], **form)
    assert answer.status_code == 200
    assert not driver.works(tokens.access)
    assert driver.refresh(tokens.refresh).error == "invalid_grant"


def test_revoking_a_rotated_refresh_token_kills_its_successors(driver: Driver) -> None:
    """2.1."""
    old = driver.tokens()
    new = driver.refresh(old.refresh)
    assert driver.revoke(old.refresh).status_code == 200
    assert not driver.works(new.access)
    assert driver.refresh(new.refresh).error == "invalid_grant"


def test_revoking_leaves_another_family_of_the_same_person_alone(driver: Driver) -> None:
    first, second = driver.tokens(), driver.tokens()
    driver.revoke(first.refresh)
    assert driver.works(second.access)
    assert driver.refresh(second.refresh).status == 200


def test_revoking_twice_is_200_both_times(driver: Driver) -> None:
    """2.2: an invalid token is no error."""
    token = driver.tokens().refresh
    assert [driver.revoke(token).status_code for _time in range(2)] == [200, 200]


@pytest.mark.parametrize("token", ["unknown", "ä", "osat_" + "0" * 71])
def test_unknown_token_is_200(driver: Driver, token: str) -> None:
    """2.2."""
    assert driver.revoke(token).status_code == 200


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_another_clients_token_stays_alive(driver: Driver, user: Any, kind: str) -> None:
    """2.1: the token must have been issued to the client."""
    tokens = driver.tokens()
    stranger = Driver(factories.make_application(), user)
    stranger.revoke(tokens.body[kind])
    assert driver.works(tokens.access)
    assert driver.refresh(tokens.refresh).status == 200


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic bm9ib2R5Om5vdGhpbmc="}])
def test_client_that_does_not_authenticate_is_refused(driver: Driver, headers: dict[str, str]) -> None:
    """2.1."""
    tokens = driver.tokens()
    answer = driver.revoke(tokens.refresh, headers=headers, client_id=driver.application.client_id)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert driver.refresh(tokens.refresh).status == 200


def test_public_client_revokes_its_own_token(db: None, user: Any) -> None:
    """2.1: it names itself."""
    public = Driver(factories.make_application(client_type="public"), user)
    identity = {"headers": {}, "client_id": public.application.client_id}
    tokens = public.redeem(public.code(), **identity)
    assert public.revoke(tokens.refresh, **identity).status_code == 200
    assert not public.works(tokens.access)


def test_missing_token_is_invalid(driver: Driver) -> None:
    """2.1."""
    assert driver.revoke("").json()["error"] == "invalid_request"


def test_get_is_not_allowed(driver: Driver) -> None:
    """2.1."""
    tokens = driver.tokens()
    answer = driver.backchannel.get("/o/revoke_token/", {"token": tokens.refresh}, headers=driver.basic())
    assert answer.status_code == 405
    assert driver.works(tokens.access)


def test_token_in_the_query_is_not_read(driver: Driver) -> None:
    """2.1: the request body."""
    tokens = driver.tokens()
    form = {"content_type": "application/x-www-form-urlencoded", "headers": driver.basic()}
    assert driver.backchannel.post(f"/o/revoke_token/?token={tokens.refresh}", "", **form).status_code == 400
    assert driver.works(tokens.access)


# --- Every other line of the RFC ----------------------------------------------------------------------------------


def test_answer_is_empty_and_says_no_more_than_200(driver: Driver) -> None:
    """2.2: the content is ignored; all is in the status."""
    answer = driver.revoke(driver.tokens().access)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer["Cache-Control"] == "no-store"


def test_foreign_token_is_answered_as_one_that_never_was(driver: Driver, user: Any) -> None:
    """2.1 has it refused by an error, which would tell that there is such a token; nothing happens to it."""
    token, stranger = driver.tokens().access, Driver(factories.make_application(), user)
    foreign, unknown = stranger.revoke(token), stranger.revoke("unknown")
    assert (foreign.status_code, foreign.content) == (unknown.status_code, unknown.content) == (200, b"")
    assert driver.works(token)


def test_unsupported_token_type_is_of_no_use_here(driver: Driver) -> None:
    """2.2.1: both kinds can be revoked, and an ID token, which can't, is an invalid token like any other (2.2)."""
    tokens = driver.tokens()
    for hint in ("id_token", "urn:ietf:params:oauth:token-type:jwt", ""):
        assert driver.revoke(tokens.body["id_token"], token_type_hint=hint).status_code == 200
    assert driver.works(tokens.access)


def test_refused_authentication_names_the_scheme_for_clients(driver: Driver) -> None:
    """2.2.1 by RFC 6749 5.2."""
    answer = driver.revoke(driver.tokens().access, headers=driver.basic(secret="x" * 43))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert answer["WWW-Authenticate"].startswith("Basic ")
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize("body", ["token=a&token=b", "token=a%00b", "token_type_hint=access_token", ""])
def test_malformed_request_is_an_error_with_a_description(driver: Driver, body: str) -> None:
    """2.2.1."""
    form = {"content_type": "application/x-www-form-urlencoded", "headers": driver.basic()}
    answer = driver.backchannel.post("/o/revoke_token/", body, **form)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert len(answer.json()["error_description"]) > 10


def test_no_script_of_another_site_reads_or_calls_it(driver: Driver) -> None:
    """2.3: JSONP and CORS are optional, and not offered."""
    origin = {"Origin": "https://evil.example.com"}
    answer = driver.revoke("unknown", headers=driver.basic() | origin, callback="package.revoked")
    assert answer.content == b""
    assert "Access-Control-Allow-Origin" not in answer


def test_withdrawn_token_may_be_revoked_all_the_same(driver: Driver) -> None:
    """2.2: what is over already is no error."""
    from provider_site.models import Consent
    from provider_site.services import consents

    tokens, consent = driver.tokens(), Consent.objects.get()
    consents.withdraw(user=consent.user, application=consent.application)
    assert driver.revoke(tokens.refresh).status_code == 200
