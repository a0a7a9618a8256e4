"""RFC 6749: the OAuth 2.0 authorization framework."""

import base64
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone
from oauth2_provider.models import get_grant_model

from provider_site.models import Registration
from tests import factories
from tests.provider.driver import REDIRECT, Driver, query

OTHER = "https://app.example.com/other"


def is_page(answer: Any, status: int = 400) -> bool:
    return answer.status_code == status and "Location" not in answer and answer["Content-Type"].startswith("text/html")


# --- The authorization endpoint -----------------------------------------------------------------------------------


@pytest.mark.parametrize("client_id", ["nobody", None, "", "a\x00b"])
def test_unknown_client_is_told_to_the_person_and_redirected_nowhere(driver: Driver, client_id: str | None) -> None:
    """4.1.2.1."""
    assert is_page(driver.authorize(client_id=client_id))


@pytest.mark.parametrize(
    "redirect_uri", ["https://evil.example.com/", "app.example.com/callback", "", "https://app.example.com/callback#f"]
)
def test_unregistered_redirect_uri_is_told_to_the_person_and_redirected_nowhere(
    driver: Driver, redirect_uri: str
) -> None:
    """3.1.2.4, 4.1.2.1."""
    assert is_page(driver.authorize(redirect_uri=redirect_uri))


def test_missing_redirect_uri_with_several_registered_is_a_page(db: None, user: Any) -> None:
    """3.1.2.3."""
    several = Driver(factories.make_application(redirect_uris=[REDIRECT, OTHER]), user)
    assert is_page(several.authorize(redirect_uri=None))


def test_missing_redirect_uri_with_one_registered_uses_it(driver: Driver) -> None:
    """3.1.2.3, 4.1.1: the parameter is optional then, in the exchange as well."""
    answer = driver.consent(driver.authorize(redirect_uri=None, scope="nickname"), scopes=["nickname"])
    assert answer["Location"].startswith(REDIRECT)
    assert driver.redeem(query(answer)["code"], redirect_uri=None).status == 200


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "nonsense"}, "unsupported_response_type"),
        ({"scope": "openid unheard-of"}, "invalid_scope"),
        ({"scope": "openid email"}, "invalid_scope"),
        ({"scope": None}, "invalid_scope"),
        ({"code_challenge": None}, "invalid_request"),
    ],
)
def test_fault_of_the_client_is_told_to_it_with_its_state(driver: Driver, changes: dict[str, Any], error: str) -> None:
    """4.1.2.1: the error code, the state, no code."""
    answer = query(driver.authorize(**changes))
    assert answer["error"] == error
    assert answer["state"] == "state-1"
    assert "code" not in answer


