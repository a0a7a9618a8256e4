"""Whatever is sent to the addresses of logout is answered, and signs out nobody whom it does not name."""

from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.consumer.journey import HOST, Journey
from tests.consumer.logout import BACK, DONE, FRONT, claims_of, is_still_in, signed_in_by, tell

pytestmark = pytest.mark.django_db
BOUNDED = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
TYPES = st.sampled_from(["application/x-www-form-urlencoded", "application/json", "x/y; charset=utf-7", "", ";;="])
TEXTS = st.text(max_size=30)


@pytest.fixture
def signed_in(journey: Journey, user: Any) -> Journey:
    """Return a person who is signed in."""
    signed_in_by(journey.house, journey.visitor, user)
    return journey


def test_any_body_is_refused(signed_in: Journey) -> None:
    browser = Client(headers={"host": HOST})

    @BOUNDED
    @given(body=st.binary(max_size=200), prefix=st.sampled_from([b"", b"logout_token="]), kind=TYPES)
    def check(body: bytes, prefix: bytes, kind: str) -> None:
        assert browser.generic("POST", BACK, prefix + body, content_type=kind).status_code == 400

    check()
    assert is_still_in(signed_in.visitor)


def test_any_claim_of_a_signed_token_is_judged(signed_in: Journey) -> None:
    names = ["iss", "aud", "azp", "iat", "exp", "nbf", "jti", "sub", "sid", "events", "nonce"]

    @BOUNDED
    @given(name=st.sampled_from(names), value=JSON)
    def check(name: str, value: Any) -> None:
        claims = claims_of(signed_in.house, sub="somebody-else", sid="another-session") | {name: value}
        assert tell(signed_in.house.sign(claims)).status_code in {200, 400}

    check()
    assert is_still_in(signed_in.visitor)


def test_any_query_of_the_other_addresses_is_answered(signed_in: Journey) -> None:
    pairs = st.lists(st.tuples(st.sampled_from(["iss", "sid", "state", "x"]), TEXTS), max_size=4)

    @BOUNDED
    @given(query=pairs, address=st.sampled_from([FRONT, DONE]))
    def check(query: list[tuple[str, str]], address: str) -> None:
        assert signed_in.visitor.get(f"{address}?{urlencode(query)}").status_code in {200, 400}

    check()
    assert is_still_in(signed_in.visitor)
