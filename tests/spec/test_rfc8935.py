"""RFC 8935: push-based delivery of security event tokens."""

import json
from typing import Any

import pytest
from django.utils import timezone

from provider_site.models import OutboxMessage
from provider_site.services import outbox, security_events
from tests.provider.driver import Driver
from tests.spec.security_events import told_of_a_withdrawal


def message() -> OutboxMessage:
    return OutboxMessage.objects.get(kind=security_events.KIND)


def deliver_again() -> None:
    OutboxMessage.objects.update(next_attempt_at=timezone.now())
    outbox.deliver_due()


def refusal(code: str) -> tuple[int, bytes]:
    return 400, json.dumps({"err": code, "description": "words"}).encode()


def test_token_is_the_body_of_a_post(driver: Driver, user: Any, settings: Any) -> None:
    """2.1: its own content type, and JSON wanted of an error."""
    with told_of_a_withdrawal(driver, user, settings) as receiver:
        (push,) = receiver.pushes
    assert push.headers["Content-Type"] == "application/secevent+jwt"
    assert push.headers["Accept"] == "application/json"
    assert len(push.token.split(".")) == 3


def test_202_acknowledges(driver: Driver, user: Any, settings: Any) -> None:
    """2.2."""
    with told_of_a_withdrawal(driver, user, settings, (202, b"")) as receiver:
        deliver_again()
    assert message().delivered_at is not None
    assert len(receiver.pushes) == 1


@pytest.mark.parametrize("status", [200, 204, 301, 307, 404, 500])
def test_any_other_answer_is_none_and_the_same_token_comes_again(
    driver: Driver, user: Any, settings: Any, status: int
) -> None:
    """2.2, 4: 202 alone is success; the transmitter keeps the event until then."""
    with told_of_a_withdrawal(driver, user, settings, (status, b"")) as receiver:
        assert message().delivered_at is None
        deliver_again()
    first, second = receiver.pushes
    assert first.claims["jti"] == second.claims["jti"]
    assert message().delivered_at is not None


@pytest.mark.parametrize("code", ["invalid_request", "invalid_issuer", "invalid_audience"])
def test_error_of_the_token_itself_is_not_tried_again(driver: Driver, user: Any, settings: Any, code: str) -> None:
    """2.3, 2.4: the receiver names what is wrong, and it stays wrong."""
    with told_of_a_withdrawal(driver, user, settings, refusal(code)) as receiver:
        deliver_again()
    assert len(receiver.pushes) == 1
    assert message().dead_at is not None
    assert code in message().last_error


@pytest.mark.parametrize("code", ["invalid_key", "authentication_failed", "access_denied", "unheard_of"])
def test_error_that_may_pass_is_tried_again(driver: Driver, user: Any, settings: Any, code: str) -> None:
    """2.3, 2.4, 4."""
    with told_of_a_withdrawal(driver, user, settings, refusal(code)) as receiver:
        deliver_again()
    assert len(receiver.pushes) == 2
    assert message().delivered_at is not None
