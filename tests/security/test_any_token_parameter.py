"""Whatever is sent to the token endpoint: JSON that no cache keeps, the right status, no secret told (RFC 6749 5)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import factories
from tests.provider.device import GRANT, Device, make_device_application
from tests.provider.driver import REDIRECT, Driver
from tests.security.any_back_answer import Back, are_one, headers_of, proves_itself
from tests.security.any_request import (
    EVIL,
    METHODS,
    TYPES,
    Pairs,
    apply,
    header_values,
    joined,
    read,
    requests_like,
    send,
    trying,
)

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIKELY = {
    "grant_type": [
        "authorization_code", "refresh_token", "client_credentials", GRANT, "password", "implicit", "Refresh_Token",
        "urn:ietf:params:oauth:grant-type:jwt-bearer", "urn:ietf:params:oauth:grant-type:token-exchange", "openid",
    ],
    "code": ["x", "a.b.c"],
    "redirect_uri": [f"{REDIRECT}/", f"{REDIRECT}?x=1", REDIRECT.upper(), f"{EVIL}/callback", "http://127.0.0.1:9/cb"],
    "code_verifier": ["", "a" * 42, "a" * 43, "a" * 128, "a" * 129, "=" * 43],
    "code_challenge": ["a" * 43], "code_challenge_method": ["plain", "S256"],
    "client_id": ["unknown"], "client_secret": ["wrong"],
    "client_assertion": ["a.b.c", "e30.e30.", "eyJhbGciOiJub25lIn0.e30."],
    "client_assertion_type": [ASSERTION, "x"],
    "refresh_token": ["x", "a.b.c"],
    "scope": ["openid", "nickname", "openid email", "*", "claim:email", "admin"],
    "resource": [f"{EVIL}/", "https://api.example.com", "urn:x", "relative", "https://api.example.com#x"],
    "audience": [f"{EVIL}/"],
    "device_code": ["x", "a" * 43], "user_code": ["BCDF-GHJK"],
    "username": ["ada"], "password": ["correct horse battery staple"],
    "assertion": ["a.b.c"], "subject_token": ["x"], "subject_token_type": ["urn:ietf:params:oauth:token-type:jwt"],
    "nonce": ["n"], "state": ["s"], "iss": [EVIL], "token": ["x"], "DPoP": ["a.b.c"], "": [""],
}  # fmt: skip


@pytest.fixture
def back(driver: Driver) -> Back:
    """Return a client at the token endpoint."""
    return Back(driver, "/o/token/")


class Grants:
    """A client for each grant, with all it needs to get tokens by it."""

    def __init__(self, back: Back, user: Any) -> None:
        self.device = Device(make_device_application(), user)
        self.device.begin()
        self.device.decide()
        self.service = Driver(factories.make_application(authorization_grant_type="client-credentials"))
        code = {"code": back.code, "redirect_uri": REDIRECT, "code_verifier": back.driver.pkce.verifier}
        self.right: dict[str, tuple[Driver, dict[str, str]]] = {
            "authorization_code": (back.driver, {"grant_type": "authorization_code"} | code),
            "refresh_token": (back.driver, {"grant_type": "refresh_token", "refresh_token": back.tokens.refresh}),
            "client_credentials": (self.service, {"grant_type": "client_credentials"}),
            GRANT: (self.device, {"grant_type": GRANT, "device_code": self.device.begun["device_code"]}),
        }
        back.secrets += [self.device.secret, self.service.secret, self.device.begun["device_code"]]

    def requests(
        self, known: dict[str, list[str]], names: list[str] | None = None, *, changes: int = 4
    ) -> st.SearchStrategy[tuple[str, Pairs]]:
        """Return a grant, and a request that is like the right one."""
        return st.sampled_from(sorted(self.right)).flatmap(
            lambda grant: st.tuples(st.just(grant), requests_like(self.right[grant][1], known, names, changes=changes))
        )

    def check_earned(self, status: int, found: Any, authorization: str | None, sent: dict[str, list[str]]) -> None:
        """Check that tokens went only to the client itself, for what it holds."""
        if status != 200:
            return
        assert {"access_token", "token_type", "expires_in"} <= found.keys()
        # A machine that asked for no scope has none to be told of.
        assert "scope" in found or sent["grant_type"] == ["client_credentials"]
        assert found["token_type"] == "Bearer"
        [grant] = sent["grant_type"]
        client, wanted = self.right[grant]
        # Any of our clients may act for itself.
        if grant != "client_credentials":
            assert proves_itself(client, authorization, sent), sent
        if "redirect_uri" not in sent:  # the only registered one may be left out (OpenID Core 3.1.3.2)
            wanted = {name: value for name, value in wanted.items() if name != "redirect_uri"}
        assert are_one(sent, wanted), sent


@pytest.fixture
def grants(back: Back, user: Any) -> Grants:
    """Return the clients of all grants."""
    return Grants(back, user)


def likely(back: Back) -> dict[str, list[str]]:
    """Return values close to the right ones, and what the client holds in places where it doesn't belong."""
    held = [back.code, back.tokens.access, back.tokens.refresh, back.driver.secret, back.tokens.body["id_token"]]
    identity = {"client_id": [back.driver.application.client_id], "client_secret": [back.driver.secret]}
    return {name: [*values, *held, *identity.get(name, [])] for name, values in LIKELY.items()}


