"""services/outbox.py: delivered with its cause, at least once, and given up in plain view."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from provider_site.models import OutboxMessage
from provider_site.services import outbox

KIND = "test"


class Receiver:
    """What a delivery leads to: it fails as often as it is told."""

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        self.failures = 0

    def __call__(self, payload: dict[str, Any]) -> None:
        self.received.append(payload)
        if self.failures:
            self.failures -= 1
            raise ConnectionError("secret detail")


@pytest.fixture
def receiver(db: None) -> Iterator[Receiver]:
    """Return the receiver of messages of the kind KIND."""
    receiver = Receiver()
    outbox.deliverer(KIND)(receiver)
    yield receiver
    del outbox._deliverers[KIND]


def put() -> OutboxMessage:
    return outbox.put(kind=KIND, payload={"n": 1})


def due(message: OutboxMessage) -> None:
    OutboxMessage.objects.filter(pk=message.pk).update(next_attempt_at=timezone.now())


def test_kind_that_nothing_delivers_is_refused(db: None) -> None:
    with pytest.raises(ValueError, match="unheard-of"):
        outbox.put(kind="unheard-of", payload={})
    assert not OutboxMessage.objects.exists()


def test_message_is_delivered_once(receiver: Receiver) -> None:
    message = put()
    assert outbox.deliver(message_id=message.pk)
    assert not outbox.deliver(message_id=message.pk)
    assert outbox.deliver_due() == 0
    assert receiver.received == [{"n": 1}]


@pytest.mark.django_db(transaction=True)
def test_message_of_an_undone_cause_is_not_there(receiver: Receiver) -> None:
    with transaction.atomic():
        put()
        transaction.set_rollback(True)
    assert not OutboxMessage.objects.exists()
    assert not DBTaskResult.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_worker_is_told_once_the_cause_is_committed(receiver: Receiver) -> None:
    with transaction.atomic():
        message = put()
        assert not DBTaskResult.objects.exists()
    assert DBTaskResult.objects.get().args_kwargs["args"] == [message.pk]


@pytest.mark.django_db(transaction=True)
def test_queue_that_is_down_loses_nothing(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def down(*_arguments: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr(type(outbox.deliver_outbox_message), "enqueue", down)
    put()
    assert outbox.deliver_due() == 1
    assert receiver.received == [{"n": 1}]


def test_failed_delivery_is_tried_again_later_and_later(receiver: Receiver) -> None:
    receiver.failures = 3
    message = put()
    waits = []
    for _time in range(3):
        assert not outbox.deliver(message_id=message.pk)
        message.refresh_from_db()
        waits.append(round((message.next_attempt_at - timezone.now()).total_seconds() / 60))
        assert not outbox.deliver(message_id=message.pk), "not before its time"
        due(message)
    assert waits == [1, 2, 4]
    assert outbox.deliver(message_id=message.pk)
    message.refresh_from_db()
    assert message.delivered_at is not None
    assert message.attempts == len(receiver.received) == 4


def test_error_is_noted_by_its_name_alone(receiver: Receiver) -> None:
    receiver.failures = 1
    message = put()
    outbox.deliver(message_id=message.pk)
    message.refresh_from_db()
    assert message.last_error == "ConnectionError"


def test_message_that_never_arrives_is_given_up_in_plain_view(receiver: Receiver) -> None:
    receiver.failures = 99
    message = put()
    for _time in range(outbox.MAX_ATTEMPTS + 2):
        due(message)
        outbox.deliver_due()
    message.refresh_from_db()
    assert message.dead_at is not None
    assert message.delivered_at is None
    assert len(receiver.received) == outbox.MAX_ATTEMPTS


def test_message_whose_worker_died_is_delivered_by_another(receiver: Receiver) -> None:
    message = put()
    # What a worker leaves behind that died between its lease and its delivery.
    OutboxMessage.objects.update(attempts=1, next_attempt_at=timezone.now() + timedelta(minutes=1))
    assert outbox.deliver_due() == 0
    due(message)
    assert outbox.deliver_due() == 1


def test_message_whose_worker_died_after_delivery_is_delivered_again(receiver: Receiver) -> None:
    message = put()
    outbox.deliver(message_id=message.pk)
    OutboxMessage.objects.update(delivered_at=None)
    due(message)
    assert outbox.deliver_due() == 1
    assert len(receiver.received) == 2


def test_kind_nobody_knows_any_more_stops_nothing_else(receiver: Receiver) -> None:
    OutboxMessage.objects.create(kind="retired-kind", payload={}, next_attempt_at=timezone.now())
    put()
    assert outbox.deliver_due() == 1
    assert OutboxMessage.objects.get(kind="retired-kind").last_error == "KeyError"


def test_run_is_bounded(receiver: Receiver) -> None:
    for _time in range(3):
        put()
    assert outbox.deliver_due(limit=2) == 2
    assert outbox.deliver_due() == 1
