"""Whatever is sent to revocation, introspection and device authorization: an answer as RFC 6749 5 has it."""

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from tests.provider.device import make_device_application
from tests.provider.driver import Driver
from tests.security.any_back_answer import Back, headers_of
from tests.security.any_request import EVIL, METHODS, TYPES, Pairs, apply, header_values, joined, requests_like, trying

LIKELY = {
    "token": ["x", "a.b.c", "e30.e30."],
    "token_type_hint": ["access_token", "refresh_token", "id_token", "device_code", "x"],
    "scope": ["openid", "nickname openid", "email", "*", "claim:email"],
    "client_id": ["unknown"], "client_secret": ["wrong"], "client_assertion": ["a.b.c"], "client_assertion_type": ["x"],
    "resource": [f"{EVIL}/", "relative"], "nonce": ["n"], "user_code": ["x"], "device_code": ["x"], "acr_values": ["1"],
    "claims": ["{}", "[" * 2000], "": [""],
}  # fmt: skip
ADDRESSES = {
    "revoke-token": {"token": "{access}"},
    "introspect": {"token": "{access}"},
    "device-authorization": {"scope": "openid nickname"},
}


@pytest.fixture(params=sorted(ADDRESSES))
def back(driver: Driver, request: pytest.FixtureRequest) -> Back:
    """Return a client at one of the endpoints."""
    back = Back(driver, reverse(f"oauth2_provider:{request.param}", urlconf="project.urls_provider"))
    if request.param == "device-authorization":
        device = Driver(make_device_application())
        back.headers = headers_of(device)
        back.secrets.append(device.secret)
    return back


@pytest.fixture
def base(back: Back, request: pytest.FixtureRequest) -> dict[str, str]:
    """Return a right request at it."""
    made = ADDRESSES[request.node.callspec.params["back"]]
    return {name: value.format(access=back.tokens.access) for name, value in made.items()}


def test_any_parameters_are_an_answer(back: Back, base: dict[str, str]) -> None:
    held = [back.code, back.tokens.access, back.tokens.refresh, back.tokens.body["id_token"]]
    identity = {"client_id": [back.driver.application.client_id], "client_secret": [back.driver.secret]}
    known = {name: [*values, *held, *identity.get(name, [])] for name, values in LIKELY.items()}

    @trying(80)
    @given(
        pairs=requests_like(base, known),
        authorization=st.just(back.headers[0]) | header_values(lambda: back.headers),
    )
    def check(pairs: Pairs, authorization: str | None) -> None:
        back.answer(authorization=authorization, body=joined(pairs))

    check()


def test_any_method_type_and_octets_are_an_answer(back: Back, base: dict[str, str]) -> None:
    right = joined(apply(base, [])).encode()
    many = [right, right, b"a=1&" * 1100, b"a" * 3_000_000, b"{}", b"\xff\xfe"]

    @trying(50)
    @given(
        method=st.sampled_from([*METHODS, "POST", "POST"]),
        content_type=st.sampled_from(TYPES),
        authorization=header_values(lambda: back.headers),
        body=st.sampled_from(many) | st.binary(max_size=100),
        query=st.sampled_from(["", "", right.decode(), "%"]),
    )
    def check(method: str, content_type: str, authorization: str | None, body: bytes, query: str) -> None:
        request = {"method": method, "content_type": content_type, "query": query, "body": body.decode("latin-1")}
        back.answer(authorization=authorization, **request)

    check()


def test_right_requests_are_answered_so_that_the_rest_means_something(back: Back, base: dict[str, str]) -> None:
    status, _found = back.answer(authorization=back.headers[0], body=joined(apply(base, [])))
    assert status == 200
