"""RFC 6749 5.2, line by line: what the token endpoint says when something is wrong."""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.utils import timezone
from oauth2_provider.models import get_refresh_token_model

from provider_site.models import Authorization, Registration
from tests import factories
from tests.provider.driver import Driver, Tokens
from tests.spec import resources

# 5.2: %x20-21 / %x23-5B / %x5D-7E
DESCRIPTION = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]{10,}\Z")
FORM = "application/x-www-form-urlencoded"
NONSENSE = "\"'<script>\\ä朝夕%00\n"


def post(driver: Driver, body: str, *, content_type: str = FORM, **headers: str) -> Any:
    return driver.backchannel.post("/o/token/", body, content_type=content_type, headers=driver.basic() | headers)


def form_of(driver: Driver, code: str, **changes: str) -> dict[str, str]:
    return {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": driver.redirect_uri,
        "code_verifier": driver.pkce.verifier,
    } | changes


def assert_is_error(answer: Tokens, error: str, status: int = 400) -> None:
    """Assert the whole shape of an error: status, headers, members, characters."""
    assert (answer.status, answer.error) == (status, error)
    assert set(answer.body) == {"error", "error_description"}
    assert DESCRIPTION.match(answer.body["error_description"]), answer.body
    assert answer.headers["Content-Type"].startswith("application/json")
    assert (answer.headers["Cache-Control"], answer.headers["Pragma"]) == ("no-store", "no-cache")
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)


# --- invalid_request ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        "",  # nothing
        "code=x",  # a parameter is missing
        "grant_type=",
        "grant_type=authorization_code",
        "grant_type=refresh_token",
        "grant_type=authorization_code&code=a&code=a",  # repeated
        "grant_type=refresh_token&grant_type=refresh_token&refresh_token=x",
        "grant_type=refresh_token&refresh_token=a%00b",  # malformed
        "grant_type=refresh_token&refresh_token=a&client_secret=x",  # two credentials, two mechanisms
    ],
)
def test_invalid_request(driver: Driver, body: str) -> None:
    """A parameter is missing or repeated, there is more than one credential, or the request is malformed."""
    response = post(driver, body)
    assert_is_error(Tokens(response.status_code, response.json(), response.headers), "invalid_request")


@pytest.mark.parametrize("content_type", ["application/json", "multipart/form-data; boundary=x", "text/plain"])
def test_body_that_is_no_form_is_an_invalid_request(driver: Driver, content_type: str) -> None:
    """The request is otherwise malformed (4.1.3)."""
    response = post(driver, urlencode(form_of(driver, driver.code())), content_type=content_type)
    assert_is_error(Tokens(response.status_code, response.json(), response.headers), "invalid_request")


def test_parameters_in_the_address_are_an_invalid_request(driver: Driver) -> None:
    """2.3.1, 3.2: credentials and codes don't belong into addresses."""
    code = driver.code()
    form = {"content_type": FORM, "headers": driver.basic()}
    response = driver.backchannel.post(f"/o/token/?code={code}", urlencode(form_of(driver, code)), **form)
    assert_is_error(Tokens(response.status_code, response.json(), response.headers), "invalid_request")


# --- invalid_client -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["Basic", "basic"])
def test_failed_authentication_by_header_is_401_with_the_scheme_used(driver: Driver, scheme: str) -> None:
    """The server must answer 401 and name the scheme the client used."""
    header = driver.basic(secret="x" * 43)["Authorization"].replace("Basic", scheme)
    answer = driver.redeem(driver.code(), headers={"Authorization": header})
    assert_is_error(answer, "invalid_client", 401)
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")


@pytest.mark.parametrize(
    "identity",
    [
        {"client_id": "nobody", "client_secret": "x" * 43},
        {"client_id": "nobody"},
        {"client_secret": "x" * 43},
        {},
        {"client_id": NONSENSE.replace("\n", "").replace("%00", ""), "client_secret": "x"},
    ],
)
def test_unknown_client_or_no_authentication_is_invalid_client(driver: Driver, identity: dict[str, str]) -> None:
    """Unknown client, no client authentication included; 401 also where the form carried it."""
    assert_is_error(driver.redeem("x", headers={}, **identity), "invalid_client", 401)


def test_method_that_is_not_the_clients_is_invalid_client(db: None, user: Any) -> None:
    """A secret proves nothing of a public client, which has none; the other way round, a name alone is no proof."""
    public = Driver(factories.make_application(client_type="public"), user)
    identity = {"client_id": public.application.client_id, "client_secret": "x" * 43}
    assert public.redeem("x", headers={}, **identity).error in {"invalid_client", "invalid_grant"}
    confidential = Driver(factories.make_application(), user)
    name = {"client_id": confidential.application.client_id}
    assert_is_error(confidential.redeem(confidential.code(), headers={}, **name), "invalid_client", 401)


@pytest.mark.parametrize("scheme", ["Bearer", "Digest", "Negotiate"])
def test_unsupported_authentication_scheme_is_invalid_client(driver: Driver, scheme: str) -> None:
    """Unsupported authentication method."""
    assert_is_error(driver.redeem("x", headers={"Authorization": f"{scheme} x"}), "invalid_client", 401)


