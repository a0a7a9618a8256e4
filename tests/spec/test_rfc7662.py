"""RFC 7662: token introspection."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from oauth2_provider.models import get_access_token_model, get_refresh_token_model

from provider_site.models import Authorization, Consent, Registration, Session
from provider_site.services import consents
from tests.provider.driver import ISSUER, Driver, encode
from tests.spec import resources

INACTIVE = {"active": False}


def post(driver: Driver, body: str, **headers: str) -> Any:
    form = {"content_type": "application/x-www-form-urlencoded", "headers": driver.basic() | headers}
    return driver.backchannel.post("/o/introspect/", body, **form)


# --- The request --------------------------------------------------------------------------------------------------


def test_get_is_not_allowed(driver: Driver) -> None:
    """2.1: an HTTP POST request."""
    token = driver.tokens().access
    assert driver.backchannel.get("/o/introspect/", {"token": token}, headers=driver.basic()).status_code == 405


def test_parameters_are_a_form_in_the_body(driver: Driver) -> None:
    """2.1, 4: a token in an address would end up in logs."""
    token = driver.tokens().access
    form = {"content_type": "application/x-www-form-urlencoded", "headers": driver.basic()}
    assert driver.backchannel.post(f"/o/introspect/?token={token}", "", **form).json()["error"] == "invalid_request"
    form["content_type"] = "application/json"
    assert driver.backchannel.post("/o/introspect/", f'{{"token": "{token}"}}', **form).status_code == 400


@pytest.mark.parametrize("body", ["", "token=", "token=a&token=b", "token=a%00b", "token_type_hint=access_token"])
def test_missing_or_malformed_token_is_an_invalid_request(driver: Driver, body: str) -> None:
    """2.1: the token is required."""
    answer = post(driver, body)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Basic bm9ib2R5Om5vdGhpbmc="}, {"Authorization": "Bearer x"}]
)
def test_who_does_not_authenticate_is_401(driver: Driver, headers: dict[str, str]) -> None:
    """2.1, 2.3: or tokens could be tried here; the challenge is of the scheme for clients."""
    token, form = driver.tokens().access, {"content_type": "application/x-www-form-urlencoded"}
    answer = driver.backchannel.post("/o/introspect/", encode({"token": token}), headers=headers, **form)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert answer["WWW-Authenticate"].startswith("Basic ")
    assert answer["Cache-Control"] == "no-store"


def test_client_authenticates_as_at_the_token_endpoint(driver: Driver) -> None:
    """2.1: by its header or its form, never by both."""
    token = driver.tokens().access
    identity = {"client_id": driver.application.client_id, "client_secret": driver.secret}
    assert driver.introspect(token, headers={}, **identity)["active"]
    assert post(driver, encode({"token": token} | identity)).json()["error"] == "invalid_request"


def test_access_token_is_no_authorization_to_ask(driver: Driver) -> None:
    """2.1: another token would do by the RFC; here only the client's own credentials."""
    token = driver.tokens().access
    headers = {"Authorization": f"Bearer {token}"}
    form = {"content_type": "application/x-www-form-urlencoded", "headers": headers}
    assert driver.backchannel.post("/o/introspect/", encode({"token": token}), **form).status_code == 401


def test_public_client_may_not_ask(db: None, user: Any) -> None:
    """4: it can't be told from anybody who knows its name."""
    from tests import factories

    public = Driver(factories.make_application(client_type="public"), user)
    name = {"client_id": public.application.client_id}
    token = public.redeem(public.code(), headers={}, **name).access
    form = {"content_type": "application/x-www-form-urlencoded"}
    answer = public.backchannel.post("/o/introspect/", encode({"token": token} | name), **form)
    assert answer.status_code == 401


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "urn:made:up", ""])
@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_hint_is_only_a_hint(driver: Driver, hint: str, kind: str) -> None:
    """2.1: the search extends across all token types."""
    assert driver.introspect(driver.tokens().body[kind], token_type_hint=hint)["active"]


# --- The answer ---------------------------------------------------------------------------------------------------


def test_answer_says_all_that_is_known_and_no_more(driver: Driver) -> None:
    """2.2: of a person's token, to its own client. The user name stays here (5)."""
    tokens = driver.tokens()
    row, identity = get_access_token_model().objects.get(), driver.id_token(tokens)
    answer = driver.introspect(tokens.access)
    assert answer.pop("jti") not in {tokens.access, row.token_checksum}
    assert answer == {
        "active": True,
        "scope": "openid nickname offline_access",
        "client_id": driver.application.client_id,
        "token_type": "Bearer",
        "exp": int(row.expires.timestamp()),
        "iat": int(row.created.timestamp()),
        "sub": identity["sub"],
        "iss": ISSUER,
        "auth_time": identity["auth_time"],
        **{name: identity[name] for name in ("amr", "acr") if name in identity},
    }


