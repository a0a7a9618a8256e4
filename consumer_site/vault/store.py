"""Save and load an account's tokens, sealed at rest."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from consumer_site.models import StoredToken
from consumer_site.vault import cipher
from consumer_site.vault.token_set import TokenSet

if TYPE_CHECKING:
    from allauth.socialaccount.models import SocialAccount


def _binding(account: SocialAccount) -> str:
    # A row copied to another account opens for nobody.
    return f"account:{account.pk}:{account.provider}:{account.uid}"


@sensitive_variables()
@transaction.atomic
def save(*, account: SocialAccount, tokens: TokenSet) -> StoredToken:
    """Replace the account's tokens; an earlier sign-in's are forgotten."""
    text = json.dumps({"access_token": tokens.access_token, "refresh_token": tokens.refresh_token})
    row, _created = StoredToken.objects.update_or_create(
        account=account,
        defaults={
            "sealed": cipher.seal(text, binding=_binding(account)),
            "scope": " ".join(tokens.scope),
            "expires_at": tokens.expires_at,
            "needs_sign_in": False,
        },
    )
    return row


@sensitive_variables()
def load(*, account: SocialAccount) -> TokenSet | None:
    """Return the account's tokens, or None when it has none; raise UnsealError when they can't be opened."""
    row = StoredToken.objects.filter(account=account).first()
    if row is None:
        return None
    opened: dict[str, Any] = json.loads(cipher.unseal(row.sealed, binding=_binding(account)))
    return TokenSet(
        access_token=opened["access_token"],
        refresh_token=opened["refresh_token"],
        expires_at=row.expires_at,
        scope=tuple(row.scope.split()),
    )


def forget(*, account: SocialAccount) -> None:
    """Delete the account's tokens."""
    StoredToken.objects.filter(account=account).delete()
