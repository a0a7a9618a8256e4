"""The front channel: a frame on the provider's page, which brings no cookie (Front-Channel Logout 1.0)."""

from typing import Any

import pytest
from django.test import Client

from tests.consumer.journey import HOST, Journey
from tests.consumer.logout import FRONT, SID, frame, is_still_in, signed_in_by

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed_in(journey: Journey, user: Any) -> Journey:
    """Return a person who is signed in."""
    signed_in_by(journey.house, journey.visitor, user)
    assert is_still_in(journey.visitor)
    return journey


def test_frame_ends_the_session_that_it_names(signed_in: Journey) -> None:
    answer = frame(signed_in.house.issuer, SID)
    assert (answer.status_code, answer.content) == (200, b"")
    assert not is_still_in(signed_in.visitor)


def test_page_may_be_framed_by_that_issuer_alone_and_is_kept_by_nobody(signed_in: Journey) -> None:
    answer = frame(signed_in.house.issuer, SID)
    policy = answer["Content-Security-Policy"]
    assert policy == f"default-src 'none'; frame-ancestors {signed_in.house.issuer}"
    assert "X-Frame-Options" not in answer
    assert "no-store" in answer["Cache-Control"]
    assert not answer.cookies


@pytest.mark.parametrize(
    ("issuer", "sid"),
    [
        ("%s", "another-session-there"),
        ("%s/", SID),
        ("https://other.example", SID),
        ("%s", SID + " "),
        ("%s", SID[:15]),
    ],
)
def test_pair_that_is_not_known_ends_nothing_and_is_answered_alike(signed_in: Journey, issuer: str, sid: str) -> None:
    issuer = issuer.replace("%s", signed_in.house.issuer)
    answer, known = frame(issuer, sid), frame(signed_in.house.issuer, "no-session-of-anybody")
    for each in (answer, known):
        del each.headers["X-Request-Reference"]
    assert (answer.status_code, answer.content, answer.headers) == (known.status_code, known.content, known.headers)
    assert is_still_in(signed_in.visitor)


def test_short_sid_is_left_to_the_back_channel(signed_in: Journey) -> None:
    from consumer_site.models import SessionLink

    SessionLink.objects.update(sid="1234")
    assert frame(signed_in.house.issuer, "1234").status_code == 200
    assert is_still_in(signed_in.visitor)


@pytest.mark.parametrize(
    "query", ["", "iss=%s", f"sid={SID}", "iss=%s&sid=", f"iss=%s&iss=%s&sid={SID}", "iss=%s&sid=%00"]
)
def test_malformed_request_ends_nothing_also_with_the_person_s_cookie(signed_in: Journey, query: str) -> None:
    address = f"{FRONT}?{query.replace('%s', signed_in.house.issuer)}"
    assert signed_in.visitor.get(address).status_code == 400
    assert is_still_in(signed_in.visitor)


def test_issuer_that_the_entry_had_before_ends_nothing(signed_in: Journey) -> None:
    from consumer_site.models import SessionLink

    SessionLink.objects.update(issuer="https://former.example")
    assert frame("https://former.example", SID).status_code == 200
    assert is_still_in(signed_in.visitor)


@pytest.mark.parametrize("method", ["post", "head", "put"])
def test_other_methods_end_nothing(signed_in: Journey, method: str) -> None:
    send: Any = getattr(Client(headers={"host": HOST}), method)
    assert send(f"{FRONT}?iss={signed_in.house.issuer}&sid={SID}").status_code == 405
    assert is_still_in(signed_in.visitor)


def test_address_of_no_entry_is_not_found(signed_in: Journey) -> None:
    answer = frame(signed_in.house.issuer, SID, address="/accounts/house/other/logout/frontchannel/")
    assert answer.status_code == 404
    assert is_still_in(signed_in.visitor)