@pytest.mark.parametrize("name", ["nonce", "code_challenge", "prompt", "max_age"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_repeated_parameter_is_invalid(driver: Driver, name: str, method: str) -> None:
    """3.1: request parameters must not be included more than once."""
    parameters = driver.request_parameters() | {name: ["1", "1"]}
    answer = getattr(driver.browser, method)("/o/authorize/", parameters)
    assert query(answer)["error"] == "invalid_request"


def test_repeated_redirect_uri_never_chooses_the_destination(driver: Driver) -> None:
    """3.1."""
    parameters = driver.request_parameters(redirect_uri=[REDIRECT, "https://evil.example.com/"])
    assert is_page(driver.browser.get("/o/authorize/", parameters))


def test_parameter_in_query_and_body_is_repeated(driver: Driver) -> None:
    """3.1."""
    answer = driver.browser.post("/o/authorize/?nonce=another", driver.request_parameters())
    assert query(answer)["error"] == "invalid_request"


def test_request_may_be_split_over_query_and_body(driver: Driver) -> None:
    """3.1: the endpoint may carry a query of its own."""
    body = driver.request_parameters(client_id=None)
    answer = driver.browser.post(f"/o/authorize/?client_id={driver.application.client_id}", body)
    assert answer.status_code == 303
    assert answer["Location"].startswith("/o/authorize/")


@pytest.mark.parametrize("name", ["max_age", "prompt", "response_mode", "request", "claims", "nonce"])
def test_parameter_without_a_value_counts_as_omitted(driver: Driver, name: str) -> None:
    """3.1."""
    assert driver.authorize(**{name: ""})["Location"].startswith("/o/consent/")


@pytest.mark.parametrize("state", ["äöü 朝夕", "a&b=c#d+e%20", "'\"<script>", "x" * 2000])
def test_state_comes_back_verbatim(driver: Driver, state: str) -> None:
    """4.1.2: the exact value received."""
    assert query(driver.consent(driver.authorize(state=state)))["state"] == state


def test_redirect_uri_keeps_its_own_query(db: None, user: Any) -> None:
    """3.1.2: the query component must be retained."""
    uri = "https://app.example.com/callback?tenant=a%20b&x="
    tenant = Driver(factories.make_application(redirect_uris=[uri]), user, redirect_uri=uri)
    location = tenant.consent(tenant.authorize())["Location"]
    sent = parse_qs(urlsplit(location).query, keep_blank_values=True)
    assert (sent["tenant"], sent["x"]) == (["a b"], [""])
    assert len(sent["code"]) == len(sent["iss"]) == 1


def test_query_of_the_redirect_uri_stays_as_it_is_written(db: None, user: Any) -> None:
    """3.1.2: retained, in whatever encoding the client chose."""
    uri = "https://app.example.com/callback?tenant=%E4%20b&flag"
    tenant = Driver(factories.make_application(redirect_uris=[uri]), user, redirect_uri=uri)
    assert tenant.consent(tenant.authorize())["Location"].startswith(f"{uri}&code=")


def test_refusal_of_the_person_is_access_denied(driver: Driver) -> None:
    """4.1.2.1."""
    answer = query(driver.consent(driver.authorize(), decision="deny"))
    assert answer["error"] == "access_denied"
    assert "code" not in answer


def test_granted_scope_narrower_than_requested_is_told(driver: Driver) -> None:
    """3.3, 5.1."""
    tokens = driver.redeem(driver.code(scopes=["nickname"]))
    assert tokens.body["scope"].split() == ["openid", "nickname"]


# --- The token endpoint: the client -------------------------------------------------------------------------------


def test_wrong_secret_is_401_with_the_scheme_used(driver: Driver) -> None:
    """5.2: WWW-Authenticate matches the scheme the client used."""
    answer = driver.token(headers=driver.basic(secret="x" * 43), grant_type="authorization_code", code="c")
    assert (answer.status, answer.error) == (401, "invalid_client")
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")


@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
def test_scheme_of_the_client_is_case_insensitive(driver: Driver, scheme: str) -> None:
    """2.3.1 by RFC 9110 11.1."""
    header = driver.basic()["Authorization"].replace("Basic", scheme)
    code = driver.code()
    assert driver.redeem(code, headers={"Authorization": header}).status == 200


def test_credentials_in_the_body_are_accepted(driver: Driver) -> None:
    """2.3.1."""
    identity = {"client_id": driver.application.client_id, "client_secret": driver.secret}
    assert driver.redeem(driver.code(), headers={}, **identity).status == 200


def test_two_authentication_methods_at_once_are_refused(driver: Driver) -> None:
    """2.3: not more than one method per request."""
    identity = {"client_id": driver.application.client_id, "client_secret": driver.secret}
    assert driver.redeem(driver.code(), **identity).error == "invalid_request"


def test_client_id_of_another_client_beside_the_header_is_refused(driver: Driver) -> None:
    """2.3."""
    assert driver.redeem(driver.code(), client_id="another").error == "invalid_client"


@pytest.mark.parametrize(
    "payload", ["!!!", base64.b64encode(b"nocolon").decode(), base64.b64encode(b"\xff:\xff").decode()]
)
def test_malformed_basic_credentials_are_refused(driver: Driver, payload: str) -> None:
    """5.2."""
    assert driver.redeem("c", headers={"Authorization": f"Basic {payload}"}).status == 401


def test_secret_with_reserved_characters_is_form_decoded(db: None, user: Any) -> None:
    """2.3.1: identifier and secret are form-urlencoded before base64."""
    secret = "p%2B:ss w+rd/" * 4
    registered = factories.make_application(client_secret=secret)
    assert Driver(registered, user).tokens().status == 200


def test_confidential_client_without_its_secret_is_refused(driver: Driver) -> None:
    """3.2.1."""
    answer = driver.redeem(driver.code(), headers={}, client_id=driver.application.client_id)
    assert (answer.status, answer.error) == (401, "invalid_client")


def test_public_client_identifies_itself_by_its_id(db: None, user: Any) -> None:
    """3.2.1, 4.1.3."""
    public = Driver(factories.make_application(client_type="public"), user)
    assert public.secret is None
    assert public.redeem(public.code(), headers={}, client_id=public.application.client_id).status == 200


def test_suspended_application_cannot_authenticate(driver: Driver) -> None:
    """5.2."""
    code = driver.code()
    Registration.objects.filter(application=driver.application).update(status="suspended")
    assert driver.redeem(code).error == "invalid_client"


# --- The token endpoint: the request ------------------------------------------------------------------------------


def test_get_is_not_allowed(driver: Driver) -> None:
    """3.2: the client must use POST."""
    assert driver.backchannel.get("/o/token/", headers=driver.basic()).status_code == 405


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": "made_up"}, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, "invalid_request"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": "authorization_code", "code": "unknown"}, "invalid_grant"),
        ({"grant_type": "refresh_token", "refresh_token": "unknown"}, "invalid_grant"),
        ({"grant_type": "client_credentials"}, "unauthorized_client"),
        ({"grant_type": "authorization_code", "code": "a\x00b"}, "invalid_request"),
    ],
)
def test_fault_in_the_token_request_has_its_code(driver: Driver, form: dict[str, str], error: str) -> None:
    """5.2."""
    answer = driver.token(**form)
    assert (answer.status, answer.error) == (400, error)