# --- invalid_grant ------------------------------------------------------------------------------------------------


def _used(driver: Driver, code: str) -> Tokens:
    driver.redeem(code)
    return driver.redeem(code)


def _revoked(driver: Driver, code: str) -> Tokens:
    Authorization.objects.update(revoked_at=timezone.now())
    return driver.redeem(code)


def _of_another(driver: Driver, code: str) -> Tokens:
    stranger = Driver(factories.make_application())
    return stranger.redeem(code, code_verifier=driver.pkce.verifier)


def _without_verifier(driver: Driver, code: str) -> Tokens:
    return driver.redeem(code, code_verifier="x" * 43)


def _with_another_redirect_uri(driver: Driver, code: str) -> Tokens:
    return driver.redeem(code, redirect_uri="https://app.example.com/another")


@pytest.mark.parametrize("attempt", [_used, _revoked, _of_another, _without_verifier, _with_another_redirect_uri])
def test_invalid_grant_of_a_code(driver: Driver, attempt: Any) -> None:
    """Invalid, expired, revoked, for another redirect URI, or issued to another client."""
    assert_is_error(attempt(driver, driver.code()), "invalid_grant")


def _refresh_used(driver: Driver, token: str) -> Tokens:
    driver.refresh(token)
    return driver.refresh(token)


def _refresh_revoked(driver: Driver, token: str) -> Tokens:
    driver.revoke(token)
    return driver.refresh(token)


def _refresh_of_another(_driver: Driver, token: str) -> Tokens:
    return Driver(factories.make_application()).refresh(token)


def _refresh_expired(driver: Driver, token: str) -> Tokens:
    get_refresh_token_model().objects.update(created=timezone.now() - timedelta(days=3650))
    return driver.refresh(token)


def _access_token_as_refresh_token(driver: Driver, token: str) -> Tokens:
    return driver.refresh(driver.refresh(token).access)


@pytest.mark.parametrize(
    "attempt",
    [_refresh_used, _refresh_revoked, _refresh_of_another, _refresh_expired, _access_token_as_refresh_token],
)
def test_invalid_grant_of_a_refresh_token(driver: Driver, attempt: Any) -> None:
    """Invalid, expired, revoked, or issued to another client."""
    assert_is_error(attempt(driver, driver.tokens().refresh), "invalid_grant")


# --- unauthorized_client, unsupported_grant_type, invalid_scope ---------------------------------------------------


def test_grant_that_the_client_is_not_registered_for_is_unauthorized_client(driver: Driver) -> None:
    """The authenticated client is not authorized to use this grant type."""
    assert_is_error(driver.token(grant_type="client_credentials"), "unauthorized_client")
    machine = resources.machine()
    assert_is_error(machine.token(grant_type="authorization_code", code="x"), "unauthorized_client")


def test_machine_that_is_not_approved_is_unauthorized_client(db: None) -> None:
    machine = resources.machine(scopes={"nickname": False})
    Registration.objects.filter(application=machine.application).update(status="draft")
    assert_is_error(machine.token(grant_type="client_credentials", scope="nickname"), "unauthorized_client")


@pytest.mark.parametrize(
    "grant_type",
    ["password", "implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer", "Authorization_Code", "code", NONSENSE[:9]],
)
def test_grant_type_that_is_not_offered_is_unsupported(driver: Driver, grant_type: str) -> None:
    """The server does not support it; what was sent is not repeated."""
    answer = driver.token(grant_type=grant_type, username="ada", password="x", code="x")
    assert_is_error(answer, "unsupported_grant_type")
    assert "<script" not in answer.body["error_description"]


@pytest.mark.parametrize("scope", ["nickname email", "unheard-of", "claim:email", NONSENSE[:9], "nickname\tavatar"])
def test_scope_beyond_what_is_registered_or_granted_is_invalid(driver: Driver, scope: str) -> None:
    """Invalid, unknown, malformed, or exceeds what the resource owner granted."""
    machine = resources.machine(scopes={"nickname": False})
    assert_is_error(machine.token(grant_type="client_credentials", scope=scope), "invalid_scope")
    assert_is_error(driver.refresh(driver.tokens().refresh, scope=scope), "invalid_scope")


# --- Every description --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["code", "refresh_token", "redirect_uri", "code_verifier", "scope", "resource", "state"]
)
def test_what_was_sent_is_not_repeated_in_an_error(driver: Driver, name: str) -> None:
    """error_description: printable ASCII without quote and backslash, whatever came in."""
    form = form_of(driver, "x") | {"refresh_token": "x", name: NONSENSE.replace("%00", "")}
    for grant_type in ("authorization_code", "refresh_token"):
        answer = driver.token(**(form | {"grant_type": grant_type}))
        assert answer.status == 400
        assert set(answer.body) <= {"error", "error_description", "error_uri"}
        assert DESCRIPTION.match(answer.body["error_description"])
        assert "<script" not in str(answer.body)
