"""OpenID Connect Core 1.0, 5.5: the ``claims`` parameter."""

import json
from typing import Any

import pytest

from provider_site.services import profiles
from tests import factories
from tests.provider.driver import Driver, Tokens, plant_signing_key, query

SCOPES = {"openid": True, "profile": False, "email": False, "offline_access": False}


@pytest.fixture
def driver(db: None, user: Any) -> Driver:
    """Return an application that may ask for a profile, and a person whose name is known."""
    plant_signing_key()
    user.first_name, user.last_name = "Ada", "Lovelace"
    user.save()
    profiles.set_nickname(user=user, nickname="阿达")
    return Driver(factories.make_application(scopes=SCOPES), user)


def claims(**members: Any) -> str:
    return json.dumps(members)


def allowed(driver: Driver, *names: str, asked: str, scope: str = "openid") -> Tokens:
    """Sign in with the boxes `names` ticked."""
    tokens = driver.redeem(driver.code(scope=scope, claims=asked, scopes=names))
    assert tokens.status == 200, tokens.body
    return tokens


@pytest.mark.parametrize("wish", [None, {"essential": True}, {"value": "somebody else"}, {"unknown": 1}])
def test_single_claim_is_asked_for_and_told_at_userinfo(driver: Driver, wish: Any) -> None:
    """5.5, 5.5.1: without a scope that opens it."""
    tokens = allowed(driver, "claim:name", asked=claims(userinfo={"name": wish}))
    assert driver.userinfo(tokens.access).json().keys() == {"sub", "name"}
    assert tokens.body["scope"] == "openid"


def test_claim_the_person_declines_is_not_told_and_stops_nothing(driver: Driver) -> None:
    """5.5.1: essential is a wish, not a condition."""
    asked = claims(userinfo={"name": {"essential": True}, "email": None}, id_token={"name": None})
    tokens = allowed(driver, "claim:email", asked=asked)
    assert driver.userinfo(tokens.access).json().keys() == {"sub", "email"}
    assert "name" not in driver.id_token(tokens)


def test_claim_of_the_id_token_is_told_there(driver: Driver, user: Any) -> None:
    """5.5: at the code exchange and at each refresh, with what it is then."""
    asked = claims(id_token={"given_name": None, "email": {"essential": True}})
    tokens = allowed(
        driver, "claim:given_name", "claim:email", "offline_access", asked=asked, scope="openid offline_access"
    )
    told = driver.id_token(tokens)
    assert (told["given_name"], told["email"]) == ("Ada", user.email)
    user.first_name = "Augusta"
    user.save()
    assert driver.id_token(driver.refresh(tokens.refresh))["given_name"] == "Augusta"


def test_claim_that_a_scope_opens_needs_no_second_question(driver: Driver) -> None:
    """5.5: the scope covers it; the ID token has it because it was asked for."""
    asked = claims(id_token={"name": None}, userinfo={"name": None})
    page = driver.authorize(scope="openid profile", claims=asked)
    assert "claim:name" not in driver.browser.get(page["Location"]).content.decode()
    tokens = driver.redeem(query(driver.consent(page, scopes=["profile"]))["code"])
    assert driver.id_token(tokens)["name"] == "Ada Lovelace"
    assert "nickname" not in driver.id_token(tokens)


def test_question_names_the_claim_in_words_with_its_value(driver: Driver) -> None:
    """3.1.2.4: the person sees what is asked."""
    page = driver.authorize(scope="openid", claims=claims(userinfo={"name": None}))
    text = driver.browser.get(page["Location"]).content.decode()
    assert "See your name" in text
    assert "Ada Lovelace" in text


def test_claim_taken_back_is_gone_from_every_token(driver: Driver, user: Any) -> None:
    """5.5: it is consent like any other."""
    from provider_site.services import consents

    asked = claims(userinfo={"name": None}, id_token={"name": None})
    tokens = allowed(driver, "claim:name", "offline_access", asked=asked, scope="openid offline_access")
    consents.narrow(user=user, application=driver.application, scopes={"claim:name"})
    assert driver.userinfo(tokens.access).json().keys() == {"sub"}
    assert "name" not in driver.id_token(driver.refresh(tokens.refresh))


def test_remembered_claim_is_not_asked_for_again(driver: Driver) -> None:
    """3.1.2.4."""
    asked = claims(userinfo={"name": None})
    allowed(driver, "claim:name", asked=asked)
    assert "code" in query(driver.authorize(scope="openid", claims=asked))
    assert query(driver.authorize(scope="openid", claims=claims(userinfo={"email": None}), prompt="none"))["error"] == (
        "consent_required"
    )


@pytest.mark.parametrize("name", ["phone_number", "address", "picture#x", "made_up", "claim:name", "sub"])
def test_claim_out_of_reach_is_left_out(db: None, user: Any, name: str) -> None:
    """5.5: not registered for, unknown, or nothing to ask about."""
    plant_signing_key()
    driver = Driver(factories.make_application(scopes={"openid": True, "email": False}), user)
    tokens = allowed(driver, asked=claims(userinfo={name: {"essential": True}}, id_token={name: None}))
    assert driver.userinfo(tokens.access).json().keys() == {"sub"}


@pytest.mark.parametrize(
    "text",
    [
        *("no json", "[]", '"x"', "[" * 5000, "9" * 9000),
        *('{"userinfo": []}', '{"userinfo": {"name": 1}}', '{"id_token": "x"}'),
        '{"userinfo": {"sub": {"value": "a"}}, "id_token": {"sub": {"value": "b"}}}',
    ],
)
def test_malformed_request_is_told_to_the_client(driver: Driver, text: str) -> None:
    """3.1.2.6: invalid_request by redirect, with the state."""
    answer = query(driver.authorize(scope="openid", claims=text))
    assert (answer["error"], answer["state"]) == ("invalid_request", "state-1")
    assert "claims" in answer["error_description"]


def test_parameter_means_nothing_without_openid(driver: Driver) -> None:
    """5.5: it is OpenID Connect's."""
    tokens = driver.redeem(driver.code(scope="profile", claims=claims(userinfo={"email": None}), scopes=["profile"]))
    assert tokens.body["scope"] == "profile"


def test_requested_subject_has_to_be_the_one_signed_in(driver: Driver, other_user: Any) -> None:
    """5.5.1: "sub" with a value."""
    me = driver.id_token(driver.tokens(scope="openid", scopes=[]))["sub"]
    mine, theirs = claims(id_token={"sub": {"value": me}}), claims(id_token={"sub": {"value": "somebody"}})
    assert "code" in query(driver.authorize(scope="openid", claims=mine, prompt="none"))
    assert query(driver.authorize(scope="openid", claims=theirs, prompt="none"))["error"] == "login_required"