def test_repeated_form_field_is_invalid(driver: Driver) -> None:
    """3.2."""
    body = "grant_type=authorization_code&code=a&code=b"
    form = {"content_type": "application/x-www-form-urlencoded", "headers": driver.basic()}
    assert driver.backchannel.post("/o/token/", body, **form).json()["error"] == "invalid_request"


def test_json_body_is_invalid(driver: Driver) -> None:
    """4.1.3: application/x-www-form-urlencoded."""
    form = {"content_type": "application/json", "headers": driver.basic()}
    answer = driver.backchannel.post("/o/token/", '{"grant_type": "authorization_code"}', **form)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


# The names the library and the validator keep things under: a parameter of that name must not be taken for them.
INTERNAL_NAMES = (
    *("user", "client", "scopes", "claims", "headers", "uri", "body", "decoded_body", "unknown"),
    *("_code_record", "refresh_token_record", "refresh_token_instance", "authorization_context"),
)


@pytest.mark.parametrize("name", INTERNAL_NAMES)
def test_unrecognized_form_field_is_ignored(driver: Driver, name: str) -> None:
    """3.2."""
    if name in {"headers", "uri", "body"}:  # the driver's own words
        name = f"{name}_"
    tokens = driver.redeem(driver.code(), **{name: "x"})
    assert tokens.status == 200
    assert driver.refresh(tokens.refresh, **{name: "x"}).status == 200


@pytest.mark.parametrize("name", [name for name in INTERNAL_NAMES if name != "claims"])
def test_unrecognized_authorization_parameter_is_ignored(driver: Driver, name: str) -> None:
    """3.1."""
    answer = driver.consent(driver.authorize(**{name: "x"}), scopes=["nickname"])
    assert driver.redeem(query(answer)["code"]).body["scope"] == "openid nickname"


# --- The token endpoint: the code ---------------------------------------------------------------------------------


def test_answer_is_uncacheable_and_says_what_it_gives(driver: Driver) -> None:
    """5.1."""
    tokens = driver.redeem(driver.code())
    assert tokens.headers["Cache-Control"] == "no-store"
    assert tokens.headers["Content-Type"].startswith("application/json")
    assert tokens.body["token_type"] == "Bearer"
    assert tokens.body["expires_in"] == 600


def test_errors_are_uncacheable_too(driver: Driver) -> None:
    """5.1, 5.2."""
    assert driver.redeem("unknown").headers["Cache-Control"] == "no-store"


