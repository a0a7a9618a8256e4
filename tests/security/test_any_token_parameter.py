"""Whatever is sent to the token endpoint: JSON that no cache keeps, the right status, no secret told (RFC 6749 5)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.provider.driver import REDIRECT, Driver
from tests.security.any_back_answer import Back, are_one
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

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIKELY = {
    "grant_type": [
        "authorization_code", "refresh_token", "client_credentials", DEVICE, "password", "implicit", "Refresh_Token",
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


def bases(back: Back) -> dict[str, dict[str, str]]:
    """Return a right request of each grant."""
    code = {"code": back.code, "redirect_uri": REDIRECT, "code_verifier": back.driver.pkce.verifier}
    return {
        "authorization_code": {"grant_type": "authorization_code"} | code,
        "refresh_token": {"grant_type": "refresh_token", "refresh_token": back.tokens.refresh},
        "client_credentials": {"grant_type": "client_credentials", "scope": "nickname"},
        DEVICE: {"grant_type": DEVICE, "device_code": "x" * 43},
    }


def likely(back: Back) -> dict[str, list[str]]:
    """Return values close to the right ones, and what the client holds in places where it doesn't belong."""
    held = [back.code, back.tokens.access, back.tokens.refresh, back.driver.secret, back.tokens.body["id_token"]]
    identity = {"client_id": [back.driver.application.client_id], "client_secret": [back.driver.secret]}
    return {name: [*values, *held, *identity.get(name, [])] for name, values in LIKELY.items()}


def check_tokens_are_earned(
    back: Back, status: int, found: Any, authorization: Any, sent: dict[str, list[str]]
) -> None:
    """Check that tokens went only to the client itself, for what it holds."""
    if status != 200:
        return
    assert {"access_token", "token_type", "expires_in", "scope"} <= found.keys()
    assert found["token_type"] == "Bearer"
    assert back.proves_itself(authorization, sent), sent
    [grant] = sent["grant_type"]
    wanted = {name: value for name, value in bases(back)[grant].items() if name != "scope"}
    assert are_one(sent, wanted), sent


@pytest.mark.parametrize("name", sorted(LIKELY))
def test_any_value_of_a_parameter_is_an_answer(back: Back, name: str) -> None:
    known, right = likely(back), bases(back)
    requests = st.sampled_from(sorted(right)).flatmap(
        lambda grant: requests_like(right[grant], known, [name], changes=1)
    )

    @trying(10)
    @given(pairs=requests, proven=st.booleans())
    def check(pairs: Pairs, proven: bool) -> None:
        body, authorization = joined(pairs), back.headers[0] if proven else None
        status, found = back.answer(authorization=authorization, body=body)
        check_tokens_are_earned(back, status, found, authorization, read(body))

    check()


def test_any_change_of_several_parameters_is_an_answer(back: Back) -> None:
    known, right = likely(back), bases(back)
    requests = st.sampled_from(sorted(right)).flatmap(lambda grant: requests_like(right[grant], known))

    @trying(150)
    @given(pairs=requests, authorization=st.just(back.headers[0]) | header_values(lambda: back.headers))
    def check(pairs: Pairs, authorization: str | None) -> None:
        body = joined(pairs)
        status, found = back.answer(authorization=authorization, body=body)
        check_tokens_are_earned(back, status, found, authorization, read(body))

    check()


def test_any_method_type_header_and_place_is_an_answer(back: Back) -> None:
    body = joined(apply(bases(back)["authorization_code"], []))

    @trying(100)
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

    @trying(60)
    @given(body=st.binary(max_size=200) | st.sampled_from(many), content_type=st.sampled_from(TYPES))
    def check(body: bytes, content_type: str) -> None:
        status, found = back.answer(
            authorization=back.headers[0], body=body.decode("latin-1"), content_type=content_type
        )
        assert (status, found["error"]) == (400, "invalid_request")

    check()


def test_right_requests_are_answered_so_that_the_rest_means_something(back: Back) -> None:
    for grant in ("authorization_code", "refresh_token"):
        status, found = back.answer(authorization=back.headers[0], body=joined(apply(bases(back)[grant], [])))
        assert (status, found["token_type"]) == (200, "Bearer")
    assert send(back.driver.backchannel, "/o/token/").status_code == 405
