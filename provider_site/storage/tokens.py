"""Access and refresh tokens in DOT's tables."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from oauth2_provider.models import get_access_token_model, get_grant_model, get_refresh_token_model, set_token_value

from provider_site import crypto
from provider_site.errors import RefreshTokenReused
from provider_site.models import Authorization, Consent


@dataclass(frozen=True, slots=True)
class RefreshTokenRecord:
    """A refresh token as stored, with the authorization it renews (``None``: issued by stock DOT)."""

    row: Any
    authorization: Authorization | None


def store_tokens(
    *,
    application: Any,
    user: Any,
    scope: str,
    access_token: str,
    refresh_token: str | None,
    expires_at: datetime,
    family: uuid.UUID | None,
    source_refresh_token: Any = None,
    resource: list[str] | None = None,
    granted_resource: list[str] | None = None,
) -> None:
    """Write an access token and, if there is one, its refresh token, both by digest. ``family`` joins refreshes.

    The access token is for ``resource``; the refresh token stays bound to all that was granted (RFC 8707 2.2).
    """
    access = get_access_token_model()(
        user=user,
        application=application,
        scope=scope,
        expires=expires_at,
        source_refresh_token=source_refresh_token,
        resource=resource or [],
    )
    set_token_value(access, access_token)
    access.save(force_insert=True)
    if refresh_token is None:
        return
    refresh = get_refresh_token_model()(
        user=user, application=application, access_token=access, token_family=family, resource=granted_resource or []
    )
    set_token_value(refresh, refresh_token)
    refresh.save(force_insert=True)


def note_use(consent: Consent) -> None:
    """Record that a consent bought tokens now; one write an hour per consent, not one per token.

    The first use takes back that the consent was about to end unused.
    """
    now = timezone.now()
    stale = Q(last_used_at__isnull=True) | Q(last_used_at__lt=now - timedelta(hours=1))
    flagged = Q(unused_warned_at__isnull=False)
    Consent.objects.filter(stale | flagged, pk=consent.pk).update(last_used_at=now, unused_warned_at=None)


def use_is_news(consent: Consent, now: datetime) -> bool:
    """Tell whether ``note_use`` would write anything down."""
    last = consent.last_used_at
    return last is None or last < now - timedelta(hours=1) or consent.unused_warned_at is not None


def find_refresh_token(text: str) -> RefreshTokenRecord | None:
    """Return the refresh token as stored, revoked or not, or ``None``.

    Several rows may share a digest (DOT's uniqueness includes ``revoked``): a live one wins.
    """
    rows = get_refresh_token_model().objects.filter(token_checksum=crypto.digest(text))
    rows = rows.select_related("application__registration", "user")
    row = rows.order_by(F("revoked").desc(nulls_first=True)).first()
    if row is None:
        return None
    authorization = None
    if row.token_family:
        authorization = Authorization.objects.select_related("consent", "session").filter(pk=row.token_family).first()
    return RefreshTokenRecord(row, authorization)


def is_retry(rotated: datetime, grace: timedelta) -> bool:
    """Tell whether a refresh token that was rotated then may be sent again now.

    Without a grace never: another host's clock may be ahead, and ``rotated`` yet to come.
    """
    return grace > timedelta(0) and timezone.now() < rotated + grace


def consume_refresh_token(record: RefreshTokenRecord, *, grace: timedelta = timedelta(0)) -> bool:
    """Rotate a refresh token out, in the transaction that stores its successor; return whether this use was the first.

    One conditional UPDATE decides among simultaneous uses. A later use raises RefreshTokenReused, unless it comes
    within ``grace`` of the first with the family alive: then it returns ``False`` and may mint a sibling.
    """
    assert transaction.get_connection().in_atomic_block, "a token and its successor belong in one transaction"
    now = timezone.now()
    tokens = get_refresh_token_model().objects
    taken = tokens.filter(pk=record.row.pk, revoked__isnull=True).update(revoked=now, access_token=None)
    if taken == 1:
        if record.row.access_token_id:
            get_access_token_model().objects.filter(pk=record.row.access_token_id).delete()
        return True
    # Read anew: the first use may have come between the reading of the record and this.
    rotated = tokens.filter(pk=record.row.pk).values_list("revoked", flat=True).first()
    family = Authorization.objects.filter(pk=record.row.token_family, revoked_at__isnull=True)
    if rotated is None or not is_retry(rotated, grace) or not family.exists():
        raise RefreshTokenReused("the refresh token had been rotated already")
    return False


def revoke_authorization(authorization_id: uuid.UUID, *, reason: str) -> bool:
    """Kill everything one authorization bought; return whether this call did it. Safe to repeat.

    The UPDATE of the authorization is what the check at use reads; DOT's rows follow so that stock DOT agrees.
    """
    with transaction.atomic():
        now = timezone.now()
        killed = Authorization.objects.filter(pk=authorization_id, revoked_at__isnull=True).update(
            revoked_at=now, revoked_reason=reason
        )
        family = get_refresh_token_model().objects.filter(token_family=authorization_id)
        get_access_token_model().objects.filter(refresh_token__token_family=authorization_id).delete()
        family.filter(revoked__isnull=True).update(revoked=now, access_token=None)
    return killed == 1


def revoke_consent_tokens(consent: Consent, *, reason: str) -> bool:
    """Kill everything a person's consent to an application bought, in the caller's transaction; return whether any was.

    At most one consent per person and application is open, so all their live tokens hang on it, stock DOT's included.
    """
    now = timezone.now()
    living = Authorization.objects.filter(consent=consent, revoked_at__isnull=True)
    count: int = living.update(revoked_at=now, revoked_reason=reason)
    owned = {"user": consent.user_id, "application": consent.application_id}
    count += get_access_token_model().objects.filter(**owned).delete()[0]
    refresh = get_refresh_token_model().objects.filter(**owned, revoked__isnull=True)
    count += refresh.update(revoked=now, access_token=None)
    count += get_grant_model().objects.filter(**owned).delete()[0]
    return count > 0


def revoke_application_tokens(application_id: Any, *, not_after: datetime, batch: int = 1000) -> int:
    """Delete an application's tokens and codes issued until ``not_after`` in stock DOT's tables; return how many.

    Batch by batch, each in a transaction of its own; safe to stop and repeat. Here they were dead before this.
    """
    deleted = 0
    for model in (get_access_token_model(), get_refresh_token_model(), get_grant_model()):
        rows = model.objects.filter(application=application_id, created__lte=not_after)
        while keys := list(rows.values_list("pk", flat=True)[:batch]):
            model.objects.filter(pk__in=keys).delete()
            deleted += len(keys)
    return deleted
