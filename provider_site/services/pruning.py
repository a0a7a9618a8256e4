"""Deleting what is over: in small batches, safe to stop and to repeat."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from provider_site.conf import provider_settings
from provider_site.models import (
    Authorization,
    AuthorizationRequest,
    DailyCount,
    DeviceAuthorization,
    OutboxMessage,
    Session,
)
from provider_site.services import logos, usage
from provider_site.storage import expired

# Long enough that a late tab is told "expired" rather than "unknown", and that a fault can still be looked into.
KEPT = timedelta(days=7)
BATCH = 1000


def prune() -> dict[str, int]:
    """Delete what nobody needs any more, each kind for its own reason below; return how many of each."""
    horizon = timezone.now() - KEPT
    unused = horizon - provider_settings.refresh_token_idle_lifetime
    return {
        "refresh tokens": expired.delete_refresh_tokens(before=unused, size=BATCH),
        "access tokens": expired.delete_access_tokens(before=horizon, size=BATCH),
        "codes": expired.delete_codes(before=horizon, size=BATCH),
        "authorization requests": _delete(AuthorizationRequest.objects.filter(expires_at__lt=horizon)),
        "device codes": _delete(DeviceAuthorization.objects.filter(expires_at__lt=horizon)),
        "codes never exchanged": _delete(Authorization.objects.filter(consumed_at=None, created__lt=horizon)),
        "sessions": _delete(Session.objects.filter(expires_at__lt=horizon, authorizations=None)),
        "messages": _delete(OutboxMessage.objects.filter(delivered_at__lt=horizon)),
        "logos": logos.prune(before=horizon),
        "counts": _delete(DailyCount.objects.filter(day__lt=usage.today() - usage.KEPT)),
    }


def _delete(rows: QuerySet[Any]) -> int:
    """Delete ``rows`` batch by batch, each in a transaction of its own, so that nobody waits long for a lock."""
    deleted = 0
    while keys := list(rows.values_list("pk", flat=True)[:BATCH]):
        rows.model._default_manager.filter(pk__in=keys).delete()
        deleted += len(keys)
    return deleted
