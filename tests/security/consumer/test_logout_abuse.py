"""Sign people out who did not sign out, keep those in who did, or send them somewhere: none of it works."""

import base64
import json
import logging
import re
import time
from typing import Any

import pytest
from django.core import signing
from django.test import Client
from jwcrypto import jwk

from consumer_site.models import LogoutReceipt, SessionLink
from tests.consumer.journey import HOST, Journey, assert_error_page, query_of
from tests.consumer.logout import DONE, EVENT, FRONT, OUT, SID, claims_of, is_still_in, logout_token, tell
from tests.consumer.openid_provider import CLIENT_ID, CLIENT_SECRET, SUBJECT, OpenIDProvider

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed_in(journey: Journey) -> Journey:
    """Return the person to be signed out."""
    journey.house.bend_discovery = lambda document: document.update(end_session_endpoint=f"{journey.house.issuer}/end")
    journey.sign_in()
    return journey


def part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def unsigned(house: OpenIDProvider, **header: Any) -> str:
    return f"{part({'alg': 'none', 'typ': 'logout+jwt'} | header)}.{part(claims_of(house))}."


def by_hmac(house: OpenIDProvider, secret: bytes) -> str:
    """Sign by what a verifier that let the token choose would take for its key."""
    key = jwk.JWK(kty="oct", kid=house.keys[0]["kid"], k=base64.urlsafe_b64encode(secret).rstrip(b"=").decode())
    return house.sign(claims_of(house), header={"alg": "HS256", "typ": "logout+jwt"}, key=key)


def by_public_key(house: OpenIDProvider) -> str:
    return by_hmac(house, house.keys[0].export_to_pem())


def by_client_secret(house: OpenIDProvider) -> str:
    return by_hmac(house, CLIENT_SECRET.encode() * 2)


def by_own_key(house: OpenIDProvider, **header: Any) -> str:
    return house.sign(claims_of(house), header=header, key=house.make_key("RS256", house.keys[0]["kid"]))


def with_own_key_in_the_header(house: OpenIDProvider) -> str:
    key = house.make_key("RS256", house.keys[0]["kid"])
    return house.sign(claims_of(house), header={"jwk": json.loads(key.export_public())}, key=key)


def other_claims(house: OpenIDProvider) -> str:
    head, _claims, signature = logout_token(house, sid="another-session").split(".")
    return f"{head}.{part(claims_of(house))}.{signature}"


def as_id_token(house: OpenIDProvider) -> str:
    """Send an ID token: it is signed for this very client, about this very session."""
    now = int(time.time())
    return house.sign(
        {
            "iss": house.issuer,
            "sub": SUBJECT,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 600,
            "sid": SID,
            "nonce": "n",
        }
    )


FORGERIES = [
    unsigned,
    by_public_key,
    by_client_secret,
    by_own_key,
    with_own_key_in_the_header,
    other_claims,
    as_id_token,
]


@pytest.mark.parametrize("forge", FORGERIES, ids=lambda forge: forge.__name__)
def test_forged_token_ends_nothing(signed_in: Journey, forge: Any) -> None:
    answer = tell(forge(signed_in.house))
    assert answer.status_code == 400, answer.content
    assert is_still_in(signed_in.visitor)
    assert not LogoutReceipt.objects.exists()


# What makes a signed token no logout token for this client (Back-Channel Logout 1.0 section 2.6).
LACKS: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://evil.example"},
    "no issuer": {"iss": None},
    "another client": {"aud": "another-client"},
    "several clients and none of them named": {"aud": [CLIENT_ID, "another-client"]},
    "no client": {"aud": None},
    "no event": {"events": {}},
    "events missing": {"events": None},
    "another event": {"events": {"http://schemas.openid.net/event/other": {}}},
    "event that is no object": {"events": {EVENT: True}},
    "events as a list": {"events": [EVENT]},
    "a nonce": {"nonce": "n"},
    "an empty nonce": {"nonce": ""},
    "no jti": {"jti": None},
    "an empty jti": {"jti": ""},
    "a jti that is a number": {"jti": 7},
    "nobody": {"sub": None, "sid": None},
    "everybody": {"sub": "", "sid": ""},
    "an end long ago": {"exp": 1_000_000_000},
    "no end": {"exp": None},
    "no beginning": {"iat": None},
    "a beginning days ago": {"iat": 1_000_000_000},
}


@pytest.mark.parametrize("lack", LACKS)
def test_token_that_is_no_logout_token_for_us_ends_nothing(signed_in: Journey, lack: str) -> None:
    answer = tell(logout_token(signed_in.house, **LACKS[lack]))
    assert answer.status_code == 400, answer.content
    assert is_still_in(signed_in.visitor)
    assert not LogoutReceipt.objects.exists()