def test_answer_is_json_that_no_cache_keeps(driver: Driver) -> None:
    """2.2, 4."""
    answer = post(driver, encode({"token": driver.tokens().access}), Accept="application/token-introspection+jwt")
    assert answer["Content-Type"] == "application/json"
    assert answer["Cache-Control"] == "no-store"
    assert "Access-Control-Allow-Origin" not in answer


def test_refresh_token_has_its_own_end_and_is_no_bearer_token(driver: Driver) -> None:
    """2.2: nobody may take it for an access token."""
    tokens = driver.tokens()
    answer = driver.introspect(tokens.refresh)
    assert answer["scope"] == "openid nickname offline_access"
    assert "token_type" not in answer
    assert answer["exp"] > driver.introspect(tokens.access)["exp"]


def test_machines_token_is_of_its_client(db: None) -> None:
    """2.2: nobody else stands behind it."""
    machine = resources.machine(scopes={"nickname": False})
    token = machine.token(grant_type="client_credentials", scope="nickname").access
    answer = machine.introspect(token)
    assert (answer["sub"], answer["client_id"]) == (machine.application.client_id, machine.application.client_id)
    assert "auth_time" not in answer


@pytest.mark.parametrize("token", ["unknown", "ä", "osat_" + "0" * 71, "osrt_" + "0" * 49, "a.b.c", "x" * 5000])
def test_unknown_token_is_inactive_and_nothing_else(driver: Driver, token: str) -> None:
    """2.2: no error, no reason."""
    driver.tokens()
    assert driver.introspect(token) == INACTIVE


def test_id_token_code_and_secret_are_no_tokens_here(driver: Driver) -> None:
    """2.2."""
    code = driver.code()
    assert driver.introspect(code) == INACTIVE
    tokens = driver.redeem(code)
    for text in (tokens.body["id_token"], driver.secret, code, driver.id_token(tokens)["sub"]):
        assert driver.introspect(text) == INACTIVE


# --- What holds at this moment ------------------------------------------------------------------------------------


def _expire(_driver: Driver) -> None:
    get_access_token_model().objects.update(expires=timezone.now())
    get_refresh_token_model().objects.update(created=timezone.now() - timedelta(days=3650))


def _withdraw(_driver: Driver) -> None:
    consent = Consent.objects.get()
    consents.withdraw(user=consent.user, application=consent.application)


def _suspend_and_reinstate(driver: Driver) -> None:
    Registration.objects.filter(application=driver.application).update(tokens_not_before=timezone.now())


def _deactivate(_driver: Driver) -> None:
    user = Consent.objects.get().user
    type(user).objects.filter(pk=user.pk).update(is_active=False)


def _revoke(_driver: Driver) -> None:
    Authorization.objects.update(revoked_at=timezone.now())


@pytest.mark.parametrize("change", [_expire, _withdraw, _suspend_and_reinstate, _deactivate, _revoke])
def test_token_that_does_not_hold_any_more_is_inactive_at_once(driver: Driver, change: Any) -> None:
    """2.2, 4: whoever asks is told the same as userinfo acts on."""
    tokens = driver.tokens()
    change(driver)
    assert driver.introspect(tokens.access) == driver.introspect(tokens.refresh) == INACTIVE


def test_ended_session_ends_what_was_not_to_outlast_it(driver: Driver) -> None:
    """2.2."""
    token = driver.tokens(scope="openid nickname", scopes=["nickname"]).access
    Session.objects.update(ended_at=timezone.now())
    assert driver.introspect(token) == INACTIVE


def test_revoked_and_rotated_tokens_are_inactive(driver: Driver) -> None:
    """2.2."""
    old = driver.tokens()
    new = driver.refresh(old.refresh)
    assert driver.introspect(old.refresh) == driver.introspect(old.access) == INACTIVE
    assert driver.introspect(new.refresh)["active"]
    driver.revoke(new.refresh)
    assert driver.introspect(new.access) == driver.introspect(new.refresh) == INACTIVE


def test_scope_that_was_taken_back_is_not_told(driver: Driver) -> None:
    """2.2: what the token is good for now."""
    tokens = driver.tokens()
    consent = Consent.objects.get()
    consents.narrow(user=consent.user, application=consent.application, scopes=["nickname"])
    assert driver.introspect(tokens.access)["scope"] == "openid offline_access"
    assert driver.introspect(tokens.refresh)["scope"] == "openid offline_access"


# --- Metadata -----------------------------------------------------------------------------------------------------


def test_metadata_names_the_endpoint_and_how_clients_prove_themselves(driver: Driver) -> None:
    """RFC 8414 2."""
    document = driver.backchannel.get("/.well-known/oauth-authorization-server").json()
    assert document["introspection_endpoint"] == f"{ISSUER}/o/introspect/"
    assert document["introspection_endpoint_auth_methods_supported"] == ["client_secret_basic", "client_secret_post"]
