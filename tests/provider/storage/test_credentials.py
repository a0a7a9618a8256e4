"""storage/credentials.py."""

import uuid

from hypothesis import given
from hypothesis import strategies as st

from provider_site.storage import credentials


@given(family=st.uuids().filter(lambda family: family.int > 0))
def test_access_token_names_its_authorization(family: uuid.UUID) -> None:
    token = credentials.new_access_token(family)
    assert token.startswith("osat_")
    assert token.removeprefix("osat_").isalnum()
    assert credentials.authorization_id(token) == family


def test_token_of_a_machine_names_none() -> None:
    assert credentials.authorization_id(credentials.new_access_token(None)) is None


@given(text=st.text() | st.text(alphabet="0Az_", min_size=60, max_size=90).map(lambda text: "osat_" + text))
def test_other_text_names_none_or_some_family_without_an_error(text: str) -> None:
    assert credentials.authorization_id(text) is None or isinstance(credentials.authorization_id(text), uuid.UUID)


def test_family_beyond_128_bits_is_none() -> None:
    assert credentials.authorization_id("osat_" + "z" * 22 + "0" * 49) is None


def test_credentials_never_repeat() -> None:
    makers = (credentials.new_refresh_token, credentials.new_client_secret, lambda: credentials.new_access_token(None))
    for make in makers:
        assert len({make() for _time in range(100)}) == 100


def test_generated_secret_is_recognised() -> None:
    secret = credentials.new_client_secret()
    assert credentials.is_generated_client_secret(secret)


@given(position=st.integers(5, 53), character=st.sampled_from("0aZ"))
def test_altered_secret_is_not_recognised(position: int, character: str) -> None:
    secret = credentials.new_client_secret()
    altered = secret[:position] + character + secret[position + 1 :]
    assert credentials.is_generated_client_secret(altered) == (altered == secret)


@given(text=st.text())
def test_text_of_a_person_is_not_recognised(text: str) -> None:
    assert not credentials.is_generated_client_secret(text)