@pytest.mark.parametrize("typ", ["at+jwt", "secevent+jwt", "application/id+jwt"])
def test_token_of_another_type_ends_nothing(signed_in: Journey, typ: str) -> None:
    assert tell(logout_token(signed_in.house, header={"typ": typ})).status_code == 400
    assert is_still_in(signed_in.visitor)


@pytest.mark.parametrize(
    "text", ["", ".", "..", "a.b.c", "{}", "%00", "x" * 20000, "é", f"{part({'alg': 7})}..", "[].[].[]"]
)
def test_what_is_no_token_is_refused_without_an_error(signed_in: Journey, text: str) -> None:
    assert tell(text).status_code == 400
    assert is_still_in(signed_in.visitor)


def test_logout_token_signs_nobody_in(journey: Journey) -> None:
    """A logout token is signed by the keys of ID tokens, for the same client."""
    sign = journey.house.sign
    journey.house.sign = (  # type: ignore[method-assign]  # bent
        lambda claims, **more: sign(claims | {"events": {}}, header={"typ": "logout+jwt"})
    )
    assert_error_page(journey.sign_in(), 502)


def test_captured_token_does_not_sign_out_the_next_sign_in(signed_in: Journey) -> None:
    captured = logout_token(signed_in.house, sid=None)
    tell(captured)
    signed_in.sign_in()
    for _attempt in range(2):
        tell(captured)
    assert is_still_in(signed_in.visitor)


def test_token_of_one_issuer_ends_nothing_of_another_s(signed_in: Journey) -> None:
    SessionLink.objects.update(issuer="https://other.example")
    assert tell(logout_token(signed_in.house)).status_code == 200
    assert tell(logout_token(signed_in.house, sid=None)).status_code == 200
    assert SessionLink.objects.exists()
    assert is_still_in(signed_in.visitor)


def test_link_to_the_front_channel_signs_out_nobody_who_follows_it(signed_in: Journey) -> None:
    for query in ("", "?iss=&sid=", f"?iss={signed_in.house.issuer}", f"?iss={signed_in.house.issuer}&sid=guess"):
        signed_in.visitor.get(FRONT + query)
    assert is_still_in(signed_in.visitor)


def test_foreign_form_signs_nobody_out(signed_in: Journey) -> None:
    browser = Client(headers={"host": HOST}, enforce_csrf_checks=True)
    browser.cookies = signed_in.visitor.cookies
    assert browser.post(OUT, {"where": "provider"}).status_code == 403
    assert browser.get(OUT, {"where": "provider"}).status_code == 200
    assert is_still_in(signed_in.visitor)


@pytest.mark.parametrize("name", ["next", "post_logout_redirect_uri", "redirect", "state"])
def test_way_back_sends_nobody_elsewhere(signed_in: Journey, name: str) -> None:
    signed_in.visitor.post(OUT, {"where": "provider", name: "https://evil.example"})
    page = signed_in.visitor.get(DONE, {name: "https://evil.example"})
    assert page.status_code == 200
    # The language switch leads back to this page with its query; nothing else names what was sent.
    assert not re.search(rb'(href|action)="[^"]*evil', page.content)


def test_cookie_of_the_way_back_can_t_be_made_up(signed_in: Journey) -> None:
    query = query_of(signed_in.visitor.post(OUT, {"where": "provider"})["Location"])
    cookie = signed_in.visitor.cookies["consumer_sign_out"]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == (DONE, True, "Lax")
    for made_up in ("x", signing.dumps({"provider": "house", "state": "s"}), cookie.value[:-1]):
        browser = Client(headers={"host": HOST})
        browser.cookies["consumer_sign_out"] = made_up
        page = browser.get(DONE, {"state": "s"}).content.decode()
        assert "here and at" not in page
    assert query["state"] not in signed_in.visitor.get(DONE).content.decode()


def test_id_token_is_in_no_page_session_or_log(signed_in: Journey, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    hint = query_of(signed_in.visitor.post(OUT, {"where": "provider"})["Location"])["id_token_hint"]
    assert hint.split(".")[1] not in signed_in.visitor.cookies["consumer_sign_out"].value
    signed_in.sign_in()
    # The next one is signed anew, with the same head: what follows it is what must not be seen.
    sealed = SessionLink.objects.get().sealed_id_token
    shown = signed_in.visitor.get(OUT).content.decode() + str(dict(signed_in.visitor.session)) + caplog.text
    for secret in (hint, hint.split(".")[2], sealed):
        assert secret not in shown
