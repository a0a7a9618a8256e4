"""Logout tokens over HTTP: what a good one ends, and every check of a bad one (Back-Channel Logout 1.0)."""

import logging
import time
from collections.abc import Callable
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount, SocialApp
from django.test import Client

from consumer_site.models import LogoutReceipt, SessionLink, StoredToken
from tests.consumer.journey import HOST, Journey
from tests.consumer.logout import BACK, EVENT, SID, claims_of, is_still_in, logout_token, signed_in_by, tell
from tests.consumer.openid_provider import CLIENT_ID, CLIENT_SECRET, KINDS, Answer, OpenIDProvider

pytestmark = pytest.mark.django_db
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def signed_in(journey: Journey, user: Any) -> Journey:
    """Return a person who is signed in."""
    signed_in_by(journey.house, journey.visitor, user)
    assert is_still_in(journey.visitor)
    return journey


def test_token_ends_the_session_it_names(signed_in: Journey) -> None:
    answer = tell(logout_token(signed_in.house))
    assert (answer.status_code, answer.content) == (200, b"")
    assert "no-store" in answer["Cache-Control"]
    assert not answer.cookies
    assert not is_still_in(signed_in.visitor)
    assert not SessionLink.objects.exists()
    receipt = LogoutReceipt.objects.get()
    assert (receipt.issuer, receipt.sid, receipt.sessions_ended) == (signed_in.house.issuer, SID, 1)


@pytest.mark.parametrize("algorithm", sorted(KINDS))
def test_every_algorithm_of_id_tokens_signs_logout_tokens(journey: Journey, algorithm: str) -> None:
    journey.house.use(algorithm)
    journey.sign_in()
    assert tell(logout_token(journey.house)).status_code == 200
    assert not is_still_in(journey.visitor)


@pytest.mark.parametrize("typ", [None, "JWT", "logout+jwt", "application/logout+jwt", "LOGOUT+JWT"])
def test_type_of_the_token_may_be_left_out(signed_in: Journey, typ: str | None) -> None:
    assert tell(logout_token(signed_in.house, header={"typ": typ})).status_code == 200


GOOD: dict[str, Callable[[OpenIDProvider], dict[str, Any]]] = {
    "sid alone": lambda house: {"sub": None},
    "sub alone": lambda house: {"sid": None},
    "claims that are not known": lambda house: {"ignored": ["x"]},
    "several clients, and it is for this one": lambda house: {"aud": [CLIENT_ID, "other"], "azp": CLIENT_ID},
    "a further event": lambda house: {"events": {EVENT: {}, "https://example.com/event": {}}},
    "clock a little ahead": lambda house: {"iat": int(time.time()) + 10},
    "another subject's name beside the sid": lambda house: {"sub": "somebody-else"},
}


@pytest.mark.parametrize("case", GOOD)
def test_token_is_obeyed(signed_in: Journey, case: str) -> None:
    assert tell(logout_token(signed_in.house, **GOOD[case](signed_in.house))).status_code == 200
    assert not is_still_in(signed_in.visitor)


BAD: dict[str, Callable[[OpenIDProvider], dict[str, Any]]] = {
    "iss of another": lambda house: {"iss": "https://other.example"},
    "iss with a slash more": lambda house: {"iss": house.issuer + "/"},
    "iss missing": lambda house: {"iss": None},
    "aud of another": lambda house: {"aud": "other"},
    "aud missing": lambda house: {"aud": None},
    "aud of several without azp": lambda house: {"aud": [CLIENT_ID, "other"]},
    "iat missing": lambda house: {"iat": None},
    "iat in the future": lambda house: {"iat": int(time.time()) + 3600},
    "iat long ago": lambda house: {"iat": int(time.time()) - 2 * 86400},
    "iat as text": lambda house: {"iat": "now"},
    "exp missing": lambda house: {"exp": None},
    "exp past": lambda house: {"exp": int(time.time()) - 3600},
    "jti missing": lambda house: {"jti": None},
    "jti empty": lambda house: {"jti": ""},
    "jti a number": lambda house: {"jti": 7},
    "events missing": lambda house: {"events": None},
    "events a list": lambda house: {"events": [EVENT]},
    "events of another name": lambda house: {"events": {EVENT + "x": {}}},
    "event no object": lambda house: {"events": {EVENT: True}},
    "nonce": lambda house: {"nonce": "n"},
    "nonce empty": lambda house: {"nonce": ""},
    "neither sub nor sid": lambda house: {"sub": None, "sid": None},
    "sid empty": lambda house: {"sid": ""},
    "sid a number": lambda house: {"sid": 1},
    "sid long": lambda house: {"sid": "x" * 256},
    "sid with a control": lambda house: {"sid": SID + "\x00"},
    "sub a list": lambda house: {"sub": ["x"], "sid": None},
}


