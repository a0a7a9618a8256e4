"""What is over in DOT's tables and beside them, each table gone through once.

DOT's tables have no index by time, and get none from here: it would cost every token issued (docs/decisions/0044).
DOT's ``cleartokens`` searches, and counts, what is left of the whole table for each batch; here each batch begins by
primary key where the last one ended.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from oauth2_provider.models import (
    get_access_token_model,
    get_grant_model,
    get_id_token_model,
    get_refresh_token_model,
)

from provider_site.models import Authorization, DeviceAuthorization, Session
from provider_site.storage import batches


def _field(model: Any, name: str) -> Any:
    return model._meta.get_field(name)


def _refers(model: Any, name: str) -> Exists:
    """Return the condition that a row of ``model`` points here by its foreign key ``name``."""
    return Exists(model._base_manager.filter(**{name: OuterRef("pk")}))


def delete_refresh_tokens(*, before: datetime, size: int) -> int:
    """Delete refresh tokens made and not used, or used up, before ``before``: return how many.

    Until then a rotated one stays, so that its replay is known for what it is.
    """
    access = get_access_token_model()

    def orphan(rows: QuerySet[Any]) -> None:
        access._base_manager.filter(source_refresh_token__in=rows.order_by().values("pk")).update(
            source_refresh_token=None
        )

    over = Q(revoked__lt=before) | Q(revoked=None, created__lt=before)
    rows = get_refresh_token_model()._default_manager.filter(over)
    return batches.delete(rows, size=size, unreferenced_by=[_field(access, "source_refresh_token")], first=orphan)


def delete_access_tokens(*, before: datetime, size: int) -> int:
    """Delete access tokens that expired before ``before``; return how many.

    One whose refresh token lives stays: without it, DOT takes the refresh token for an orphan.
    """
    refresh = get_refresh_token_model()
    rows = get_access_token_model()._default_manager.filter(~_refers(refresh, "access_token"), expires__lt=before)
    return batches.delete(rows, size=size, unreferenced_by=[_field(refresh, "access_token")])


def delete_id_tokens(*, before: datetime, size: int) -> int:
    """Delete ID tokens that stock DOT noted and that expired before ``before``; return how many."""
    access = get_access_token_model()
    rows = get_id_token_model()._default_manager.filter(~_refers(access, "id_token"), expires__lt=before)
    return batches.delete(rows, size=size, unreferenced_by=[_field(access, "id_token")])


def delete_codes(*, before: datetime, size: int) -> int:
    """Delete codes that expired before ``before``; return how many."""
    return batches.delete(get_grant_model()._default_manager.filter(expires__lt=before), size=size)


def delete_unused_authorizations(*, before: datetime, size: int) -> int:
    """Delete what codes made before ``before`` would have bought, had they ever been exchanged; return how many."""
    return _delete_authorizations(Q(consumed_at=None, created__lt=before), size=size)


def delete_dead_families(*, consumed_before: datetime, over_before: datetime, size: int) -> int:
    """Delete authorizations on which nothing hangs any more; return how many.

    Such a family's code was exchanged before ``consumed_before``, which is at least an access token's whole life ago,
    none of its refresh tokens is left, not even one kept for its replay to be known, so none of its access tokens is
    younger than that; and the session it was made in ended before ``over_before``, so no application is to be told of a
    sign-out. A replay of the code or of a token is refused as before: there is nothing left that it could kill.
    """
    family = Exists(get_refresh_token_model()._base_manager.filter(token_family=OuterRef("pk")))
    living = Q(ended_at=None) | Q(ended_at__gte=over_before)
    session = Exists(Session.objects.filter(living, pk=OuterRef("session_id"), expires_at__gte=over_before))
    return _delete_authorizations(Q(~family, ~session, consumed_at__lt=consumed_before), size=size)


def _delete_authorizations(over: Q, *, size: int) -> int:
    rows = Authorization.objects.filter(over, ~_refers(DeviceAuthorization, "authorization"))
    return batches.delete(rows, size=size, unreferenced_by=[_field(DeviceAuthorization, "authorization")])


def delete_sessions(*, before: datetime, size: int) -> int:
    """Delete sessions that ran out before ``before`` and that no authorization was made in; return how many."""
    rows = Session.objects.filter(~_refers(Authorization, "session"), expires_at__lt=before)
    return batches.delete(rows, size=size, unreferenced_by=[_field(Authorization, "session")])
