"""Pruning deletes what is over and nothing that anybody still needs."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from provider_site.models import Authorization, AuthorizationRequest, OutboxMessage, Session
from provider_site.services import pruning
from tests.provider.driver import Driver

LONG_AGO = timezone.now() - pruning.KEPT - timedelta(hours=1)


@pytest.fixture
def driver(registered: Any, user: Any) -> Driver:
    return Driver(registered, user)


def test_what_is_in_use_stays(driver: Driver) -> None:
    tokens = driver.tokens()
    driver.authorize(prompt="consent")
    Session.objects.update(expires_at=LONG_AGO)
    assert pruning.prune() == dict.fromkeys(pruning.prune(), 0)
    assert driver.works(tokens.access)
    assert AuthorizationRequest.objects.exists()


def test_old_requests_codes_sessions_and_messages_go(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "BATCH", 2)
    for _number in range(3):
        driver.code(prompt="consent")
    AuthorizationRequest.objects.update(expires_at=LONG_AGO)
    Authorization.objects.update(created=LONG_AGO)
    Session.objects.update(expires_at=LONG_AGO)
    OutboxMessage.objects.update(delivered_at=LONG_AGO)
    call_command("prune_provider")
    for model in (AuthorizationRequest, Authorization, Session, OutboxMessage):
        assert not model._default_manager.exists()


def test_exchanged_code_keeps_its_authorization_so_that_a_replay_is_known(driver: Driver) -> None:
    code = driver.code()
    tokens = driver.redeem(code)
    Authorization.objects.update(created=LONG_AGO)
    pruning.prune()
    assert driver.redeem(code).error == "invalid_grant"
    assert not driver.works(tokens.access)
