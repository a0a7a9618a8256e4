"""Whatever is sent to the logout endpoint: a page, or the address its application has registered.

OpenID RP-Initiated Logout 3, 6; RFC 9700 4.11.
"""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from tests.provider.driver import ISSUER_HOST, Driver
from tests.provider.logout import AFTERWARDS, BACK, FRONT, LOGOUT, wants
from tests.security.any_answer import check_page, is_ours
from tests.security.any_request import EVIL, METHODS, TYPES, Pairs, apply, joined, read, requests_like, send, trying

LIKELY = {
    "id_token_hint": ["a.b.c", "e30.e30.", "eyJhbGciOiJub25lIn0.e30.", "eyJhbGciOiJSUzI1NiIsImtpZCI6MX0.W10.AA"],
    "client_id": ["unknown"],
    "post_logout_redirect_uri": [
        f"{EVIL}/", f"{AFTERWARDS}/", f"{AFTERWARDS}?x=1", AFTERWARDS.upper(), f"{AFTERWARDS}#x", "//evil.example", "/",
        AFTERWARDS.replace("app.", "app.example.com@evil."), f"{AFTERWARDS}\\@evil.example", "javascript:alert(1)",
    ],
    "state": ["s", "a b&c=d", "中文", "'\"<>"],
    "logout_hint": ["ada"], "ui_locales": ["zh-Hans", "xx"], "decision": ["sign_out"], "request": ["x", "a:b:c"],
    "outcome": ["x"], "next": [EVIL], "csrfmiddlewaretoken": ["x"], "": [""],
}  # fmt: skip


class Scene:
    """Somebody signed in to an application that wants to hear of the end, and nobody."""

    def __init__(self, driver: Driver) -> None:
        wants(driver, front=FRONT, back=BACK)
        self.tokens = driver.tokens()
        self.browsers = {"signed in": driver.browser, "nobody": Client(headers={"host": ISSUER_HOST})}
        hint, client_id = self.tokens.body["id_token"], driver.application.client_id
        self.base = {
            "id_token_hint": hint,
            "post_logout_redirect_uri": AFTERWARDS,
            "state": "s",
            "client_id": client_id,
        }
        self.likely = LIKELY | {"id_token_hint": [*LIKELY["id_token_hint"], hint[:-8], self.tokens.access]}
        self.secrets = [driver.secret, self.tokens.access, self.tokens.refresh, hint]

    def check(self, who: str, address: str = LOGOUT, **request: Any) -> str | None:
        """Send a request, follow it as far as it goes by itself; return where it led outside, if anywhere."""
        cache.clear()
        sent = read(request.get("query", ""), request.get("body", ""))
        browser = self.browsers[who]
        # A page's form for the language names the page's own address, with what the application has put there.
        secrets = [secret for secret in self.secrets if secret not in request.get("query", "")]
        with transaction.atomic():
            answer = send(browser, address, **request)
            for _hop in range(4):
                heads = f"{dict(answer.headers)}"
                assert not [secret for secret in secrets if secret in answer.content.decode() + heads]
                if answer.status_code not in {302, 303} or not is_ours(answer["Location"]):
                    break
                assert answer["Location"].startswith(LOGOUT), answer["Location"]
                answer = browser.get(answer["Location"])
            transaction.set_rollback(True)
        if answer.status_code in {302, 303}:
            return self.check_address(answer["Location"], sent.get("state", []))
        check_page(answer, redirect_uri=AFTERWARDS, states=[])
        return None

    def check_address(self, location: str, states: list[str]) -> str:
        """Check that the address is the registered one, with the state as it came."""
        address, _mark, query = location.partition("?")
        assert address == AFTERWARDS, location
        assert location.isascii()
        assert not urlsplit(location).fragment
        assert parse_qs(query, keep_blank_values=True, strict_parsing=bool(query)) in (
            [{}] if not any(states) else [{"state": [state]} for state in states]
        )
        return address


@pytest.fixture
def scene(driver: Driver) -> Scene:
    """Return the people and the application."""
    return Scene(driver)


def test_right_request_leads_to_the_application_so_that_the_rest_means_something(scene: Scene) -> None:
    assert scene.check("nobody", query=joined(apply(scene.base, []))) == AFTERWARDS


def test_any_parameters_are_a_page_or_the_registered_address(scene: Scene) -> None:
    @trying(120)
    @given(
        pairs=requests_like(scene.base, scene.likely),
        who=st.sampled_from(sorted(scene.browsers)),
        posted=st.booleans(),
        address=st.sampled_from([LOGOUT, LOGOUT, LOGOUT, f"{LOGOUT}asked/", f"{LOGOUT}done/"]),
    )
    def check(pairs: Pairs, who: str, posted: bool, address: str) -> None:
        how = {"method": "POST", "body": joined(pairs)} if posted else {"query": joined(pairs)}
        scene.check(who, address, **how)

    check()


def test_any_method_and_type_is_a_page_or_the_registered_address(scene: Scene) -> None:
    right = joined(apply(scene.base, []))

    @trying(40)
    @given(
        method=st.sampled_from(METHODS),
        content_type=st.sampled_from([kind for kind in TYPES if "charset" not in kind]),
        body=st.just(right) | st.binary(max_size=60).map(lambda raw: raw.decode("latin-1")),
        query=st.sampled_from(["", right, "%", "request=x"]),
    )
    def check(method: str, content_type: str, body: str, query: str) -> None:
        scene.check("signed in", method=method, content_type=content_type, body=body, query=query)

    check()
