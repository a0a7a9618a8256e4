"""services/security_events.py: an application is told what it lost, in signed words, at least once (RFC 8417, 8935)."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from django.db import transaction
from django.utils import timezone

from consumer_site.jose import KeySource, TokenInvalid, verify_id_token
from provider_site.models import OutboxMessage, Registration
from provider_site.policy.security_events import Event
from provider_site.services import consents, key_life, keys, outbox, reviews, security_events
from tests import factories
from tests.event_receiver import Push, Receiver, receiving
from tests.provider.driver import ISSUER, Driver, verified

ISS_SUB = {"format": "iss_sub", "iss": ISSUER}


@pytest.fixture(autouse=True)
def _this_machine_may_be_called(settings: Any) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"OUTBOUND_ALLOW_LOOPBACK_HTTP": True}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture
def told(driver: Driver, receiver: Receiver) -> Driver:
    """Return the driver of an application that is told, after its person has allowed it three scopes."""
    Registration.objects.filter(application=driver.application).update(events_url=receiver.url)
    driver.tokens()
    return driver


def messages() -> Any:
    return OutboxMessage.objects.filter(kind=security_events.KIND)


def due() -> None:
    messages().update(next_attempt_at=timezone.now())


def deliver(receiver: Receiver) -> Push:
    """Deliver what is due; return what came."""
    due()
    outbox.deliver_due()
    return receiver.pushes[-1]


def subject(driver: Driver) -> str:
    return str(driver.id_token(driver.tokens(prompt=None))["sub"])


# --- what is said ---------------------------------------------------------------------------------------------------


def test_withdrawal_is_told_in_a_signed_token(told: Driver, receiver: Receiver, user: Any) -> None:
    sub = subject(told)
    before = int(timezone.now().timestamp())
    consents.withdraw(user=user, application=told.application)
    assert not receiver.pushes
    push = deliver(receiver)
    assert push.headers["Content-Type"] == "application/secevent+jwt"
    assert push.headers["Accept"] == "application/json"
    assert push.header["typ"] == "secevent+jwt"
    claims = push.claims
    assert claims["iss"] == ISSUER
    assert claims["aud"] == told.application.client_id
    assert claims["sub_id"] == ISS_SUB | {"sub": sub}
    assert before <= claims["toe"] == claims["iat"] <= timezone.now().timestamp()
    assert push.event == ("oauth/event-type/tokens-revoked", {"reason": "withdrawn"})
    assert not claims.keys() & {"sub", "exp", "nonce", "at_hash", "sid"}
    assert messages().get().delivered_at is not None


def test_narrowed_consent_is_told_with_what_is_gone_and_what_remains(
    told: Driver, receiver: Receiver, user: Any
) -> None:
    consents.narrow(user=user, application=told.application, scopes={"nickname"})
    name, details = deliver(receiver).event
    assert name == "caep/event-type/token-claims-change"
    assert details.pop("claims")["scope"].split() == ["openid", "offline_access"]
    assert details == {"initiating_entity": "user", "removed_scope": "nickname"}


def test_narrowing_to_nothing_is_told_as_a_withdrawal_alone(told: Driver, receiver: Receiver, user: Any) -> None:
    consents.narrow(user=user, application=told.application, scopes={"openid"})
    assert deliver(receiver).event[0] == "oauth/event-type/tokens-revoked"
    assert len(receiver.pushes) == 1


def test_sign_out_is_told_and_ends_nothing_else(told: Driver, receiver: Receiver, user: Any) -> None:
    consents.sign_out(user=user, application=told.application)
    assert deliver(receiver).event == ("caep/event-type/session-revoked", {"initiating_entity": "user"})


@pytest.mark.parametrize(
    ("event", "name", "details"),
    [
        (Event.UNUSED, "oauth/event-type/tokens-revoked", {"reason": "unused"}),
        (Event.ACCOUNT_DISABLED, "risc/event-type/account-disabled", {}),
        (Event.ACCOUNT_PURGED, "risc/event-type/account-purged", {}),
    ],
)
def test_event_has_its_standard_type(
    told: Driver, receiver: Receiver, user: Any, event: Event, name: str, details: dict[str, Any]
) -> None:
    security_events.put(application=told.application, user=user, event=event)
    assert deliver(receiver).event == (name, details)


def test_pairwise_application_is_told_the_subject_that_it_knows(told: Driver, receiver: Receiver, user: Any) -> None:
    public = subject(told)
    Registration.objects.filter(application=told.application).update(
        subject_type=Registration.SubjectType.PAIRWISE, sector_identifier="app.example.com"
    )
    known = subject(told)
    assert known != public
    consents.withdraw(user=user, application=told.application)
    assert deliver(receiver).claims["sub_id"] == ISS_SUB | {"sub": known}


def test_deleted_person_is_still_named_to_every_application_they_used(
    told: Driver, receiver: Receiver, user: Any
) -> None:
    sub, never_used = subject(told), factories.make_application().application
    Registration.objects.filter(application=never_used).update(events_url=receiver.url)
    with transaction.atomic():
        assert security_events.put_everywhere(user=user, event=Event.ACCOUNT_PURGED) == 1
        user.delete()
    assert deliver(receiver).claims["sub_id"]["sub"] == sub


# --- what it is not -------------------------------------------------------------------------------------------------


def test_event_token_is_no_id_token(told: Driver, receiver: Receiver, user: Any) -> None:
    consents.withdraw(user=user, application=told.application)
    token, client_id = deliver(receiver).token, told.application.client_id
    source = KeySource("https://keys", lambda _uri: told.backchannel.get("/.well-known/jwks.json").json())
    with pytest.raises(TokenInvalid, match="another type"):
        verify_id_token(token, issuer=ISSUER, client_id=client_id, nonce="n", keys=source)
    with pytest.raises(jwt.MissingRequiredClaimError):
        verified(told.backchannel, token, audience=client_id)
    assert not told.works(token)
    assert told.refresh(token).error == "invalid_grant"


def test_type_alone_tells_an_event_from_an_id_token(told: Driver) -> None:
    """Whatever claims an event may ever have, its header says what it is (RFC 8417 2.3, RFC 8725 3.11)."""
    now, client_id = int(timezone.now().timestamp()), told.application.client_id
    claims = {"iss": ISSUER, "sub": "x", "aud": client_id, "iat": now, "exp": now + 60, "nonce": "n"}
    source = KeySource("https://keys", lambda _uri: told.backchannel.get("/.well-known/jwks.json").json())

    def verify(typ: str) -> Any:
        token = keys.signer().sign(claims, typ=typ)
        return verify_id_token(token, issuer=ISSUER, client_id=client_id, nonce="n", keys=source)

    assert verify("JWT") == claims
    for typ in ("secevent+jwt", "application/SECEVENT+JWT", "logout+jwt", "at+jwt"):
        with pytest.raises(TokenInvalid, match="another type"):
            verify(typ)


# --- who is told ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"events_url": ""},
        *({"status": status} for status in ("draft", "submitted", "rejected", "suspended")),
        {"deleted_at": datetime(2026, 1, 1, tzinfo=UTC)},
    ],
    ids=str,
)
def test_nothing_is_written_for_an_application_that_is_not_told(
    driver: Driver, user: Any, receiver: Receiver, changes: dict[str, Any]
) -> None:
    rows = Registration.objects.filter(application=driver.application)
    rows.update(**({"events_url": receiver.url} | changes))
    assert security_events.put(application=driver.application, user=user, event=Event.WITHDRAWN) is None
    assert not messages().exists()


def test_suspended_application_gets_nothing_that_was_written_before(
    told: Driver, receiver: Receiver, user: Any, staff: Any
) -> None:
    consents.withdraw(user=user, application=told.application)
    reviews.suspend(application=told.application, actor=staff, reason="Spam.")
    due()
    outbox.deliver_due()
    assert not receiver.pushes
    message = messages().get()
    assert message.dead_at is not None
    assert "not approved" in message.last_error


@pytest.mark.django_db(transaction=True)
def test_notice_of_an_undone_withdrawal_is_not_there(told: Driver, user: Any) -> None:
    with transaction.atomic():
        consents.withdraw(user=user, application=told.application)
        transaction.set_rollback(True)
    assert not messages().exists()


# --- delivery -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 204, 302, 401, 404, 500, 503])
def test_failed_delivery_is_made_again_with_the_same_identifier(
    told: Driver, receiver: Receiver, user: Any, status: int
) -> None:
    receiver.answers, receiver.headers = [(status, b"")], {"Location": "/elsewhere"}
    consents.withdraw(user=user, application=told.application)
    first = deliver(receiver)
    message = messages().get()
    assert message.dead_at is None
    assert message.delivered_at is None
    again = deliver(receiver)
    assert len(receiver.pushes) == 2
    assert again.claims == first.claims
    assert messages().get().delivered_at is not None
    assert outbox.deliver_due() == 0


def test_delivery_after_a_rotation_is_signed_by_the_new_key(told: Driver, receiver: Receiver, user: Any) -> None:
    receiver.answers = [(500, b"")]
    consents.withdraw(user=user, application=told.application)
    first = deliver(receiver)
    key_life.rotate(algorithms=["RS256"])
    key_life.rotate(algorithms=["RS256"], force=True)
    again = deliver(receiver)
    assert again.header["kid"] != first.header["kid"]
    assert again.header["kid"] == keys.signer().kid
    assert again.claims == first.claims


@pytest.mark.parametrize("code", ["invalid_request", "invalid_issuer", "invalid_audience"])
def test_token_that_is_refused_for_good_is_given_up_in_plain_view(
    told: Driver, receiver: Receiver, user: Any, code: str
) -> None:
    receiver.refuses(code)
    consents.withdraw(user=user, application=told.application)
    deliver(receiver)
    message = messages().get()
    assert message.dead_at is not None
    assert code in message.last_error
    assert "private words" not in message.last_error


@pytest.mark.parametrize(
    "answer",
    [b'{"err": "invalid_key"}', b'{"err": "access_denied"}', b'{"err": "<script>"}', b'{"err": ["x"]}', b"[]", b"no"],
)
def test_other_refusals_are_tried_again_and_quote_nothing_unknown(
    told: Driver, receiver: Receiver, user: Any, answer: bytes
) -> None:
    receiver.answers = [(400, answer)]
    consents.withdraw(user=user, application=told.application)
    deliver(receiver)
    message = messages().get()
    assert message.dead_at is None
    assert "script" not in message.last_error
    deliver(receiver)
    assert messages().get().delivered_at is not None


def test_neither_logs_nor_admin_hold_path_token_or_answer(
    told: Driver, receiver: Receiver, user: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="urllib3")  # a host that debugs its libraries
    receiver.answers = [(500, b"private words")]
    consents.withdraw(user=user, application=told.application)
    push = deliver(receiver)
    written = caplog.text + messages().get().last_error
    assert "POST 127.0.0.1 500" in written
    assert '"POST /… HTTP/1.1" 500' in written
    for secret in ("who-knows-this", push.token, push.token.split(".")[1], "private words"):
        assert secret not in written