@pytest.mark.parametrize("case", BAD)
def test_token_that_breaks_a_rule_is_refused_and_ends_nothing(signed_in: Journey, case: str) -> None:
    answer = tell(logout_token(signed_in.house, **BAD[case](signed_in.house)))
    assert answer.status_code == 400, answer.content
    assert answer.json()["error"] == "invalid_request"
    assert answer.json()["error_description"]
    assert "no-store" in answer["Cache-Control"]
    assert is_still_in(signed_in.visitor)
    assert not LogoutReceipt.objects.exists()


@pytest.mark.parametrize("typ", ["at+jwt", "secevent+jwt", "application/dpop+jwt"])
def test_token_of_another_type_is_refused(signed_in: Journey, typ: str) -> None:
    assert tell(logout_token(signed_in.house, header={"typ": typ})).status_code == 400
    assert is_still_in(signed_in.visitor)


def test_algorithm_that_the_client_is_not_registered_with_is_refused(journey: Journey, house_entry: Any) -> None:
    journey.house.use("ES256")
    journey.house.bend_discovery = lambda document: document.update(
        id_token_signing_alg_values_supported=["ES256", "RS256"]
    )
    house_entry.settings = {**house_entry.settings, "id_token_signed_response_alg": "RS256"}
    house_entry.save()
    assert tell(logout_token(journey.house)).status_code == 400


REQUESTS: dict[str, dict[str, Any]] = {
    "JSON": {"data": '{"logout_token": "%s"}', "content_type": "application/json"},
    "a file upload": {"data": {"logout_token": "%s"}},
    "a form that says it is text": {"data": "logout_token=%s", "content_type": "text/plain"},
    "no token": {"data": "token=%s", "content_type": FORM},
    "two tokens": {"data": "logout_token=%s&logout_token=%s", "content_type": FORM},
    "bytes that are no text": {"data": b"logout_token=%s\xff", "content_type": FORM},
    "very long": {"data": "logout_token=%s&x=" + "x" * 70000, "content_type": FORM},
    "many fields": {"data": "logout_token=%s" + "&x=1" * 60, "content_type": FORM},
    "empty": {"data": "", "content_type": FORM},
}


@pytest.mark.parametrize("case", REQUESTS)
def test_request_of_another_form_is_refused(signed_in: Journey, case: str) -> None:
    token, request = logout_token(signed_in.house), dict(REQUESTS[case])
    data = request.pop("data")
    if isinstance(data, dict):
        data = dict.fromkeys(data, token)
    elif isinstance(data, bytes):
        data = data.replace(b"%s", token.encode())
    else:
        data = data.replace("%s", token)
    answer = Client(headers={"host": HOST}).post(BACK, data, **request)
    assert answer.status_code == 400, answer.content
    assert "no-store" in answer["Cache-Control"]
    assert is_still_in(signed_in.visitor)


@pytest.mark.parametrize("method", ["get", "head", "put", "delete", "options"])
def test_other_methods_are_refused(signed_in: Journey, method: str) -> None:
    send = getattr(signed_in.visitor, method)
    answer = send(f"{BACK}?logout_token={logout_token(signed_in.house)}")
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert is_still_in(signed_in.visitor)


def test_further_fields_are_ignored(signed_in: Journey) -> None:
    body = f"ignored=1&logout_token={logout_token(signed_in.house)}&also=%C3%A4"
    assert Client(headers={"host": HOST}).post(BACK, body, content_type=FORM).status_code == 200
    assert not is_still_in(signed_in.visitor)


def test_address_of_no_entry_is_not_found(signed_in: Journey) -> None:
    assert tell(logout_token(signed_in.house), address="/accounts/house/other/logout/backchannel/").status_code == 404


def test_token_for_a_session_that_is_not_here_is_a_success(journey: Journey) -> None:
    assert tell(logout_token(journey.house)).status_code == 200
    assert LogoutReceipt.objects.get().sessions_ended == 0


def test_repeated_token_succeeds_and_changes_nothing(signed_in: Journey) -> None:
    token = logout_token(signed_in.house, sid=None)
    assert tell(token).status_code == 200
    signed_in.sign_in()
    assert tell(token).status_code == 200
    assert is_still_in(signed_in.visitor)
    assert LogoutReceipt.objects.get().sessions_ended == 1


def test_same_jti_of_another_issuer_is_another_token(signed_in: Journey) -> None:
    LogoutReceipt.objects.create(digest="0" * 64, issuer="https://other.example", expires_at="2100-01-01T00:00Z")
    assert tell(logout_token(signed_in.house)).status_code == 200
    assert not is_still_in(signed_in.visitor)