@pytest.mark.parametrize("name", sorted(LIKELY))
def test_any_value_of_a_parameter_is_an_answer(back: Back, grants: Grants, name: str) -> None:
    @trying(10)
    @given(request=grants.requests(likely(back), [name], changes=1), proven=st.booleans())
    def check(request: tuple[str, Pairs], proven: bool) -> None:
        grant, pairs = request
        body, authorization = joined(pairs), headers_of(grants.right[grant][0])[0] if proven else None
        status, found = back.answer(authorization=authorization, body=body)
        grants.check_earned(status, found, authorization, read(body))

    check()


def test_any_change_of_several_parameters_is_an_answer(back: Back, grants: Grants) -> None:
    right = [header for client, _form in grants.right.values() for header in headers_of(client)]

    @trying(120)
    @given(request=grants.requests(likely(back)), header=header_values(lambda: right), proven=st.booleans())
    def check(request: tuple[str, Pairs], header: str | None, proven: bool) -> None:
        grant, pairs = request
        body, authorization = joined(pairs), headers_of(grants.right[grant][0])[0] if proven else header
        status, found = back.answer(authorization=authorization, body=body)
        grants.check_earned(status, found, authorization, read(body))

    check()


def test_any_method_type_header_and_place_is_an_answer(back: Back, grants: Grants) -> None:
    body = joined(apply(grants.right["authorization_code"][1], []))

    @trying(80)
    @given(
        method=st.sampled_from([*METHODS, "POST", "POST"]),
        content_type=st.sampled_from(TYPES),
        authorization=header_values(lambda: back.headers),
        query=st.sampled_from(["", "", body, "x", "client_id=x", "%"]),
    )
    def check(method: str, content_type: str, authorization: str | None, query: str) -> None:
        request = {"method": method, "content_type": content_type, "body": body, "query": query}
        status, found = back.answer(authorization=authorization, **request)
        assert status != 200 or not found or (method == "POST" and not query)

    check()


def test_any_octets_are_an_error(back: Back) -> None:
    many = [b"a=1&" * 1100, b"&" * 1100, b"a" * 3_000_000, b'{"grant_type":"authorization_code"}', b"\xff\xfe"]

    @trying(50)
    @given(body=st.binary(max_size=200) | st.sampled_from(many), content_type=st.sampled_from(TYPES))
    def check(body: bytes, content_type: str) -> None:
        status, found = back.answer(
            authorization=back.headers[0], body=body.decode("latin-1"), content_type=content_type
        )
        assert (status, found["error"]) == (400, "invalid_request")

    check()


def test_right_requests_are_answered_so_that_the_rest_means_something(back: Back, grants: Grants) -> None:
    for client, form in grants.right.values():
        status, found = back.answer(authorization=headers_of(client)[0], body=joined(apply(form, [])))
        assert (status, found.get("token_type")) == (200, "Bearer"), found
    assert send(back.driver.backchannel, "/o/token/").status_code == 405
