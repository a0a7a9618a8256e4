"""The claims parameter, read."""

import json
from typing import Any

import pytest

from provider_site.policy.claims_request import ClaimsRequest, Malformed, parse


def test_names_are_read_in_their_order() -> None:
    text = json.dumps({"userinfo": {"b": None, "a": {"essential": True}}, "id_token": {"c": {}}, "x": [1]})
    assert parse(text) == ClaimsRequest(userinfo=("b", "a"), id_token=("c",))


@pytest.mark.parametrize("text", ["{}", '{"userinfo": null}', '{"id_token": {}, "userinfo": {}}'])
def test_empty_request_asks_for_nothing(text: str) -> None:
    assert parse(text) == ClaimsRequest()


@pytest.mark.parametrize(
    ("wish", "values", "essential"),
    [
        (None, (), False),
        ({"essential": True}, (), False),
        ({"essential": True, "value": "a"}, ("a",), True),
        ({"essential": 1, "value": "a"}, ("a",), False),
        ({"values": ["a", 3, "", "b"]}, ("a", "b"), False),
        ({"values": "a"}, (), False),
    ],
)
def test_context_is_essential_where_a_value_is(wish: Any, values: tuple[str, ...], essential: bool) -> None:
    found = parse(json.dumps({"id_token": {"acr": wish}}))
    assert (found.acr_values, found.acr_essential) == (values, essential)


def test_subject_may_be_named_in_either_member() -> None:
    assert parse('{"userinfo": {"sub": {"value": "s"}}}').subject == "s"
    assert parse('{"userinfo": {"sub": {"value": "s"}}, "id_token": {"sub": {"value": "s"}}}').subject == "s"
    assert parse('{"id_token": {"sub": null}}').subject is None


@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "[]", "1", "[" * 100_000, " " * 9000, '{"userinfo": {"a": 1}}', '{"userinfo": []}'),
        '{"userinfo": {"sub": {"value": "a"}}, "id_token": {"sub": {"value": "b"}}}',
        json.dumps({"userinfo": {str(number): None for number in range(101)}}),
    ],
)
def test_what_is_no_request_is_refused_in_words_for_the_client(text: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse(text)
    assert str(caught.value).isascii()
    assert '"' not in str(caught.value)
