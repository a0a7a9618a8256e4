"""OpenID Connect RP-Initiated Logout 1.0."""

import re
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import jwt
import pytest

from provider_site.models import Session, SigningKey
from provider_site.services import keys
from tests import factories
from tests.provider.driver import ISSUER, Driver
from tests.provider.logout import AFTERWARDS, answer_question, ask, hint, is_question, is_signed_in, wants

STATE = "a~b._-/?&=+ %20\u00e9" * 8


@pytest.fixture(autouse=True)
def _addresses(driver: Driver) -> None:
    wants(driver)


def done(driver: Driver, answer: Any) -> Any:
    """Follow the answer to the page that says what came of it."""
    assert answer.status_code in {302, 303}, answer.content.decode()[:2000]
    assert answer["Location"].startswith("/o/logout/done/"), answer["Location"]
    return driver.browser.get(answer["Location"])


# --- 2. RP-Initiated Logout -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["get", "post"])
def test_current_hint_signs_out_and_goes_back_with_the_state_verbatim(driver: Driver, method: str) -> None:
    """2, 3: GET and POST; the state in the query is what was sent."""
    token = hint(driver)
    answer = ask(driver, method=method, id_token_hint=token, post_logout_redirect_uri=AFTERWARDS, state=STATE)
    if method == "post":
        assert answer.status_code == 303
        assert token not in answer["Location"]
        answer = driver.browser.get(answer["Location"])
    assert answer.status_code == 302
    address, _mark, query = answer["Location"].partition("?")
    assert address == AFTERWARDS
    assert dict(parse_qsl(query)) == {"state": STATE}
    assert not is_signed_in(driver)


def test_no_state_is_returned_where_none_was_sent(driver: Driver) -> None:
    """3."""
    answer = ask(driver, id_token_hint=hint(driver), post_logout_redirect_uri=AFTERWARDS)
    assert answer["Location"] == AFTERWARDS
    assert not is_signed_in(driver)


def test_state_is_added_to_the_query_the_address_has(driver: Driver) -> None:
    """3: what was registered comes back as it was."""
    wants(driver, afterwards="https://app.example.com/out?a=b%20c")
    answer = ask(
        driver, id_token_hint=hint(driver), post_logout_redirect_uri="https://app.example.com/out?a=b%20c", state="s"
    )
    assert answer["Location"] == "https://app.example.com/out?a=b%20c&state=s"


@pytest.mark.parametrize("parameters", [{}, {"state": "s"}, {"ui_locales": "fr"}, {"unknown": "x", "client_id": ""}])
def test_without_parameters_the_person_is_asked_and_then_signed_out(driver: Driver, parameters: dict[str, str]) -> None:
    """2: "the OP SHOULD ask the End-User whether to log out"."""
    driver.tokens()
    page = ask(driver, **parameters)
    assert is_question(page)
    assert is_signed_in(driver)
    assert b'id="signed_out"' in done(driver, answer_question(driver, page)).content
    assert not is_signed_in(driver)


def test_hint_without_an_address_signs_out_and_shows_a_page(driver: Driver) -> None:
    """2: post_logout_redirect_uri is optional."""
    page = done(driver, ask(driver, id_token_hint=hint(driver), state="s"))
    assert b'id="signed_out"' in page.content
    assert "Refresh" not in page
    assert not is_signed_in(driver)


def test_staying_ends_nothing(driver: Driver) -> None:
    """2: the person decides."""
    driver.tokens()
    page = done(driver, answer_question(driver, ask(driver), decision="stay"))
    assert b'id="still_signed_in"' in page.content
    assert is_signed_in(driver)


def test_expired_hint_is_accepted(driver: Driver, monkeypatch: Any) -> None:
    """2: "SHOULD accept ID Tokens when the RP identified by its aud claim ... even when the exp time has passed"."""
    claims = jwt.decode(hint(driver), options={"verify_signature": False})
    old = keys.signer().sign(claims | {"iat": claims["iat"] - 90_000, "exp": claims["exp"] - 86_400})
    assert ask(driver, id_token_hint=old, post_logout_redirect_uri=AFTERWARDS)["Location"] == AFTERWARDS
    assert not is_signed_in(driver)


