"""Tokens revoked by the people who run the site."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.http import HttpRequest

from provider_site.models import AuditEvent
from provider_site.services import audit
from provider_site.storage import revocation


@transaction.atomic
def revoke(
    *, access: Iterable[Any] = (), refresh: Iterable[Any] = (), actor: Any, request: HttpRequest | None = None
) -> int:
    """Revoke tokens by their rows, each with its family and its trace; return how many rows were named.

    Callers have checked who asks, and that the rows are few.
    """
    revoked = 0
    for kind, rows, kill in (
        ("access_token", access, revocation.revoke_access_row),
        ("refresh_token", refresh, revocation.revoke_refresh_row),
    ):
        for row in rows:
            data = {"kind": kind, "id": str(row.pk), "user": str(row.user_id) if row.user_id is not None else ""}
            kill(row)
            audit.record(
                action=AuditEvent.Action.TOKEN_REVOKED,
                actor=actor,
                application=row.application,
                request=request,
                data=data,
            )
            revoked += 1
    return revoked
