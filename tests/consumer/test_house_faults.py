"""End every failure of a sign-in on a page that says what to do."""

import logging
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.views.debug import ExceptionReporter

from consumer_site.models import StoredToken
from tests.consumer.journey import CALLBACK, LOGIN, Journey, assert_error_page, is_signed_in
from tests.consumer.openid_provider import CLIENT_ID, Answer, OpenIDProvider

pytestmark = pytest.mark.django_db


# --- errors the provider reports ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        ("access_denied", 403, "nothing was shared"),
        ("temporarily_unavailable", 502, "reached right now"),
        ("server_error", 502, "reached right now"),
        ("unauthorized_client", 503, "not set up correctly"),
        ("invalid_scope", 503, "not set up correctly"),
        ("login_required", 502, "answered with an error"),
        ("<script>alert(1)</script>", 502, "answered with an error"),
    ],
)
def test_error_at_the_provider_is_a_page(journey: Journey, error: str, status: int, words: str) -> None:
    response = journey.sign_in(error=error, error_description="<b>never shown</b>")
    assert_error_page(response, status, words)
    assert "never shown" not in response.content.decode()
    assert "<script>" not in response.content.decode()


def test_refusal_offers_to_try_again_and_keeps_where_to_go(journey: Journey) -> None:
    text = journey.sign_in(error="access_denied", form={"next": "/calendar/?month=2030-01"}).content.decode()
    assert f'action="{LOGIN}"' in text
    assert 'value="/calendar/?month=2030-01"' in text


@pytest.mark.parametrize(
    ("reply", "status", "words"),
    [
        (Answer({"error": "invalid_grant"}, status=400), 400, "already used"),
        (Answer({"error": "invalid_client"}, status=401), 503, "not set up correctly"),
        (Answer({"error": "unauthorized_client"}, status=400), 503, "not set up correctly"),
        (Answer({"error": "something_else"}, status=400), 502, "use"),
        (Answer({"error": ["x"]}, status=400), 502, "use"),
        (Answer(b"<html>down</html>", status=503), 502, "reached right now"),
        (Answer(b"", status=500), 502, "reached right now"),
        (Answer(b"<html>hello</html>"), 502, "use"),
        (Answer(b"{"), 502, "use"),
        (Answer(b"[" * 100_000), 502, "use"),
        (Answer(b"[]"), 502, "use"),
        (Answer(b"null"), 502, "use"),
        (Answer(b"\xff\xfe\x00"), 502, "use"),
        (Answer(b'{"access_token": NaN}'), 502, "use"),
        (Answer(b'{"access_token": "\\ud800"}'), 502, "use"),
        (Answer({}), 502, "use"),
        (Answer({"error": "invalid_grant"}), 502, "use"),
        (Answer({}, status=302, headers={"Location": "http://127.0.0.1:1/"}), 502, "use"),
        (Answer(b" " * 2_000_000), 502, "use"),
    ],
)
def test_nonsense_at_the_token_endpoint_is_a_page(journey: Journey, reply: Answer, status: int, words: str) -> None:
    journey.house.replies["/token"] = reply
    assert_error_page(journey.sign_in(), status, words)
    assert not is_signed_in(journey.visitor)


@pytest.mark.parametrize(
    "bend",
    [
        lambda answer: answer.pop("access_token"),
        lambda answer: answer.update(access_token=5),
        lambda answer: answer.update(access_token=""),
        lambda answer: answer.update(access_token="a\nb"),
        lambda answer: answer.pop("id_token"),
        lambda answer: answer.update(id_token=None),
        lambda answer: answer.update(id_token="a.b"),
        lambda answer: answer.update(id_token="a.b.c"),
        lambda answer: answer.update(id_token="e30.e30."),
        lambda answer: answer.pop("token_type"),
        lambda answer: answer.update(token_type="mac"),
        lambda answer: answer.update(refresh_token=7),
        lambda answer: answer.update(scope=["openid"]),
        lambda answer: answer.update(scope='"'),
    ],
)
def test_malformed_token_answer_is_a_page(journey: Journey, bend: Any) -> None:
    journey.house.bend_tokens = bend
    assert_error_page(journey.sign_in(), 502)
    assert not is_signed_in(journey.visitor)


