"""Ask the configured issuer alone, and believe only what it says of itself: each rule kept, and each broken."""

from typing import Any

import pytest

from tests.consumer.journey import Journey, assert_error_page, is_signed_in, query_of
from tests.consumer.openid_provider import CLIENT_ID

pytestmark = pytest.mark.django_db


# --- issuer ------------------------------------------------------------------------------------------------------


def test_answer_of_another_issuer_is_refused(journey: Journey) -> None:
    assert_error_page(journey.sign_in(iss="https://other.example"), 400, "did not come from the House")
    assert journey.house.requests_to("/token") == []


def test_error_of_another_issuer_is_refused(journey: Journey) -> None:
    response = journey.sign_in(error="access_denied", iss="https://other.example")
    assert_error_page(response, 400, "did not come from the House")


def test_missing_issuer_is_refused_where_the_provider_sends_it(journey: Journey) -> None:
    assert_error_page(journey.sign_in(iss=""), 400, "did not come from the House")


def test_missing_issuer_is_accepted_where_the_provider_does_not_know_it(journey: Journey) -> None:
    journey.house.bend_discovery = lambda document: document.pop("authorization_response_iss_parameter_supported")
    assert journey.sign_in(iss="").status_code == 302


def test_wrong_issuer_is_refused_also_where_the_provider_does_not_know_it(journey: Journey) -> None:
    journey.house.bend_discovery = lambda document: document.pop("authorization_response_iss_parameter_supported")
    assert_error_page(journey.sign_in(iss="https://other.example"), 400)


@pytest.mark.parametrize("names_itself", [True, False])
def test_issuer_that_changes_during_the_sign_in_is_refused(
    journey: Journey, house_entry: Any, names_itself: bool
) -> None:
    from tests.consumer import openid_provider

    address = journey.house.authorize(journey.leave(), **({} if names_itself else {"iss": ""}))
    with openid_provider.running() as other:
        other.bend_discovery = lambda document: document.update(
            authorization_response_iss_parameter_supported=names_itself
        )
        house_entry.settings = {"server_url": other.issuer}
        house_entry.save()
        assert_error_page(journey.come_back(address), 400)
        assert other.requests_to("/token") == []


def test_subject_known_from_another_issuer_is_refused(journey: Journey, house_entry: Any) -> None:
    from tests.consumer import openid_provider

    journey.sign_in()
    journey.visitor.logout()
    with openid_provider.running() as other:
        house_entry.settings = {"server_url": other.issuer}
        house_entry.save()
        journey.house = other
        assert_error_page(journey.sign_in(), 409)
    assert not is_signed_in(journey.visitor)


# --- discovery ---------------------------------------------------------------------------------------------------


def test_discovery_is_cached(journey: Journey) -> None:
    journey.sign_in()
    journey.visitor.logout()
    journey.sign_in()
    assert len(journey.house.requests_to("/.well-known/openid-configuration")) == 1
    assert len(journey.house.requests_to("/jwks")) == 1


@pytest.mark.parametrize(
    "bend",
    [
        lambda document: document.update(issuer="https://other.example"),
        lambda document: document.update(issuer=document["issuer"] + "/"),
        lambda document: document.pop("issuer"),
        lambda document: document.pop("token_endpoint"),
        lambda document: document.update(token_endpoint="http://other.example/token"),
        lambda document: document.update(authorization_endpoint="javascript:alert(1)"),
        lambda document: document.update(authorization_endpoint=["x"]),
        lambda document: document.update(authorization_endpoint=document["issuer"] + "/authorize?a=1&a=2"),
        lambda document: document.update(jwks_uri="ftp://x"),
        lambda document: document.update(userinfo_endpoint=17),
        lambda document: document.update(jwks_uri="https://user@x.example/"),
        lambda document: document.update(code_challenge_methods_supported=["plain"]),
        lambda document: document.update(id_token_signing_alg_values_supported=["HS256", "none"]),
        lambda document: document.update(token_endpoint_auth_methods_supported=["tls_client_auth"]),
    ],
)
def test_bad_discovery_document_is_a_page_and_is_not_kept(journey: Journey, bend: Any) -> None:
    journey.house.bend_discovery = bend
    assert_error_page(journey.start(), 502)
    journey.house.bend_discovery = lambda document: None
    assert journey.sign_in().status_code == 302


def test_query_of_the_authorization_endpoint_is_kept(journey: Journey) -> None:
    journey.house.bend_discovery = lambda document: document.update(
        authorization_endpoint=document["issuer"] + "/authorize?tenant=a%26b"
    )
    query = query_of(journey.leave())
    assert query["tenant"] == "a&b"
    assert query["client_id"] == CLIENT_ID


def test_secret_goes_in_the_body_where_the_provider_takes_nothing_else(journey: Journey) -> None:
    journey.house.bend_discovery = lambda document: document.update(
        token_endpoint_auth_methods_supported=["client_secret_post"]
    )
    assert journey.sign_in().status_code == 302
    assert "client_secret" in journey.house.requests_to("/token")[0].form
