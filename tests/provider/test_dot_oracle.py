"""Stock DOT, its own views and validator in the same process, as the oracle of the rows that storage/ writes."""

import hashlib
import json
from typing import Any

import pytest
from django.test import RequestFactory
from oauth2_provider.models import get_access_token_model, get_grant_model, get_refresh_token_model
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauth2_provider.views import AuthorizationView, TokenView
from oauthlib.common import Request
from oauthlib.openid import Server

from tests import factories
from tests.provider.driver import REDIRECT, Driver, Pkce, encode, query

SCOPE = "nickname offline_access"


class Stock:
    """What DOT's views are, had nobody replaced their validator and their server."""

    server_class = Server
    validator_class = OAuth2Validator

    @classmethod
    def get_oauthlib_core(cls) -> Any:
        """Return a core of one's own: DOT's views share one with their subclasses."""
        return cls.get_oauthlib_backend_class()(cls.get_server())  # type: ignore[attr-defined]


class StockAuthorizationView(Stock, AuthorizationView):
    """DOT's authorization endpoint."""


class StockTokenView(Stock, TokenView):
    """DOT's token endpoint."""


class StockClient:
    """A public client at stock DOT's endpoints."""

    def __init__(self, application: Any, user: Any) -> None:
        self.application, self.user, self.pkce = application, user, Pkce()

    def code(self) -> str:
        """Allow everything on DOT's page; return the code."""
        form = {
            "allow": "True",
            "client_id": self.application.client_id,
            "redirect_uri": REDIRECT,
            "response_type": "code",
            "scope": SCOPE,
            "state": "s",
            "code_challenge": self.pkce.challenge,
            "code_challenge_method": "S256",
        }
        request = RequestFactory().post(f"/o/authorize/?{encode(form)}", form)
        request.user = self.user
        return query(StockAuthorizationView.as_view()(request))["code"]

    def token(self, **form: str) -> dict[str, Any]:
        """Return what DOT's token endpoint answers."""
        form |= {"client_id": self.application.client_id}
        answer = StockTokenView.as_view()(RequestFactory().post("/o/token/", form))
        assert answer.status_code == 200, answer.content
        body: dict[str, Any] = json.loads(answer.content)
        return body

    def redeem(self, code: str) -> dict[str, Any]:
        """Exchange a code."""
        return self.token(
            grant_type="authorization_code", code=code, redirect_uri=REDIRECT, code_verifier=self.pkce.verifier
        )


@pytest.fixture
def application(db: None) -> Any:
    """Return a public client: it needs no secret at either."""
    return factories.make_application(client_type="public")


@pytest.fixture
def ours(application: Any, user: Any) -> Driver:
    """Return the client at our endpoints."""
    return Driver(application, user)


@pytest.fixture
def stock(application: Any, other_user: Any) -> StockClient:
    """Return the same client at stock DOT's endpoints, for another person."""
    return StockClient(application.application, other_user)


def columns(row: Any) -> dict[str, Any]:
    """Return a row's columns; those whose values differ from row to row by what they are: empty, or of a type."""
    own = {"id", "created", "updated", "expires", "user_id", "token_checksum", "token_family", "code", "revoked"}
    own |= {"access_token_id", "source_refresh_token_id", "code_challenge"}
    values = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    return {name: (type(value) if name in own and value else value) for name, value in values.items()}


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def obtain(ours: Driver, stock: StockClient) -> tuple[dict[str, Any], dict[str, Any]]:
    identity = {"headers": {}, "client_id": ours.application.client_id}
    code = ours.code(scope=SCOPE, nonce=None)
    return ours.redeem(code, **identity).body, stock.redeem(stock.code())


def renew(ours: Driver, stock: StockClient, mine: dict[str, Any], theirs: dict[str, Any]) -> tuple[Any, Any]:
    identity = {"headers": {}, "client_id": ours.application.client_id}
    return (
        ours.refresh(mine["refresh_token"], **identity).body,
        stock.token(grant_type="refresh_token", refresh_token=theirs["refresh_token"]),
    )