@pytest.mark.parametrize("lifetime", [None, "3600", -1, 1e300, True, [], "soon", 10**30])
def test_nonsensical_lifetime_does_not_stop_a_sign_in(journey: Journey, lifetime: Any) -> None:
    journey.house.bend_tokens = lambda answer: answer.update(expires_in=lifetime, token_type="bearer")
    assert journey.sign_in().status_code == 302


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/jwks", "/userinfo"])
@pytest.mark.parametrize(
    "reply",
    [
        Answer(b"<html>"),
        Answer(b"[]"),
        Answer({}, status=404),
        Answer({}, status=500),
        Answer({}, status=204),
        Answer({"keys": 5}),
        Answer({"keys": [5, {}, {"kty": "RSA", "kid": "key-1", "n": 5, "e": "x"}]}),
        Answer(b"", status=302, headers={"Location": "https://elsewhere.example/"}),
        Answer(b"x" * 2_000_000),
    ],
)
def test_nonsense_at_the_other_endpoints_is_a_page(journey: Journey, path: str, reply: Answer) -> None:
    journey.house.replies[path] = reply
    response = journey.start()
    if response.status_code == 302:
        response = journey.come_back(journey.house.authorize(response["Location"]))
    assert_error_page(response, 502)
    assert not is_signed_in(journey.visitor)


def test_provider_that_is_down_is_a_page(house_entry: Any, visitor: Client) -> None:
    house_entry.settings = {"server_url": "http://127.0.0.1:9"}
    house_entry.save()
    assert_error_page(visitor.post(LOGIN), 502, "reached right now")


def test_provider_that_is_too_slow_is_a_page(journey: Journey, settings: Any) -> None:
    import threading

    release = threading.Event()
    journey.house.replies["/token"] = lambda received: (release.wait(10), Answer({}))[1]
    settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, "HTTP_READ_TIMEOUT": 0.05}
    try:
        assert_error_page(journey.sign_in(), 502, "reached right now")
    finally:
        release.set()


@pytest.mark.parametrize(
    "options", [{}, {"server_url": ""}, {"server_url": 5}, {"server_url": "http://id.example"}, []]
)
def test_incomplete_entry_is_a_page(house_entry: Any, visitor: Client, options: Any) -> None:
    house_entry.settings = options
    house_entry.save()
    assert_error_page(visitor.post(LOGIN), 503, "not set up correctly")


def test_two_entries_are_a_page(house_entry: Any, visitor: Client) -> None:
    house_entry.pk = None
    house_entry.save()
    assert_error_page(visitor.post(LOGIN), 503)
    assert_error_page(visitor.get(CALLBACK), 503)


def test_log_has_the_page_s_reference_and_no_secret(journey: Journey, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    journey.house.bend_claims = lambda claims: claims.update(nonce="other")
    text = journey.sign_in().content.decode()
    reference = text.split("Reference:")[1].split("<code>")[1].split("</code>")[0]
    assert reference in caplog.text
    assert "id_token_invalid" in caplog.text
    for secret in [*journey.house.access_tokens, "refresh-", "s3cret", "code_verifier="]:
        assert secret not in caplog.text


def test_settings_configure_the_house_where_no_row_does(
    db: None, house: OpenIDProvider, visitor: Client, settings: Any
) -> None:
    from tests.consumer.openid_provider import CLIENT_SECRET

    settings.CONSUMER_SITE = {
        **settings.CONSUMER_SITE,
        "HOUSE": {"server_url": house.issuer, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "name": "Mine"},
    }
    assert "Sign in with Mine" in visitor.get("/accounts/login/").content.decode()
    assert Journey(house, visitor).sign_in().status_code == 302
    assert visitor.get("/calendar/").status_code == 200


def test_row_wins_over_settings(journey: Journey, settings: Any) -> None:
    settings.CONSUMER_SITE = {
        **settings.CONSUMER_SITE,
        "HOUSE": {"server_url": "https://id.example.com", "client_id": "other"},
    }
    assert journey.sign_in().status_code == 302
    cache.clear()


def test_error_report_of_a_crash_holds_no_token(
    journey: Journey, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(**values: Any) -> None:
        raise RuntimeError("the disk is full")

    settings.DEBUG = False
    monkeypatch.setattr(StoredToken.objects, "create", crash)
    with pytest.raises(RuntimeError) as caught:
        journey.sign_in()
    report = ExceptionReporter(None, caught.type, caught.value, caught.tb).get_traceback_html()
    assert "the disk is full" in report
    for token in [*journey.house.access_tokens, *journey.house.refresh_tokens]:
        assert token not in report
