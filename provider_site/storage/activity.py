"""Which authorizations still open something."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from django.utils import timezone
from oauth2_provider.models import get_refresh_token_model

from provider_site.conf import provider_settings
from provider_site.models import Authorization
from provider_site.storage import access


def alive(authorizations: Collection[Authorization]) -> frozenset[uuid.UUID]:
    """Return the keys of those by whose tokens their application gets in now, or may after renewing them.

    Each with its application's registration, user, consent and session. The rule of every use decides, asked only where
    a token is left.
    """
    now = timezone.now()
    unrevoked = [row for row in authorizations if row.revoked_at is None and row.consumed_at is not None]
    renewable = set(
        get_refresh_token_model()
        .objects.filter(
            token_family__in=[row.pk for row in unrevoked],
            revoked__isnull=True,
            created__gt=now - provider_settings.refresh_token_idle_lifetime,
        )
        .values_list("token_family", flat=True)
    )
    fresh = now - provider_settings.access_token_lifetime
    left = [
        row for row in unrevoked if row.pk in renewable or (row.consumed_at is not None and row.consumed_at > fresh)
    ]
    # The tokens' own end has been looked at above.
    end = now + provider_settings.access_token_lifetime
    return frozenset(row.pk for row in left if access.code_refusal(row, end) is None)
