"""When the person has to sign in, and when no page may be shown (Basic, Form Post Basic)."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from tests.conformance.browser import Browser
from tests.conformance.client import IdToken, Person, RelyingParty
from tests.conformance.conditions import authorization, id_token
from tests.conformance.plans import module
from tests.conformance.test_code_flow import complete


def _twice(
    client: RelyingParty, ada: Person, browser: Browser, second: dict[str, str], **first: str
) -> tuple[IdToken, IdToken, list[str]]:
    """Authorize twice in one browser; return both ID tokens and the pages of the second time."""
    one, _access_token = complete(client, client.authorize(browser, ada, **first))
    flow = client.authorize(browser, ada, **second)
    two, _access_token = complete(client, flow)
    return one, two, flow.shown


@module("oidcc-prompt-login")
def test_prompt_login_asks_for_a_new_sign_in(
    client: RelyingParty, ada: Person, browser: Browser, pass_time: Callable[[int], None]
) -> None:
    """`prompt=login` shows the sign-in page to a signed-in person; auth_time is later, the subject the same."""
    one, _access_token = complete(client, client.authorize(browser, ada))
    pass_time(1)
    flow = client.authorize(browser, ada, prompt="login")
    two, _access_token = complete(client, flow)
    assert "login" in flow.shown
    id_token.proves_a_later_sign_in(one, two)


@module("oidcc-max-age-1")
def test_max_age_that_has_passed_asks_for_a_new_sign_in(
    client: RelyingParty, ada: Person, browser: Browser, pass_time: Callable[[int], None]
) -> None:
    """`max_age=1` after two seconds shows the sign-in page; auth_time is there and later."""
    one, _access_token = complete(client, client.authorize(browser, ada))
    pass_time(2)
    flow = client.authorize(browser, ada, max_age="1")
    two, _access_token = complete(client, flow)
    assert "login" in flow.shown
    id_token.has_auth_time(two)
    id_token.proves_a_later_sign_in(one, two)


@module("oidcc-max-age-10000")
def test_max_age_that_has_not_passed_asks_for_nothing(client: RelyingParty, ada: Person, browser: Browser) -> None:
    """`max_age=10000` shows no page to a person who has just signed in; auth_time and subject stay."""
    one, two, shown = _twice(client, ada, browser, {"max_age": "10000"}, max_age="15000")
    id_token.has_auth_time(one)
    id_token.has_auth_time(two)
    id_token.is_of_the_same_sign_in(one, two)
    assert "login" not in shown


@module("oidcc-prompt-none-not-logged-in")
def test_prompt_none_without_a_sign_in_is_an_error(client: RelyingParty, ada: Person, browser: Browser) -> None:
    """`prompt=none` shows nothing, and answers login_required with the long state unharmed."""
    state = secrets.token_urlsafe(93) + "-._~"
    flow = client.authorize(browser, ada, prompt="none", state=state[-128:])
    assert flow.shown == []
    authorization.fails(flow, client, {"login_required"})


@module("oidcc-prompt-none-logged-in")
def test_prompt_none_with_a_sign_in_succeeds_silently(client: RelyingParty, ada: Person, browser: Browser) -> None:
    """`prompt=none` gives a code without a page; auth_time and subject stay."""
    one, two, shown = _twice(client, ada, browser, {"prompt": "none"})
    assert shown == []
    id_token.is_of_the_same_sign_in(one, two)


@module("oidcc-id-token-hint")
def test_id_token_hint_of_the_person_succeeds_silently(client: RelyingParty, ada: Person, browser: Browser) -> None:
    """`prompt=none` with the first ID token as id_token_hint gives a code without a page, of the same sign-in."""
    one, _access_token = complete(client, client.authorize(browser, ada))
    flow = client.authorize(browser, ada, prompt="none", id_token_hint=one.text)
    two, _access_token = complete(client, flow)
    assert flow.shown == []
    id_token.is_of_the_same_sign_in(one, two)
