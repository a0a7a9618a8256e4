"""Every published form of QQ's answers is read, and arbitrary bytes never escape as anything but Unreadable."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer_site.connectors.qq import answers
from consumer_site.provider_calls import as_word
from tests.consumer.qq_samples import published


@pytest.mark.parametrize(
    ("name", "body", "code"), published.TOKEN_ERRORS + published.ME_ERRORS + published.PROFILE_ERRORS
)
def test_published_error_yields_its_code(name: str, body: bytes, code: str) -> None:
    error = answers.error_of(answers.parse(body))
    assert error is not None
    assert error[0] == code


def test_old_and_new_error_fields_yield_the_text() -> None:
    assert answers.error_of({"error": 100020, "error_description": "code is reused error"}) == (
        "100020",
        "code is reused error",
    )
    assert answers.error_of({"code": "100020", "msg": "code is reused error"}) == ("100020", "code is reused error")
    assert answers.error_of({"ret": -22, "msg": "openid is invalid"}) == ("-22", "openid is invalid")


@pytest.mark.parametrize(
    "fields", [{}, {"error": 0}, {"code": "0", "msg": "ok"}, {"ret": 0, "msg": ""}, {"error": None}]
)
def test_success_is_no_error(fields: dict[str, object]) -> None:
    assert answers.error_of(fields) is None


def test_bytes_decide_and_bad_utf8_does_not_cost_the_answer() -> None:
    assert answers.parse(b'{"nickname":"a\xff\xfeb","ret":0}') == {"nickname": "a\ufffd\ufffdb", "ret": 0}
    assert answers.parse('callback( {"nickname":"张三"} );'.encode()) == {"nickname": "张三"}


def test_control_character_in_a_nickname_does_not_cost_the_answer() -> None:
    assert answers.parse(b'{"nickname":"a\tb\x01","ret":0}') == {"nickname": "a\tb\x01", "ret": 0}


def test_comma_before_the_last_brace_only_is_forgiven() -> None:
    assert answers.parse(b'{"a":"x,}",}') == {"a": "x,}"}
    with pytest.raises(answers.Unreadable):
        answers.parse(b'{"a":[1,],}')


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"  ",
        b"null",
        b"[]",
        b"12",
        b'"text"',
        b"<html>a=b</html>",
        b"callback( )",
        b"callback( a=b );",
        b"{",
        b"=&=",
    ],
)
def test_what_is_no_answer_is_unreadable(body: bytes) -> None:
    try:
        fields = answers.parse(body)
    except answers.Unreadable:
        return
    assert not set(fields) & {"access_token", "openid", "client_id"}


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (1, "1"),
        ("1", "1"),
        (" -22 ", "-22"),
        (True, ""),
        (None, ""),
        (1.5, ""),
        ([], ""),
        ("a b", ""),
        (10**20, ""),
        ("", ""),
    ],
)
def test_word_is_a_short_identifier(value: object, word: str) -> None:
    assert as_word(value) == word


@given(st.binary() | st.text().map(str.encode))
def test_arbitrary_bytes_are_fields_or_unreadable(body: bytes) -> None:
    try:
        fields = answers.parse(body)
    except answers.Unreadable:
        return
    assert isinstance(fields, dict)
    answers.error_of(fields)


@given(st.dictionaries(st.text(), st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.integers())))
def test_any_object_survives_json_and_jsonp(fields: dict[str, object]) -> None:
    text = json.dumps(fields)
    assert answers.parse(text.encode()) == fields
    assert answers.parse(f"callback( {text} );".encode()) == fields
    answers.error_of(fields)
