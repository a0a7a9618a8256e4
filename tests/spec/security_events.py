"""What the tests of security events share: an application that is told, and a person who takes something back."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from provider_site.models import Registration
from provider_site.services import consents, outbox
from tests.event_receiver import Receiver, receiving
from tests.provider.driver import Driver


@contextmanager
def told_of_a_withdrawal(driver: Driver, user: Any, settings: Any, *answers: tuple[int, bytes]) -> Iterator[Receiver]:
    """Withdraw what the application was allowed, and deliver once; it gives these answers, then 202."""
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"OUTBOUND_ALLOW_LOOPBACK_HTTP": True}
    with receiving() as receiver:
        Registration.objects.filter(application=driver.application).update(events_url=receiver.url)
        driver.tokens()
        receiver.answers = list(answers)
        consents.withdraw(user=user, application=driver.application)
        outbox.deliver_due()
        yield receiver