def test_hint_that_a_rotated_key_signed_is_accepted(driver: Driver) -> None:
    """2: the provider must be able to verify what it has issued."""
    token = hint(driver)
    SigningKey.objects.update(status=SigningKey.Status.PREVIOUS)
    keys.make_first_keys()
    assert ask(driver, id_token_hint=token, post_logout_redirect_uri=AFTERWARDS)["Location"] == AFTERWARDS
    assert not is_signed_in(driver)


@pytest.mark.parametrize(
    "spoilt",
    [
        lambda token: token[:-6] + ("AAAAAA" if not token.endswith("AAAAAA") else "BBBBBB"),
        lambda token: jwt.encode(jwt.decode(token, options={"verify_signature": False}), key="", algorithm="none"),
        lambda token: jwt.encode(jwt.decode(token, options={"verify_signature": False}), "s" * 32, algorithm="HS256"),
        lambda _token: "nonsense",
        lambda _token: "a.b.c",
        lambda token: keys.signer().sign(
            jwt.decode(token, options={"verify_signature": False}) | {"iss": "https://other.example"}
        ),
    ],
    ids=["signature", "none", "secret", "nonsense", "dots", "issuer"],
)
def test_hint_that_is_not_ours_is_answered_by_a_page(driver: Driver, spoilt: Any) -> None:
    """4: nothing ends and nobody is redirected, but the person may still sign out."""
    answer = ask(driver, id_token_hint=spoilt(hint(driver)), post_logout_redirect_uri=AFTERWARDS, state="s")
    assert answer.status_code == 400
    assert b"id_token_hint is not valid" in answer.content
    assert b'href="/o/logout/"' in answer.content
    assert is_signed_in(driver)


def test_hint_and_client_id_that_disagree_are_refused(driver: Driver, other_user: Any) -> None:
    """2: "the OP MUST verify that the Client Identifier matches"."""
    other = factories.make_application().application
    answer = ask(driver, id_token_hint=hint(driver), client_id=other.client_id, post_logout_redirect_uri=AFTERWARDS)
    assert answer.status_code == 400
    assert b"disagree" in answer.content
    assert is_signed_in(driver)


def test_client_id_alone_says_whose_address_it_is_after_the_person_agreed(driver: Driver) -> None:
    """2: "client_id ... to be used when the RP can't be identified by the hint"."""
    driver.tokens()
    client_id = driver.application.client_id
    page = ask(driver, client_id=client_id, post_logout_redirect_uri=AFTERWARDS, state="s")
    assert is_question(page)
    assert driver.application.name.encode() in page.content
    answer = answer_question(driver, page)
    assert answer.status_code == 303
    assert answer["Location"] == f"{AFTERWARDS}?state=s"
    assert not is_signed_in(driver)


def test_question_lets_chrome_follow_its_form_to_the_application(driver: Driver) -> None:
    """2: Content-Security-Policy's form-action reaches over redirects."""
    driver.tokens()
    page = ask(driver, client_id=driver.application.client_id, post_logout_redirect_uri=AFTERWARDS)
    assert "form-action 'self' https://app.example.com" in page["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in page["Content-Security-Policy"]


def test_unknown_client_is_answered_by_a_page(driver: Driver) -> None:
    """2."""
    answer = ask(driver, client_id="nobody", post_logout_redirect_uri=AFTERWARDS)
    assert answer.status_code == 400
    assert b"client_id is not registered" in answer.content


def test_ui_locales_choose_the_language_of_the_question(driver: Driver) -> None:
    """2: ui_locales."""
    driver.tokens()
    page = ask(driver, ui_locales="fr zh-Hans en")
    assert b'lang="zh-hans"' in page.content


def test_logout_hint_decides_nothing(driver: Driver) -> None:
    """2: it names somebody, and proves nothing."""
    driver.tokens()
    assert is_question(ask(driver, logout_hint="ada"))


# --- 2.1. Metadata, 3. Redirection ----------------------------------------------------------------------------------


def test_discovery_names_the_endpoint(driver: Driver) -> None:
    """2.1: the address works as it stands."""
    document = driver.browser.get("/.well-known/openid-configuration").json()
    assert document["end_session_endpoint"] == f"{ISSUER}/o/logout/"
    assert driver.browser.get(urlsplit(document["end_session_endpoint"]).path).status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "https://app.example.com/other",
        f"{AFTERWARDS}?foo=bar",
        f"{AFTERWARDS}/",
        "https://app.example.com/callback",
        "https://evil.example/signed-out",
        "javascript:alert(1)",
    ],
)
def test_address_that_is_not_registered_is_answered_by_a_page(driver: Driver, address: str) -> None:
    """3: "MUST have been previously registered ... exact match"; nothing ends either."""
    answer = ask(driver, id_token_hint=hint(driver), post_logout_redirect_uri=address, state="s")
    assert answer.status_code == 400
    assert b"post_logout_redirect_uri is not registered" in answer.content
    assert is_signed_in(driver)


