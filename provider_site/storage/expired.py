"""Codes and tokens in DOT's tables that are over, each table gone through once.

DOT's tables have no index by time. DOT's ``cleartokens`` searches, and counts, what is left of the whole table for each
batch; here each batch begins by primary key where the last one ended.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from oauth2_provider.models import get_access_token_model, get_grant_model, get_refresh_token_model

from provider_site.storage import batches


def delete_refresh_tokens(*, before: datetime, size: int) -> int:
    """Delete refresh tokens made and not used, or used up, before ``before``: return how many.

    Until then a rotated one stays, so that its replay is known for what it is.
    """
    over = Q(revoked__lt=before) | Q(revoked=None, created__lt=before)
    return _delete(get_refresh_token_model()._default_manager.filter(over), size=size)


def delete_access_tokens(*, before: datetime, size: int) -> int:
    """Delete access tokens that expired before ``before``; return how many.

    One whose refresh token lives stays: without it, DOT takes the refresh token for an orphan.
    """
    rows = get_access_token_model()._default_manager.filter(expires__lt=before, refresh_token=None)
    return _delete(rows, size=size)


def delete_codes(*, before: datetime, size: int) -> int:
    """Delete codes that expired before ``before``; return how many."""
    return _delete(get_grant_model()._default_manager.filter(expires__lt=before), size=size)


def _delete(rows: QuerySet[Any], *, size: int) -> int:
    """Delete ``rows`` batch by batch, each in a transaction of its own, so that nobody waits long for a lock."""
    deleted = 0
    for keys in batches.of_keys(rows, size=size):
        rows.model._default_manager.filter(pk__in=keys).delete()
        deleted += len(keys)
    return deleted
