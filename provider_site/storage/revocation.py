"""Tokens revoked by their rows, as somebody who never sees their text does."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone
from oauth2_provider.models import get_access_token_model, get_refresh_token_model

from provider_site.storage import tokens


@transaction.atomic
def revoke_access_row(row: Any) -> None:
    """Kill an access token, with the family of the refresh token that came with it or that it was bought by."""
    rows = get_refresh_token_model().objects
    keys = [row.source_refresh_token_id] if row.source_refresh_token_id else []
    related = [*rows.filter(access_token=row.pk), *rows.filter(pk__in=keys)]
    for refresh in related:
        _revoke_family(refresh)
    get_access_token_model().objects.filter(pk=row.pk).delete()


@transaction.atomic
def revoke_refresh_row(row: Any) -> None:
    """Kill a refresh token with its family."""
    _revoke_family(row)


def _revoke_family(row: Any) -> None:
    if row.token_family:
        tokens.revoke_authorization(row.token_family, reason="revoked_by_staff")
        return
    # Issued by stock DOT without a family. Its row stays, so that a second use is still seen as one.
    access = row.access_token_id
    get_refresh_token_model().objects.filter(pk=row.pk, revoked__isnull=True).update(
        revoked=timezone.now(), access_token=None
    )
    if access:
        get_access_token_model().objects.filter(pk=access).delete()
