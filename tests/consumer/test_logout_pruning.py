"""What signing out leaves behind is deleted, in small batches."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from consumer_site.logout import pruning
from consumer_site.models import LogoutReceipt, SessionLink
from tests.consumer.journey import Journey
from tests.consumer.logout import is_still_in, logout_token, tell

pytestmark = pytest.mark.django_db


def receipts(number: int, *, expires_at: Any) -> None:
    LogoutReceipt.objects.bulk_create(
        LogoutReceipt(digest=f"{expires_at:%s}-{each}", issuer="https://id.example.com", expires_at=expires_at)
        for each in range(number)
    )


def test_receipts_past_their_time_go_and_others_stay(capsys: pytest.CaptureFixture[str]) -> None:
    now = timezone.now()
    receipts(3, expires_at=now - timedelta(seconds=1))
    receipts(2, expires_at=now + timedelta(hours=1))
    call_command("prune_consumer")
    assert LogoutReceipt.objects.count() == 2
    assert capsys.readouterr().out == "Deleted 3 receipts of sign-outs and 0 links of sessions.\n"


def test_more_than_a_batch_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "BATCH", 2)
    receipts(5, expires_at=timezone.now() - timedelta(seconds=1))
    assert pruning.prune() == (5, 0)


def test_receipt_outlives_every_token_that_could_be_sent_again(journey: Journey) -> None:
    tell(logout_token(journey.house))
    assert LogoutReceipt.objects.get().expires_at > timezone.now() + timedelta(hours=24, seconds=60)


@pytest.mark.parametrize("backend", ["project.sessions", "db", "cached_db", "cache"])
def test_links_of_sessions_that_are_gone_go_and_others_stay(
    journey: Journey, settings: Any, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "BATCH", 2)
    if backend != "project.sessions":
        settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{backend}"
        settings.MIDDLEWARE = [
            "django.contrib.sessions.middleware.SessionMiddleware" if "SiteSession" in name else name
            for name in settings.MIDDLEWARE
        ]
    journey.sign_in()
    alive = SessionLink.objects.get()
    for each in range(5):
        alive.pk, alive.session_key = None, f"gone-{each}"
        alive.save(force_insert=True)
    assert pruning.prune() == (0, 5)
    assert is_still_in(journey.visitor)


def test_link_of_a_session_that_has_run_out_goes(journey: Journey) -> None:
    journey.sign_in()
    assert pruning.prune(now=timezone.now() + timedelta(days=400))[1] == 1
