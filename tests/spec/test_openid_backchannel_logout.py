"""OpenID Connect Back-Channel Logout 1.0, with a real server at the application's end."""

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest
from django.utils import timezone

from provider_site.models import OutboxMessage, Registration
from provider_site.services import backchannel_logout, outbox
from tests import event_receiver, factories
from tests.provider.driver import ISSUER, Driver, verified
from tests.provider.logout import hint, told, wants

EVENT = "http://schemas.openid.net/event/backchannel-logout"


@pytest.fixture
def receiver(driver: Driver, settings: Any) -> Iterator[event_receiver.Receiver]:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"OUTBOUND_ALLOW_LOOPBACK_HTTP": True}
    with event_receiver.receiving() as running:
        wants(driver, back=running.url)
        yield running


def token_of(push: event_receiver.Push) -> str:
    """Return the logout token of a request, whose body holds nothing else."""
    fields = parse_qs(push.token, strict_parsing=True)
    assert list(fields) == ["logout_token"]
    (token,) = fields["logout_token"]
    return token


def message() -> OutboxMessage:
    return OutboxMessage.objects.get(kind=backchannel_logout.KIND)


def test_discovery_says_that_it_is_supported(driver: Driver) -> None:
    """2.1."""
    document = driver.browser.get("/.well-known/openid-configuration").json()
    assert document["backchannel_logout_supported"] is True
    assert document["backchannel_logout_session_supported"] is True


def test_sid_is_in_the_id_token(driver: Driver) -> None:
    """2.1: by it an application finds its own session."""
    claims = driver.id_token(driver.tokens())
    assert len(claims["sid"]) == 36


def test_token_is_delivered_and_verifies_by_the_published_keys(driver: Driver, receiver: Any) -> None:
    """2.4, 2.5, 2.6: type, claims, and the form it comes in."""
    claims = driver.id_token(driver.tokens())
    driver.sign_out()
    assert not receiver.pushes, "within the request of the person nothing is sent"
    assert outbox.deliver_due() >= 1
    (push,) = receiver.pushes
    assert push.headers["Content-Type"] == "application/x-www-form-urlencoded"
    token = token_of(push)
    assert jwt.get_unverified_header(token)["typ"] == "logout+jwt"
    sent = verified(driver.backchannel, token, audience=driver.application.client_id)
    assert sent["iss"] == ISSUER
    assert (sent["sub"], sent["sid"]) == (claims["sub"], claims["sid"])
    assert sent["events"] == {EVENT: {}}
    assert sent["jti"]
    assert "nonce" not in sent
    assert abs(sent["iat"] - time.time()) < 60
    assert sent["iat"] < sent["exp"] <= sent["iat"] + 120
    assert set(sent) == {"iss", "aud", "sub", "sid", "events", "jti", "iat", "exp"}


@pytest.mark.parametrize("alg", ["RS256", "ES256", "EdDSA", "PS256"])
def test_token_is_signed_as_the_application_has_its_id_tokens(driver: Driver, receiver: Any, alg: str) -> None:
    """2.4: "SHOULD be signed with the same keys used for ID Tokens"."""
    Registration.objects.filter(application=driver.application).update(id_token_alg=alg)
    id_token = hint(driver)
    driver.sign_out()
    outbox.deliver_due()
    token = token_of(receiver.pushes[0])
    assert jwt.get_unverified_header(token)["alg"] == alg
    assert jwt.get_unverified_header(token)["kid"] == jwt.get_unverified_header(id_token)["kid"]


def test_logout_token_is_no_id_token(driver: Driver, receiver: Any) -> None:
    """2.4, 4: it can't be used as a hint, or as a bearer."""
    driver.tokens()
    driver.sign_out()
    outbox.deliver_due()
    token = token_of(receiver.pushes[0])
    assert driver.browser.get("/o/logout/", {"id_token_hint": token}).status_code == 400
    assert not driver.works(token)


@pytest.mark.parametrize("status", [200, 202, 204])
def test_success_is_success(driver: Driver, receiver: Any, status: int) -> None:
    """2.8: "200 OK ... some Web frameworks will substitute 204"."""
    receiver.answers.append((status, b""))
    driver.tokens()
    driver.sign_out()
    outbox.deliver_due()
    assert message().delivered_at is not None


