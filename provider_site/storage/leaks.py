"""Tokens that leaked: found by their text alone, whosever they are, and killed with all they belong to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone
from oauth2_provider.models import get_access_token_model, get_refresh_token_model

from provider_site import crypto
from provider_site.storage import credentials, tokens


@dataclass(frozen=True, slots=True)
class DeadToken:
    """A token that was stored here: its kind by our prefix, its application, and whether it had been dead already."""

    kind: str
    application: Any
    dead_already: bool


def revoke_token(text: str) -> DeadToken | None:
    """Revoke an access or refresh token with its family; ``None`` when there is none of this text.

    A rotated refresh token kills its family too: its successors may have been bought with the leaked one.
    """
    checksum = crypto.digest(text)
    refresh = get_refresh_token_model().objects.select_related("application").filter(token_checksum=checksum)
    if (row := refresh.order_by("revoked").first()) is not None:
        return _revoke_refresh_token(row)
    access = get_access_token_model().objects.select_related("application").filter(token_checksum=checksum).first()
    return _revoke_access_token(access, text) if access is not None else None


@transaction.atomic
def _revoke_refresh_token(row: Any) -> DeadToken:
    updated = (
        get_refresh_token_model()
        .objects.filter(token_checksum=row.token_checksum, revoked__isnull=True)
        .update(revoked=timezone.now(), access_token=None)
    )
    if row.access_token_id:
        get_access_token_model().objects.filter(pk=row.access_token_id).delete()
    killed = bool(row.token_family) and tokens.revoke_authorization(row.token_family, reason="leaked")
    return DeadToken(credentials.REFRESH_TOKEN, row.application, dead_already=not (updated or killed))


@transaction.atomic
def _revoke_access_token(row: Any, text: str) -> DeadToken:
    beside = get_refresh_token_model().objects.filter(access_token=row.pk)
    families = {credentials.authorization_id(text), *beside.values_list("token_family", flat=True)} - {None}
    beside.filter(revoked__isnull=True).update(revoked=timezone.now(), access_token=None)
    get_access_token_model().objects.filter(pk=row.pk).delete()
    for family in families:
        tokens.revoke_authorization(family, reason="leaked")
    return DeadToken(credentials.ACCESS_TOKEN, row.application, dead_already=row.expires <= timezone.now())
