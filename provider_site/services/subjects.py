"""Subjects that differ from application to application: made at the first need, the same ever after."""

from __future__ import annotations

from typing import Any

from provider_site.models import PairwiseSubject, UnionSubject


def pairwise(*, user: Any, sector: str) -> str:
    """Return the subject by which the applications of a sector know the person (OpenID Core 8.1)."""
    row, _created = PairwiseSubject.objects.get_or_create(user=user, sector=sector)
    return row.subject


def union(*, user: Any, owner_id: Any) -> str:
    """Return the ``unionid`` by which all applications of an owner know the person."""
    row, _created = UnionSubject.objects.get_or_create(user=user, owner_id=owner_id)
    return row.subject