def test_code_of_another_client_is_refused_and_stays_usable_by_its_own(driver: Driver, user: Any) -> None:
    """4.1.3: the code was issued to the authenticated client."""
    code = driver.code()
    thief = Driver(factories.make_application(), user)
    assert thief.redeem(code, code_verifier=driver.pkce.verifier).error == "invalid_grant"
    assert driver.redeem(code).status == 200


@pytest.mark.parametrize("redirect_uri", [OTHER, REDIRECT + "/", "https://APP.example.com/callback"])
def test_redirect_uri_differing_from_the_request_is_an_invalid_grant(db: None, user: Any, redirect_uri: str) -> None:
    """4.1.3, 5.2."""
    several = Driver(factories.make_application(redirect_uris=[REDIRECT, OTHER]), user)
    assert several.redeem(several.code(), redirect_uri=redirect_uri).error == "invalid_grant"


def test_redirect_uri_left_out_of_the_exchange_with_several_registered_is_refused(db: None, user: Any) -> None:
    """4.1.3."""
    several = Driver(factories.make_application(redirect_uris=[REDIRECT, OTHER]), user)
    assert several.redeem(several.code(), redirect_uri=None).status == 400


def test_code_is_refused_after_a_minute(driver: Driver) -> None:
    """4.1.2: a code must expire shortly after it is issued."""
    code = driver.code()
    grant = get_grant_model().objects.get()
    assert timedelta(0) < grant.expires - timezone.now() <= timedelta(seconds=60)
    get_grant_model().objects.update(expires=timezone.now())
    assert driver.redeem(code).error == "invalid_grant"


# --- Refreshing ---------------------------------------------------------------------------------------------------


def test_refresh_may_narrow_the_scope(driver: Driver) -> None:
    """6."""
    narrowed = driver.refresh(driver.tokens().refresh, scope="openid")
    assert narrowed.body["scope"] == "openid"
    assert "nickname" not in driver.userinfo(narrowed.access).json()


def test_refresh_after_a_narrowed_one_may_ask_for_all_again(driver: Driver) -> None:
    """6: the refresh token's own scope stays what the person granted."""
    narrowed = driver.refresh(driver.tokens().refresh, scope="openid")
    assert driver.refresh(narrowed.refresh).body["scope"] == "openid nickname offline_access"


@pytest.mark.parametrize("scope", ["openid avatar", "openid email", "openid nonsense"])
def test_refresh_may_not_widen_the_scope(driver: Driver, scope: str) -> None:
    """6."""
    tokens = driver.tokens()
    assert driver.refresh(tokens.refresh, scope=scope).error == "invalid_scope"
    assert driver.refresh(tokens.refresh).status == 200, "a refused request uses nothing up"


# --- Errors say what is wrong -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "headers", "error"),
    [
        ({"grant_type": "authorization_code", "code": "x", "code_verifier": "y"}, None, "invalid_grant"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, None, "invalid_grant"),
        ({"grant_type": "refresh_token"}, None, "invalid_request"),
        ({"grant_type": "client_credentials"}, None, "unauthorized_client"),
        ({"grant_type": "refresh_token", "refresh_token": "x", "client_id": "nobody"}, {}, "invalid_client"),
    ],
)
def test_every_error_of_the_token_endpoint_has_a_description(
    driver: Driver, form: dict[str, str], headers: dict[str, str] | None, error: str
) -> None:
    """5.2."""
    answer = driver.token(headers=headers, **form)
    assert answer.error == error
    assert len(answer.body["error_description"]) > 10


def test_scope_that_is_not_registered_is_named(driver: Driver) -> None:
    """4.1.2.1: the commonest mistake of those who begin."""
    answer = query(driver.authorize(scope='openid email no"quote'))
    assert answer["error"] == "invalid_scope"
    assert "email" in answer["error_description"]
    assert '"' not in answer["error_description"]


def test_response_type_that_is_not_offered_is_explained(driver: Driver) -> None:
    """4.1.2.1."""
    answer = query(driver.authorize(response_type="token"))
    assert answer["error"] == "unsupported_response_type"
    assert "code" in answer["error_description"]


def test_replay_is_named_to_the_developer(driver: Driver) -> None:
    """4.1.2."""
    code = driver.code()
    driver.redeem(code)
    assert "used" in driver.redeem(code).body["error_description"]
