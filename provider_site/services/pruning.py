"""Deleting what is over: in small batches, safe to stop and to repeat."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib import import_module

from django.apps import apps
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.db.models import Q
from django.utils import timezone

from provider_site.conf import provider_settings
from provider_site.models import AuditEvent, AuthorizationRequest, DailyCount, DeviceAuthorization, OutboxMessage
from provider_site.services import logos, usage
from provider_site.storage import batches, expired

# Long enough that a late tab is told "expired" rather than "unknown", and that a fault can still be looked into.
KEPT = timedelta(days=7)
# What was given up is looked at by somebody, some day.
GIVEN_UP_KEPT = timedelta(days=90)
# A batch takes some tens of milliseconds.
BATCH = 2000


def prune() -> dict[str, int]:
    """Delete what nobody needs any more; return how many of each kind."""
    return dict(steps())


def steps() -> Iterator[tuple[str, int]]:
    """Delete kind by kind, each for its own reason below; yield how many of each as soon as they are gone.

    What others point to comes after those: refresh tokens before access tokens and authorizations, these before
    sessions. Killed at any moment, the next run goes on.
    """
    now = timezone.now()
    horizon = now - KEPT
    unused = horizon - provider_settings.refresh_token_idle_lifetime
    # Whatever a code bought without a refresh token is over by then too.
    consumed = min(unused, horizon - provider_settings.access_token_lifetime)
    yield "refresh tokens", expired.delete_refresh_tokens(before=unused, size=BATCH)
    yield "access tokens", expired.delete_access_tokens(before=horizon, size=BATCH)
    yield "ID tokens", expired.delete_id_tokens(before=horizon, size=BATCH)
    yield "codes", expired.delete_codes(before=horizon, size=BATCH)
    requests = AuthorizationRequest.objects.filter(expires_at__lt=horizon)
    yield "authorization requests", batches.delete_by("expires_at", requests, size=BATCH)
    devices = DeviceAuthorization.objects.filter(expires_at__lt=horizon)
    yield "device codes", batches.delete_by("expires_at", devices, size=BATCH)
    yield "codes never exchanged", expired.delete_unused_authorizations(before=horizon, size=BATCH)
    families = expired.delete_dead_families(consumed_before=consumed, over_before=horizon, size=BATCH)
    yield "families of tokens", families
    yield "sessions", expired.delete_sessions(before=horizon, size=BATCH)
    yield "browser sessions", _browser_sessions(now)
    over = Q(delivered_at__lt=horizon) | Q(dead_at__lt=now - GIVEN_UP_KEPT)
    yield "messages", batches.delete(OutboxMessage.objects.filter(over), size=BATCH)
    yield "logos", logos.prune(before=horizon)
    counts = DailyCount.objects.filter(day__lt=usage.today() - usage.KEPT)
    yield "counts", batches.delete(counts, size=BATCH, in_order=True)
    yield "audit events", _audit_events(now)


def _browser_sessions(now: datetime) -> int:
    """Delete the host's own sessions that ran out, as ``clearsessions`` does, where they are rows of a table."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    if not apps.is_installed("django.contrib.sessions") or not issubclass(store, DatabaseStore):
        return 0
    rows = store.get_model_class()._default_manager.filter(expire_date__lt=now)
    return batches.delete_by("expire_date", rows, size=BATCH)


def _audit_events(now: datetime) -> int:
    """Delete events that are older than the site keeps them, if it doesn't keep them all."""
    if (kept := provider_settings.audit_retention) is None:
        return 0
    # The base manager's: the trail's own refuses to delete, and here time does.
    return batches.delete_by("at", AuditEvent._base_manager.filter(at__lt=now - kept), size=BATCH)
