"""Receive the answer as a form of the provider's, which comes without this site's cookies."""

import time
from typing import Any

import pytest
from django.test import Client

from consumer_site.connectors.house import answer as answers
from tests.consumer.journey import CALLBACK, HOST, Journey, assert_error_page, is_signed_in, query_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def by_form(journey: Journey, house_entry: Any) -> Journey:
    """Return a sign-in whose answer comes by a form."""
    house_entry.settings["response_mode"] = "form_post"
    house_entry.save()
    journey.house.bend_discovery = lambda document: document.update(
        response_modes_supported=["query", "fragment", "form_post"]
    )
    return journey


def post(journey: Journey, **extra: str) -> Any:
    """Let the provider's form arrive as browsers send it: from another site, without a single cookie of ours."""
    action, form = journey.house.authorize_by_form(journey.leave(), **extra)
    assert action == f"http://{HOST}{CALLBACK}"
    stranger = Client(enforce_csrf_checks=True, headers={"host": HOST, "origin": journey.house.issuer})
    return stranger.post(CALLBACK, form)


def follow(journey: Journey, response: Any) -> Any:
    """Open the redirect with everything that the person's browser has for that address by now."""
    assert response.status_code == 303, response.content.decode()
    assert response["Location"] == CALLBACK
    journey.visitor.cookies[answers.COOKIE] = response.cookies[answers.COOKIE].value
    return journey.visitor.get(response["Location"])


def test_form_signs_in_and_no_code_stands_in_an_address(by_form: Journey) -> None:
    response = post(by_form)
    assert "no-store" in response["Cache-Control"]
    assert follow(by_form, response)["Location"] == "/calendar/"
    assert is_signed_in(by_form.visitor)


def test_what_is_carried_is_sealed_short_lived_and_for_this_address_alone(by_form: Journey) -> None:
    cookie = post(by_form).cookies[answers.COOKIE]
    (code,) = by_form.house.codes
    assert code not in cookie.value
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == (CALLBACK, True, "Lax")
    assert cookie["max-age"] <= 60


def test_what_was_carried_is_gone_afterwards(by_form: Journey) -> None:
    response = post(by_form)
    done = follow(by_form, response)
    assert done.cookies[answers.COOKIE]["max-age"] == 0
    by_form.visitor.logout()
    assert_error_page(follow(by_form, response), 400, "took too long")
    assert len(by_form.house.requests_to("/token")) == 1


def test_error_comes_by_the_form_too(by_form: Journey) -> None:
    assert_error_page(follow(by_form, post(by_form, error="access_denied")), 403, "nothing was shared")


def test_another_issuer_is_refused(by_form: Journey) -> None:
    assert_error_page(follow(by_form, post(by_form, iss="https://evil.example")), 400, "did not come from")
    assert not by_form.house.requests_to("/token")


def test_form_that_another_browser_began_signs_nobody_in(by_form: Journey) -> None:
    response = post(by_form)
    by_form.visitor = Client(headers={"host": HOST})
    assert_error_page(follow(by_form, response), 400, "took too long")
    assert not is_signed_in(by_form.visitor)
    assert not by_form.house.requests_to("/token")


def test_carried_answer_is_no_good_after_a_minute(by_form: Journey, monkeypatch: pytest.MonkeyPatch) -> None:
    response = post(by_form)
    later = time.time() + answers.LIFETIME_SECONDS + 1
    monkeypatch.setattr("consumer_site.connectors.house.answer.time.time", lambda: later)
    assert_error_page(follow(by_form, response), 400, "took too long")


@pytest.mark.parametrize("value", ["", "x", "gAAAAA"])
def test_cookie_that_was_not_sealed_here_counts_for_nothing(by_form: Journey, value: str) -> None:
    by_form.visitor.cookies[answers.COOKIE] = value
    assert_error_page(by_form.visitor.get(CALLBACK), 400, "took too long")


def test_answer_in_the_address_is_refused_where_a_form_was_asked_for(by_form: Journey) -> None:
    address = by_form.house.authorize(by_form.leave())
    assert_error_page(by_form.come_back(address), 400)
    assert not by_form.house.requests_to("/token")


def test_form_is_refused_where_none_was_asked_for(journey: Journey, house_entry: Any) -> None:
    answer = query_of(journey.house.authorize(journey.leave()))
    assert journey.visitor.post(CALLBACK, answer).status_code == 405
    # Nor does it work where the entry was changed meanwhile.
    house_entry.settings["response_mode"] = "form_post"
    house_entry.save()
    assert_error_page(follow(journey, journey.visitor.post(CALLBACK, answer)), 400)
    assert not journey.house.requests_to("/token")


def test_form_is_not_asked_of_a_provider_that_has_none(journey: Journey, house_entry: Any) -> None:
    house_entry.settings["response_mode"] = "form_post"
    house_entry.save()
    assert "response_mode" not in query_of(journey.leave())
    assert journey.sign_in().status_code == 302


def test_unknown_response_mode_is_a_page(journey: Journey, house_entry: Any) -> None:
    house_entry.settings["response_mode"] = "fragment"
    house_entry.save()
    assert_error_page(journey.start(), 503)
    assert_error_page(journey.visitor.post(CALLBACK), 503)


@pytest.mark.parametrize(
    "form", [{}, {"code": ["a", "b"]}, {"code": "x" * 5000}, {"code": "x" * 4000}, {"state": "\0"}]
)
def test_malformed_form_is_a_page(by_form: Journey, form: dict[str, Any]) -> None:
    response = by_form.visitor.post(CALLBACK, form)
    assert_error_page(follow(by_form, response) if response.status_code == 303 else response, 400)


def test_form_that_no_cookie_could_hold_is_a_page_at_once(by_form: Journey) -> None:
    _action, form = by_form.house.authorize_by_form(by_form.leave(), code="x" * 3500)
    response = by_form.visitor.post(CALLBACK, form)
    assert_error_page(response, 400)
    assert answers.COOKIE not in response.cookies


def test_what_is_carried_fits_into_the_cookie(by_form: Journey) -> None:
    _action, form = by_form.house.authorize_by_form(by_form.leave(), code="x" * 2400)
    assert len(by_form.visitor.post(CALLBACK, form).cookies[answers.COOKIE].OutputString()) <= 4096


def test_cookie_is_sent_over_tls_alone_where_the_site_is(by_form: Journey) -> None:
    _action, form = by_form.house.authorize_by_form(by_form.leave())
    response = Client(headers={"host": HOST}).post(CALLBACK, form, secure=True)
    assert response.cookies[answers.COOKIE]["secure"]
