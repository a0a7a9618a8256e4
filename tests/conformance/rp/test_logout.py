"""Signing out at the provider too, and being signed out by it (RP-Initiated, Back-Channel and Front-Channel Logout)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.conformance.plans import module
from tests.conformance.rp import conditions, tokens
from tests.conformance.rp.consumer import RelyingParty
from tests.conformance.rp.suite_op import Claims

BACK, FRONT = "backchannel_logout_uri", "frontchannel_logout_uri"
Begin = Callable[..., RelyingParty]


@pytest.fixture
def begin(rp: RelyingParty) -> Begin:
    """Return a function that registers the addresses of logout and signs a person in."""

    def sign_in(*channels: str) -> RelyingParty:
        rp.op.has_logout = True
        rp.configure(id_token_signed_response_alg="RS256")
        rp.op.client.post_logout_redirect_uris = (rp.consumer.address("logout/done"),)
        for channel in channels:
            name = channel.removesuffix("_logout_uri")
            setattr(rp.op.client, channel, rp.consumer.address(f"logout/{name}"))
        rp.sign_in()
        return rp

    return sign_in


def comes_back(rp: RelyingParty) -> None:
    """Check that a person who signs out ends at a page of this site, signed out, and by way of the provider."""
    page = rp.sign_out()
    assert page.status == 200, page.text
    assert page.url.startswith(rp.consumer.origin), page.url
    assert len(rp.op.at("end_session_endpoint")) == 1
    assert not rp.is_signed_in()


@module("oidcc-client-test-rp-init-logout")
def test_sign_out_goes_by_way_of_the_provider(begin: Begin) -> None:
    """The end session request has an ID token that was issued, a registered post_logout_redirect_uri and state."""
    rp = begin(BACK, FRONT)
    comes_back(rp)
    assert f"{rp.consumer.address('logout/done')}?state=" in "\n".join(rp.browser.visited)
    conditions.logout_answer(rp.op.logout_answers[0].status_code, rp.op.logout_answers[0].headers, expected=200)


@module("oidcc-client-test-rp-init-logout-other-state")
def test_other_state_after_the_sign_out_is_no_error(begin: Begin) -> None:
    """A post-logout redirect with another state than was sent ends at a page that says the person is signed out."""
    rp = begin(BACK)
    rp.op.state_at_logout = lambda state: state + "_INVALID"
    comes_back(rp)


@module("oidcc-client-test-rp-init-logout-no-state")
def test_missing_state_after_the_sign_out_is_no_error(begin: Begin) -> None:
    """A post-logout redirect without the state that was sent ends at that page too."""
    rp = begin(BACK)
    rp.op.state_at_logout = lambda state: None
    comes_back(rp)


def is_framed(rp: RelyingParty) -> None:
    """Check that the front-channel address was loaded in a frame once, answered, and let the provider frame it."""
    ((address, answer),) = rp.browser.framed
    assert address.partition("?")[0] == rp.op.client.frontchannel_logout_uri
    assert answer.status_code == 200, answer.text
    assert "no-store" in answer.headers["Cache-Control"]
    assert "X-Frame-Options" not in answer.headers
    policy = answer.headers.get("Content-Security-Policy", "")
    assert "frame-ancestors" not in policy or rp.op.origin in policy, policy


@module("oidcc-client-test-rp-frontchannel-rpinitlogout")
def test_provider_frames_the_front_channel_page(begin: Begin) -> None:
    """The provider's page loads the front-channel address in a frame: it answers, and may be framed there."""
    rp = begin(FRONT)
    comes_back(rp)
    is_framed(rp)


@module("oidcc-client-test-rp-frontchannel-opinitlogout")
def test_front_channel_page_signs_out_by_itself(begin: Begin) -> None:
    """The same page, framed where the provider began, ends the session that iss and sid name, without a cookie."""
    rp = begin(FRONT)
    rp.browser.open(rp.op.issuer + "frontchannel_logout_handler")
    is_framed(rp)
    assert not rp.is_signed_in()


@module("oidcc-client-test-rp-backchannel-rpinitlogout")
def test_logout_token_is_obeyed(begin: Begin) -> None:
    """A logout token is answered by 200 and no-store, and ends the session that it names in every browser."""
    rp = begin(BACK)
    answer = rp.op.send_logout_token()
    conditions.logout_answer(answer.status_code, answer.headers, expected=200)
    assert not rp.is_signed_in()
    rp.sign_in()
    comes_back(rp)
    answer = rp.op.logout_answers[-1]
    conditions.logout_answer(answer.status_code, answer.headers, expected=200)


def is_rejected(rp: RelyingParty) -> None:
    """Check that a logout token is answered by 400 and ends nothing, during a sign-out and without one."""
    answer = rp.op.send_logout_token()
    conditions.logout_answer(answer.status_code, answer.headers, expected=400)
    assert rp.is_signed_in()
    comes_back(rp)
    answer = rp.op.logout_answers[-1]
    conditions.logout_answer(answer.status_code, answer.headers, expected=400)


@module("oidcc-client-test-rp-backchannel-rpinitlogout-alg-none")
def test_unsigned_logout_token_is_rejected(begin: Begin) -> None:
    """A logout token with the algorithm none is answered by 400, and ends nothing."""
    rp = begin(BACK)
    rp.op.sign_logout = tokens.unsigned
    is_rejected(rp)


@module("oidcc-client-test-rp-backchannel-rpinitlogout-wrong-alg")
def test_logout_token_by_another_algorithm_is_rejected(begin: Begin) -> None:
    """A logout token by ES256, where ID tokens are signed by RS256, is answered by 400, its signature being sound."""
    rp = begin(BACK)
    rp.op.sign_logout = lambda claims: tokens.signed(claims, rp.op.keys, "ES256")
    is_rejected(rp)


def _changed(begin: Begin, change: Callable[[Claims], Any]) -> None:
    rp = begin(BACK)
    rp.op.change_logout_claims = change
    is_rejected(rp)


@module("oidcc-client-test-rp-backchannel-rpinitlogout-no-event")
def test_logout_token_without_event_is_rejected(begin: Begin) -> None:
    """A logout token without `events` is answered by 400, and ends nothing."""
    _changed(begin, lambda claims: claims.pop("events"))


@module("oidcc-client-test-rp-backchannel-rpinitlogout-wrong-event")
def test_logout_token_of_another_event_is_rejected(begin: Begin) -> None:
    """A logout token with another event is answered by 400."""
    _changed(begin, lambda claims: claims.update(events={"http://schemas.openid.net/event/foobar": {}}))


@module("oidcc-client-test-rp-backchannel-rpinitlogout-with-nonce")
def test_logout_token_with_nonce_is_rejected(begin: Begin) -> None:
    """A logout token with a nonce is answered by 400: it could be an ID token."""
    _changed(begin, lambda claims: claims.update(nonce="logout_tokens_must_not_contain_a_nonce"))


@module("oidcc-client-test-rp-backchannel-rpinitlogout-wrong-aud")
def test_logout_token_for_another_client_is_rejected(begin: Begin) -> None:
    """A logout token with another `aud` is answered by 400."""
    _changed(begin, lambda claims: claims.update(aud=claims["aud"] + "INVALID"))


@module("oidcc-client-test-rp-backchannel-rpinitlogout-wrong-iss")
def test_logout_token_of_another_issuer_is_rejected(begin: Begin) -> None:
    """A logout token with another `iss` is answered by 400."""
    _changed(begin, lambda claims: claims.update(iss=claims["iss"] + "INVALID"))