def another_session(journey: Journey, *, sid: str, subject: str = "") -> Journey:
    """Sign in from another browser, in another session at the provider."""
    other = Journey(journey.house, Client(headers={"host": HOST}))
    before = journey.house.userinfo["sub"]
    journey.house.bend_claims = lambda claims: claims.update(sid=sid)
    journey.house.userinfo["sub"] = subject or before
    other.sign_in()
    journey.house.userinfo["sub"] = before
    journey.house.bend_claims = lambda claims: None
    assert is_still_in(other.visitor)
    return other


def test_sid_ends_that_session_alone(signed_in: Journey) -> None:
    phone = another_session(signed_in, sid="the-phone-s-session")
    assert tell(logout_token(signed_in.house)).status_code == 200
    assert not is_still_in(signed_in.visitor)
    assert is_still_in(phone.visitor)


def test_sub_alone_ends_all_of_the_subject_and_nobody_else_s(signed_in: Journey) -> None:
    phone = another_session(signed_in, sid="the-phone-s-session")
    stranger = another_session(signed_in, sid="a-stranger-s-session", subject="somebody-else")
    assert tell(logout_token(signed_in.house, sid=None)).status_code == 200
    assert [is_still_in(one.visitor) for one in (signed_in, phone, stranger)] == [False, False, True]
    assert LogoutReceipt.objects.get().sessions_ended == 2


def test_another_entry_of_the_same_issuer_is_told_by_its_own_token(signed_in: Journey) -> None:
    other = SocialApp.objects.create(
        provider="house",
        provider_id="second",
        name="Second",
        client_id=CLIENT_ID,
        secret=CLIENT_SECRET,
        settings={"server_url": signed_in.house.issuer},
    )
    address = f"/accounts/house/{other.provider_id}/logout/backchannel/"
    assert tell(logout_token(signed_in.house), address=address).status_code == 200
    assert is_still_in(signed_in.visitor)


def test_session_from_before_entries_had_names_is_the_default_entry_s(signed_in: Journey) -> None:
    SessionLink.objects.update(provider="")
    assert tell(logout_token(signed_in.house)).status_code == 200
    assert not is_still_in(signed_in.visitor)


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/jwks"])
def test_provider_that_is_down_is_asked_to_try_again(signed_in: Journey, path: str) -> None:
    from django.core.cache import cache

    cache.clear()
    signed_in.house.replies[path] = Answer({}, status=503)
    token = logout_token(signed_in.house)
    answer = tell(token)
    assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
    assert answer["Retry-After"]
    assert is_still_in(signed_in.visitor)
    del signed_in.house.replies[path]
    assert tell(token).status_code == 200
    assert not is_still_in(signed_in.visitor)


def test_new_key_whose_set_could_not_be_read_is_no_refusal(signed_in: Journey) -> None:
    assert tell(logout_token(signed_in.house, sid="another-session")).status_code == 200
    signed_in.house.keys = [OpenIDProvider.make_key("RS256", "new")]
    signed_in.house.replies["/jwks"] = Answer({}, status=503)
    token = logout_token(signed_in.house)
    # The second finds that the set was asked for a moment ago: 400 would end the provider's attempts.
    assert [tell(token).status_code for _attempt in range(2)] == [503, 503]


def test_tokens_without_offline_access_are_forgotten(journey: Journey) -> None:
    journey.house.grant = "openid nickname"
    journey.sign_in()
    tell(logout_token(journey.house))
    assert not StoredToken.objects.exists()
    assert SocialAccount.objects.exists()


def test_tokens_with_offline_access_stay(journey: Journey) -> None:
    journey.house.grant = "openid offline_access"
    journey.sign_in()
    tell(logout_token(journey.house))
    assert StoredToken.objects.get().scope == "openid offline_access"


def test_tokens_of_a_later_sign_in_stay(journey: Journey) -> None:
    journey.house.grant = "openid nickname"
    journey.sign_in()
    phone = another_session(journey, sid="the-phone-s-session")
    tell(logout_token(journey.house))
    assert StoredToken.objects.exists()
    assert is_still_in(phone.visitor)


def test_log_names_the_entry_and_the_reason_and_nothing_of_the_token(
    signed_in: Journey, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="consumer_site")
    good, bad = logout_token(signed_in.house), logout_token(signed_in.house, nonce="n")
    tell(bad)
    tell(good)
    tell(good)
    lines = [record.getMessage() for record in caplog.records if record.name == "consumer_site.logout"]
    assert lines == [
        "back-channel logout refused: provider=house reason=nonce is present",
        "back-channel logout: provider=house sessions=1",
        "back-channel logout repeated: provider=house",
    ]
    for secret in (good, bad, SID, claims_of(signed_in.house)["sub"]):
        assert secret not in caplog.text