def test_address_without_a_hint_or_client_is_answered_by_a_page(driver: Driver) -> None:
    """3: "MUST NOT perform post-logout redirection" without means to confirm the target."""
    driver.tokens()
    answer = ask(driver, post_logout_redirect_uri=AFTERWARDS, state="s")
    assert answer.status_code == 400
    assert b"needs id_token_hint or client_id" in answer.content
    assert is_signed_in(driver)


def test_loopback_port_may_differ_as_at_sign_in(driver: Driver) -> None:
    """3: by the rules of redirect URIs (RFC 8252 7.3)."""
    wants(driver, afterwards="http://127.0.0.1/out")
    answer = ask(driver, id_token_hint=hint(driver), post_logout_redirect_uri="http://127.0.0.1:49152/out")
    assert answer["Location"] == "http://127.0.0.1:49152/out"


def test_whoever_is_signed_out_already_goes_back_at_once(driver: Driver) -> None:
    """3: the session here may have been over before."""
    token = hint(driver)
    driver.sign_out()
    answer = ask(driver, id_token_hint=token, post_logout_redirect_uri=AFTERWARDS, state="s")
    assert answer["Location"] == f"{AFTERWARDS}?state=s"


def test_without_a_hint_nobody_signed_in_goes_back_by_a_click_alone(driver: Driver) -> None:
    """3."""
    driver.sign_out()
    page = done(driver, ask(driver, client_id=driver.application.client_id, post_logout_redirect_uri=AFTERWARDS))
    assert "Refresh" not in page
    assert re.search(rf'id="go-on"[^>]*href="{AFTERWARDS}"', page.content.decode())
    assert b"data-follow" not in page.content


# --- 4. Validation, 6. Errors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query", ["state=a&state=b", "client_id=a&client_id=b", "id_token_hint=%00", "client_id=a%00", "state=%00"]
)
def test_repeated_or_unreadable_parameters_are_answered_by_a_page(driver: Driver, query: str) -> None:
    """4: never a 500."""
    driver.tokens()
    for answer in (
        driver.browser.get(f"/o/logout/?{query}"),
        driver.browser.post("/o/logout/", query, content_type="application/x-www-form-urlencoded"),
    ):
        assert answer.status_code == 400
    assert is_signed_in(driver)


def test_logout_ends_the_session_of_this_browser_alone(driver: Driver, user: Any, registered: Any) -> None:
    """2: "log out the End-User" is said of the user agent that comes."""
    elsewhere = Driver(registered, user)
    elsewhere.tokens()
    ask(driver, id_token_hint=hint(driver))
    assert is_signed_in(elsewhere)
    assert Session.objects.filter(user=user, ended_at=None).count() == 1


def test_question_that_was_left_open_too_long_says_so(driver: Driver) -> None:
    """2: what stands in the form is signed and ends."""
    driver.tokens()
    page = ask(driver)
    answer = driver.browser.post("/o/logout/asked/", {"request": page.context["sealed"] + "x", "decision": "sign_out"})
    assert answer.status_code == 400
    assert is_signed_in(driver)
    assert driver.browser.get("/o/logout/asked/").status_code == 400


def test_request_id_in_the_address_is_not_the_hint(driver: Driver) -> None:
    """6: an ID token sent by POST does not reach the history or the log as part of an address."""
    answer = ask(driver, method="post", id_token_hint=hint(driver))
    (sealed,) = parse_qs(urlsplit(answer["Location"]).query)["request"]
    assert len(sealed) < 300
