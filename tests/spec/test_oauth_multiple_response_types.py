"""OAuth 2.0 Multiple Response Type Encoding Practices 1.0."""

import pytest

from tests.provider.driver import REDIRECT, Driver, query


def test_answer_to_a_code_request_is_in_the_query(driver: Driver) -> None:
    """2.1: the default response mode of code; nothing is in the fragment."""
    location = driver.consent(driver.authorize())["Location"]
    assert location.startswith(f"{REDIRECT}?code=")
    assert "#" not in location


def test_query_may_be_named(driver: Driver) -> None:
    """2.1: the default for a code."""
    assert "code" in query(driver.consent(driver.authorize(response_mode="query")))


@pytest.mark.parametrize("mode", ["fragment", "web_message", "FORM_POST", "jwt"])
def test_other_modes_are_refused_by_redirect(driver: Driver, mode: str) -> None:
    """2.1: an unsupported mode is an error."""
    assert query(driver.authorize(response_mode=mode))["error"] == "invalid_request"


@pytest.mark.parametrize(
    "response_type",
    [
        "id_token",
        "none",
        "code token",
        "code id_token",
        "id_token code",
        "id_token token",
        "code id_token token",
        "CODE",
    ],
)
def test_other_types_are_refused_and_nothing_is_issued(driver: Driver, response_type: str) -> None:
    """3, 4, 5: none of them is offered, in whatever order its words are."""
    driver.code()
    answer = driver.authorize(response_type=response_type)
    assert query(answer)["error"] == "unsupported_response_type"
    assert query(answer)["state"] == "state-1"
    assert not {"code", "access_token", "id_token"} & query(answer).keys()


def test_words_that_are_repeated_are_no_type(driver: Driver) -> None:
    """2: a response type is a set of values."""
    assert query(driver.authorize(response_type="code code"))["error"] == "unsupported_response_type"
