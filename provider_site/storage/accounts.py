"""Everything in the token tables that one person has, at every application."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import models
from django.db.models import QuerySet
from django.utils import timezone
from oauth2_provider.models import get_access_token_model, get_grant_model, get_refresh_token_model

from provider_site.models import Authorization
from provider_site.storage import batches

BATCH = 1000


def _living() -> list[QuerySet[Any]]:
    """Return what may still buy or open something, of everybody."""
    stock: list[type[models.Model]] = [get_access_token_model(), get_grant_model()]
    return [
        Authorization.objects.filter(revoked_at=None),
        get_refresh_token_model().objects.filter(revoked__isnull=True),
        *(model._default_manager.all() for model in stock),
    ]


def has_access(*, user_id: Any) -> bool:
    """Tell whether anything of a person's is left to revoke."""
    return any(rows.filter(user=user_id).exists() for rows in _living())


def revoke_person(*, user_id: Any, reason: str) -> bool:
    """Kill every token, code and authorization of a person, in the caller's transaction; return whether any was left.

    Keys are read in batches: memory stays small whatever a person has.
    """
    now = timezone.now()
    authorizations, refresh, *stock = _living()
    count: int = authorizations.filter(user=user_id).update(revoked_at=now, revoked_reason=reason)
    # Before the access tokens: their deletion would read each refresh token that points to one.
    count += refresh.filter(user=user_id).update(revoked=now, access_token=None)
    for rows in stock:
        own = rows.filter(user=user_id).order_by()
        while keys := list(own.values_list("pk", flat=True)[:BATCH]):
            # Not those that somebody else has deleted since they were read.
            count += own.filter(pk__in=keys).delete()[1].get(own.model._meta.label, 0)
    return count > 0


def count(*, user_id: Any) -> int:
    """Return how many tokens and codes of a person's are in stock DOT's tables, dead ones included."""
    stock: list[type[models.Model]] = [get_access_token_model(), get_refresh_token_model(), get_grant_model()]
    return sum(model._default_manager.filter(user=user_id).count() for model in stock)


def inactive_people(*, batch: int = BATCH) -> Iterator[Any]:
    """Yield the keys of inactive accounts that still have something to revoke, some of them more than once."""
    for rows in _living():
        for keys in batches.of_keys(rows.filter(user__is_active=False), "user_id", size=batch):
            yield from keys
