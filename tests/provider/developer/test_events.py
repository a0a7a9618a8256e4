"""An owner tries whether the application hears of security events."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from provider_site.models import OutboxMessage, Registration
from provider_site.services import outbox, security_events
from tests import factories
from tests.event_receiver import Receiver, receiving
from tests.provider.developer.browsers import nobody, signed_in
from tests.provider.driver import plant_signing_key


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture
def page(user: Any, receiver: Receiver, settings: Any) -> str:
    """Return the address of the page of `user`'s approved application, which is told at the receiver."""
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"OUTBOUND_ALLOW_LOOPBACK_HTTP": True}
    plant_signing_key()
    application = factories.make_application(user).application
    Registration.objects.filter(application=application).update(events_url=receiver.url)
    return f"/o/developer/{application.pk}/"


def sent() -> Any:
    return OutboxMessage.objects.filter(kind=security_events.TEST_KIND)


def test_owner_sends_a_test_and_sees_that_it_arrived(user: Any, page: str, receiver: Receiver) -> None:
    browser = signed_in(user)
    answer = browser.post(f"{page}events/test/")
    assert (answer.status_code, answer["Location"]) == (303, f"{page}#events")
    assert "on its way" in browser.get(page).content.decode()
    outbox.deliver_due()
    (push,) = receiver.pushes
    assert push.event == ("ssf/event-type/verification", {})
    assert push.claims["sub_id"] == {"format": "opaque", "id": push.claims["aud"]}
    assert "the last test arrived." in browser.get(page).content.decode()


def test_owner_sees_why_a_test_did_not_arrive_and_it_is_not_repeated(user: Any, page: str, receiver: Receiver) -> None:
    browser = signed_in(user)
    receiver.answers = [(200, b"<h1>Sign in</h1>")]
    browser.post(f"{page}events/test/")
    outbox.deliver_due()
    text = browser.get(page).content.decode()
    assert "did not arrive" in text
    assert "answered 200, not 202" in text
    sent().update(next_attempt_at=timezone.now())
    outbox.deliver_due()
    assert len(receiver.pushes) == 1


def test_tests_are_a_minute_apart(user: Any, page: str) -> None:
    browser = signed_in(user)
    assert browser.post(f"{page}events/test/").status_code == 303
    answer = browser.post(f"{page}events/test/")
    assert answer.status_code == 429
    assert "less than a minute ago" in answer.content.decode()
    assert sent().count() == 1
    sent().update(created=timezone.now() - timedelta(seconds=61))
    assert browser.post(f"{page}events/test/").status_code == 303


def test_test_of_one_application_delays_no_other_s(user: Any, page: str, receiver: Receiver) -> None:
    browser, other = signed_in(user), factories.make_application(user).application
    Registration.objects.filter(application=other).update(events_url=receiver.url)
    assert browser.post(f"{page}events/test/").status_code == 303
    assert browser.post(f"/o/developer/{other.pk}/events/test/").status_code == 303


@pytest.mark.parametrize("changes", [{"events_url": ""}, {"status": "draft"}, {"status": "suspended"}], ids=str)
def test_application_that_is_not_told_sends_no_test(user: Any, page: str, changes: dict[str, str]) -> None:
    Registration.objects.update(**changes)
    browser = signed_in(user)
    assert "events/test" not in browser.get(page).content.decode()
    assert browser.post(f"{page}events/test/").status_code == 409
    assert not sent().exists()


def test_nobody_else_sends_a_test(page: str, other_user: Any) -> None:
    assert signed_in(other_user).post(f"{page}events/test/").status_code == 404
    assert nobody().post(f"{page}events/test/").status_code == 302
    assert not sent().exists()


def test_test_is_sent_by_a_form_of_our_own_alone(user: Any, page: str) -> None:
    browser = signed_in(user, enforce_csrf_checks=True)
    assert browser.post(f"{page}events/test/").status_code == 403
    assert browser.get(f"{page}events/test/").status_code == 405
    assert not sent().exists()
