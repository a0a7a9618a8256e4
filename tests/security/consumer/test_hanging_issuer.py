"""Hold every worker of the site by logout tokens, which anybody may send, while the provider hangs."""

from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection

from tests.consumer.journey import Journey
from tests.consumer.logout import is_still_in, logout_token, tell
from tests.consumer.openid_provider import Answer, Received

pytestmark = pytest.mark.django_db(transaction=True)

DISCOVERY = "/.well-known/openid-configuration"
KEYS = "/jwks"


def asked(journey: Journey, path: str) -> int:
    return sum(received.path == path for received in journey.house.received)


@pytest.mark.parametrize("path", [DISCOVERY, KEYS])
def test_one_worker_waits_for_a_provider_that_failed_and_the_others_go_on(journey: Journey, path: str) -> None:
    token = logout_token(journey.house)
    journey.house.replies[path] = Answer(b"", status=500)
    assert tell(token).status_code == 503
    meanwhile: list[int] = []

    def hanging(_received: Received) -> Answer:
        # The first one waits for this answer; how long a second one would, nobody has to find out.
        journey.house.replies[path] = Answer(b"", status=500)
        before = asked(journey, path)
        meanwhile.extend([tell(token).status_code, asked(journey, path) - before])
        connection.close()
        return Answer(b"", status=500)

    journey.house.replies[path] = hanging
    assert tell(token).status_code == 503
    assert meanwhile == [503, 0]


def test_provider_that_answers_again_is_heard_at_once(journey: Journey) -> None:
    journey.sign_in()
    cache.clear()
    token: Any = logout_token(journey.house)
    journey.house.replies[DISCOVERY] = Answer(b"", status=500)
    assert [tell(token).status_code for _time in range(2)] == [503, 503]
    del journey.house.replies[DISCOVERY]
    assert tell(token).status_code == 200
    assert not is_still_in(journey.visitor)
