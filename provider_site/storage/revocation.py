"""Tokens revoked with all they belong to: by their rows, as staff do who never see a text, or by their text."""

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


def revoke_own(text: str, *, application: Any) -> bool:
    """Revoke one of ``application``'s own tokens, with its family (RFC 7009 2.1); return whether one was found."""
    return _revoke_text(text, reason="revoked_by_client", application=application) is not None


def revoke_leaked(text: str) -> DeadToken | None:
    """Revoke an access or refresh token with its family, whosever it is; ``None`` when there is none of this text.

    A rotated refresh token kills its family too: its successors may have been bought with the leaked one.
    """
    return _revoke_text(text, reason="leaked")


@transaction.atomic
def _revoke_text(text: str, *, reason: str, **whose: Any) -> DeadToken | None:
    checksum = crypto.digest(text)
    # Several rows may share a digest: DOT's uniqueness includes ``revoked``.
    rows = get_refresh_token_model().objects.select_related("application")
    refresh = list(rows.filter(token_checksum=checksum, **whose))
    if refresh:
        killed = [revoke_refresh_row(row, reason=reason) for row in refresh]
        return DeadToken(credentials.REFRESH_TOKEN, refresh[0].application, dead_already=not any(killed))
    rows = get_access_token_model().objects.select_related("application")
    access = rows.filter(token_checksum=checksum, **whose).first()
    if access is None:
        return None
    revoke_access_row(access, reason=reason)
    if (family := credentials.authorization_id(text)) is not None:
        tokens.revoke_authorization(family, reason=reason)
    return DeadToken(credentials.ACCESS_TOKEN, access.application, dead_already=access.expires <= timezone.now())


@transaction.atomic
def revoke_access_row(row: Any, *, reason: str) -> None:
    """Kill an access token, with the family of the refresh token that came with it or that it was bought by."""
    rows = get_refresh_token_model().objects
    keys = [row.source_refresh_token_id] if row.source_refresh_token_id else []
    for refresh in [*rows.filter(access_token=row.pk), *rows.filter(pk__in=keys)]:
        revoke_refresh_row(refresh, reason=reason)
    get_access_token_model().objects.filter(pk=row.pk).delete()


@transaction.atomic
def revoke_refresh_row(row: Any, *, reason: str) -> bool:
    """Kill a refresh token with its family; return whether this call did it.

    Its row stays, so that a second use is still seen as one. One issued by stock DOT has no family of ours.
    """
    updated = (
        get_refresh_token_model()
        .objects.filter(pk=row.pk, revoked__isnull=True)
        .update(revoked=timezone.now(), access_token=None)
    )
    if row.access_token_id:
        get_access_token_model().objects.filter(pk=row.access_token_id).delete()
    killed = bool(row.token_family) and tokens.revoke_authorization(row.token_family, reason=reason)
    return updated == 1 or killed
