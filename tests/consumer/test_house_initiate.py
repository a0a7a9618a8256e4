"""A sign-in that was begun at the provider (OpenID Connect Core 4): whose word is taken, and where it leads."""

from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from tests.consumer.journey import HOST, LOGIN, Journey, assert_error_page, query_of, sign_in_as

INITIATE = "/accounts/house/initiate/"
HERE = f"http://{HOST}"


@pytest.fixture
def person(db: None) -> Any:
    return get_user_model()._default_manager.create_user("person")


def begin(journey: Journey, *, target: str = "", **others: str) -> Any:
    query = {"iss": journey.house.issuer, "target_link_uri": target} | others
    return journey.visitor.get(f"{INITIATE}?{urlencode({name: value for name, value in query.items() if value})}")


def test_leads_to_the_page_that_asks_and_from_there_to_the_provider(journey: Journey) -> None:
    answer = begin(journey, target=f"{HERE}/calendar/?week=1")
    assert (answer.status_code, answer["Location"]) == (302, f"{LOGIN}?next=%2Fcalendar%2F%3Fweek%3D1")
    assert "_auth_user_id" not in journey.visitor.session
    page = journey.visitor.get(answer["Location"])
    assert page.status_code == 200  # a question, and no redirect to the provider: no foreign page starts a sign-in
    come = journey.house.authorize(journey.leave(next=query_of(answer["Location"])["next"]))
    assert journey.come_back(come)["Location"] == "/calendar/?week=1"


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        f"{HERE}.evil.example/",
        f"http://user@{HOST}/",
        "http:///evil.example",
        f"{HERE}//evil.example/",
        f"{HERE}/\\evil.example",
        "javascript:alert(1)",
        "http://[",
        f"{HERE}/{'a' * 3000}",
    ],
)
def test_is_no_open_redirector(journey: Journey, person: Any, target: str) -> None:
    assert begin(journey, target=target)["Location"] == LOGIN
    sign_in_as(journey.visitor, person)
    assert begin(journey, target=target)["Location"] == "/"


def test_target_given_twice_is_not_followed(journey: Journey) -> None:
    two = [("iss", journey.house.issuer), ("target_link_uri", f"{HERE}/calendar/"), ("target_link_uri", f"{HERE}/b/")]
    assert journey.visitor.get(f"{INITIATE}?{urlencode(two)}")["Location"] == LOGIN


@pytest.mark.parametrize("issuer", ["", "https://evil.example", "{house}/", "{house}\x00"])
def test_another_issuer_is_refused(journey: Journey, issuer: str) -> None:
    query = urlencode({"iss": issuer.replace("{house}", journey.house.issuer)})
    assert_error_page(journey.visitor.get(f"{INITIATE}?{query}"), 400, "not from a link that someone sent you")


def test_issuer_given_twice_is_refused(journey: Journey) -> None:
    two = urlencode([("iss", journey.house.issuer), ("iss", journey.house.issuer)])
    assert_error_page(journey.visitor.get(f"{INITIATE}?{two}"), 400)


def test_whoever_is_signed_in_goes_on(journey: Journey, person: Any) -> None:
    sign_in_as(journey.visitor, person)
    assert begin(journey, target=f"{HERE}/calendar/")["Location"] == "/calendar/"
    assert begin(journey)["Location"] == "/"


def test_hint_is_passed_on_to_the_provider(journey: Journey) -> None:
    answer = begin(journey, login_hint="somebody@example.com")
    assert answer["Location"] == f"{LOGIN}?login_hint=somebody%40example.com"
    # The form of the page that asks has no action: it keeps the address.
    left = journey.visitor.post(answer["Location"])
    assert query_of(left["Location"])["login_hint"] == "somebody@example.com"


@pytest.mark.parametrize("hint", ["x" * 256, "a\nb", " a", "\u202ea", ""])
def test_malformed_hint_is_left_out(journey: Journey, hint: str) -> None:
    assert begin(journey, login_hint=hint)["Location"] == LOGIN
    assert "login_hint" not in query_of(journey.visitor.post(LOGIN, {"login_hint": hint})["Location"])


def test_hint_given_twice_is_left_out(journey: Journey) -> None:
    twice = urlencode([("iss", journey.house.issuer), ("login_hint", "a"), ("login_hint", "b")])
    assert journey.visitor.get(f"{INITIATE}?{twice}")["Location"] == LOGIN


def test_form_of_another_site_comes_back_by_a_link(journey: Journey) -> None:
    """4: clients take POST too; it comes without a token, and without cookies."""
    browser = Client(enforce_csrf_checks=True, headers={"host": HOST})
    sent = {"iss": journey.house.issuer, "target_link_uri": f"{HERE}/calendar/"}
    answer = browser.post(INITIATE, sent, headers={"origin": "https://elsewhere.example"})
    assert answer.status_code == 303
    assert answer["Location"].startswith(f"{INITIATE}?iss=")
    # The path is taken for an address of this host again.
    assert browser.get(answer["Location"])["Location"] == f"{LOGIN}?next=%2Fcalendar%2F"


def test_says_so_where_no_provider_is_configured(visitor: Client, db: None) -> None:
    assert visitor.get(f"{INITIATE}?iss=https://id.example.com").status_code >= 400