def test_refusal_of_the_token_is_final(driver: Driver, receiver: Any) -> None:
    """2.8: 400 says that it is invalid; the words of the application reach no page of ours."""
    receiver.answers.append((400, b'{"error":"invalid_request","error_description":"private words"}'))
    driver.tokens()
    driver.sign_out()
    outbox.deliver_due()
    assert message().dead_at is not None
    assert "400" in message().last_error
    assert "private" not in message().last_error


@pytest.mark.parametrize("status", [500, 503, 302, 404])
def test_other_failures_are_tried_again_with_the_same_jti(driver: Driver, receiver: Any, status: int) -> None:
    """2.5, 2.8: at least once; a redirect is not followed."""
    receiver.headers["Location"] = receiver.url
    receiver.answers.append((status, b""))
    driver.tokens()
    driver.sign_out()
    outbox.deliver_due()
    assert message().delivered_at is None
    assert message().dead_at is None
    assert message().next_attempt_at > timezone.now()
    OutboxMessage.objects.update(next_attempt_at=timezone.now())
    outbox.deliver_due()
    assert message().delivered_at is not None
    first, second = (jwt.decode(token_of(push), options={"verify_signature": False}) for push in receiver.pushes)
    assert first["jti"] == second["jti"]


def test_application_that_is_not_there_costs_the_person_nothing(driver: Driver, receiver: Any) -> None:
    """2.5: the sign-out is done, whoever answers."""
    wants(driver, back="http://127.0.0.1:9/back")
    driver.tokens()
    driver.sign_out()
    assert not driver.browser.session.get("_auth_user_id")
    outbox.deliver_due()
    assert message().last_error
    assert message().delivered_at is None


def test_address_is_that_of_the_moment_and_a_suspended_application_gets_nothing(driver: Driver, receiver: Any) -> None:
    """2.5."""
    driver.tokens()
    driver.sign_out()
    Registration.objects.filter(application=driver.application).update(status="suspended")
    outbox.deliver_due()
    assert not receiver.pushes
    assert message().dead_at is not None


def test_each_application_of_the_session_is_told_and_no_other(driver: Driver, user: Any) -> None:
    """2.3, 2.5: the OP keeps track of what it signed a person in to, by session."""
    wants(driver)
    second, never, elsewhere = (Driver(factories.make_application(), user) for _number in range(3))
    for each in (second, never, elsewhere):
        wants(each)
    second.browser = driver.browser
    driver.tokens()
    driver.tokens()
    second.tokens()
    elsewhere.tokens()
    driver.sign_out()
    assert len(told(driver)) == 1, "once, however often it signed the person in"
    assert len(told(second)) == 1
    assert told(driver)[0]["sid"] == told(second)[0]["sid"]
    assert told(driver)[0]["jti"] != told(second)[0]["jti"]
    assert not told(never)
    assert not told(elsewhere)


def test_application_without_an_address_is_not_told(driver: Driver) -> None:
    """2.2: backchannel_logout_uri is optional."""
    wants(driver, back="")
    driver.tokens()
    driver.sign_out()
    assert not told()


def test_subject_is_the_one_the_application_knows(driver: Driver, user: Any) -> None:
    """2.4: pairwise where it is pairwise."""
    rows = Registration.objects.filter(application=driver.application)
    rows.update(subject_type="pairwise", sector_identifier="app.example.com")
    wants(driver)
    claims = driver.id_token(driver.tokens())
    driver.sign_out()
    assert told(driver)[0]["sub"] == claims["sub"]


def test_refresh_tokens_die_unless_they_are_for_when_the_person_is_away(driver: Driver) -> None:
    """2.7: "Refresh tokens issued with the offline_access property ... SHOULD NOT be revoked"."""
    online = driver.tokens(scope="openid nickname", scopes=["nickname"])
    offline = driver.tokens()
    driver.sign_out()
    assert not driver.works(online.access)
    assert driver.works(offline.access)
    assert driver.refresh(offline.refresh).status == 200
    if "refresh_token" in online.body:
        assert driver.refresh(online.refresh).error == "invalid_grant"