def test_grant_has_the_columns_of_stock_dot(ours: Driver, stock: StockClient) -> None:
    ours.code(scope=SCOPE, nonce=None)
    stock.code()
    grants = get_grant_model().objects
    assert columns(grants.get(user=ours_person())) == columns(grants.get(user=stock.user))


def ours_person() -> Any:
    from django.contrib.auth import get_user_model

    return get_user_model().objects.get(username="ada")


@pytest.mark.parametrize("model", [get_access_token_model, get_refresh_token_model])
def test_first_tokens_have_the_columns_of_stock_dot(ours: Driver, stock: StockClient, model: Any) -> None:
    mine, theirs = obtain(ours, stock)
    name = "access_token" if model is get_access_token_model else "refresh_token"
    row = model().objects.get(token_checksum=digest(mine[name]))
    assert row.user == ours_person()
    assert columns(row) == columns(model().objects.get(token_checksum=digest(theirs[name])))


@pytest.mark.parametrize("model", [get_access_token_model, get_refresh_token_model])
def test_refreshed_tokens_have_the_columns_of_stock_dot(ours: Driver, stock: StockClient, model: Any) -> None:
    first = obtain(ours, stock)
    mine, theirs = renew(ours, stock, *first)
    name = "access_token" if model is get_access_token_model else "refresh_token"
    row = model().objects.get(token_checksum=digest(mine[name]))
    assert columns(row) == columns(model().objects.get(token_checksum=digest(theirs[name])))


@pytest.mark.parametrize("who", ["ours", "stock"])
def test_refresh_leaves_the_same_links(ours: Driver, stock: StockClient, who: str) -> None:
    first = obtain(ours, stock)
    second = renew(ours, stock, *first)
    index = 0 if who == "ours" else 1
    refresh, access = get_refresh_token_model().objects, get_access_token_model().objects
    old = refresh.get(token_checksum=digest(first[index]["refresh_token"]))
    new = refresh.get(token_checksum=digest(second[index]["refresh_token"]))
    assert old.revoked is not None
    assert old.access_token is None
    assert not access.filter(token_checksum=digest(first[index]["access_token"])).exists()
    assert new.revoked is None
    assert new.token_family == old.token_family is not None
    assert new.access_token == access.get(token_checksum=digest(second[index]["access_token"]))
    assert new.access_token.source_refresh_token == old


def test_answers_have_the_same_members(ours: Driver, stock: StockClient) -> None:
    mine, theirs = obtain(ours, stock)
    assert mine.keys() == theirs.keys()
    assert (mine["token_type"], mine["scope"]) == (theirs["token_type"], theirs["scope"])


def test_stock_dot_reads_our_tokens(ours: Driver, stock: StockClient) -> None:
    mine, _theirs = obtain(ours, stock)
    request = Request("http://localhost:8000/x", "GET", headers={})
    assert OAuth2Validator().validate_bearer_token(mine["access_token"], ["nickname"], request)
    assert request.user == ours_person()
    renewed = stock.token(grant_type="refresh_token", refresh_token=mine["refresh_token"])
    assert OAuth2Validator().validate_bearer_token(renewed["access_token"], ["nickname"], request)


def test_stock_dot_sees_what_a_replay_killed(ours: Driver, stock: StockClient) -> None:
    identity = {"headers": {}, "client_id": ours.application.client_id}
    code = ours.code(scope=SCOPE, nonce=None)
    mine = ours.redeem(code, **identity).body
    ours.redeem(code, **identity)
    request = Request("http://localhost:8000/x", "GET", headers={})
    assert not OAuth2Validator().validate_bearer_token(mine["access_token"], ["nickname"], request)
    row = get_refresh_token_model().objects.get(token_checksum=digest(mine["refresh_token"]))
    assert row.revoked is not None


def test_token_stock_dot_issues_beside_us_is_none_of_ours(ours: Driver, stock: StockClient) -> None:
    """No consent stands behind it."""
    _mine, theirs = obtain(ours, stock)
    assert not ours.works(theirs["access_token"])
