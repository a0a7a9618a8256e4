"""Read and write an account's tokens, sealed at rest. Every write is one conditional statement: no lock is held."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from consumer_site.errors import NoTokens
from consumer_site.models import StoredToken
from consumer_site.vault import cipher
from consumer_site.vault.token_set import TokenSet
from consumer_site.vault.tracebacks import without_locals

if TYPE_CHECKING:
    from allauth.socialaccount.models import SocialAccount

_UNLEASED: dict[str, Any] = {"lease": "", "lease_until": None}
_WELL: dict[str, Any] = {**_UNLEASED, "needs_sign_in": False, "failure": ""}


@dataclass(frozen=True, slots=True)
class Held:
    """A row as it was read: its tokens, and which generation of them."""

    pk: int
    generation: int
    tokens: TokenSet


@without_locals()
@sensitive_variables()
def save(*, account: SocialAccount, tokens: TokenSet, asked: Iterable[str] = ()) -> StoredToken:
    """Replace the account's tokens by those of a sign-in; a renewal of earlier ones, still under way, loses.

    `asked` are the scopes that the sign-in asked for, of which `tokens.scope` were granted.
    """
    values = {**sealed_values(account=account, tokens=tokens), **_WELL, "asked_scope": " ".join(asked)}
    mine = StoredToken.objects.filter(account=account)
    if not _overwrite(account, values):
        try:
            with transaction.atomic():
                StoredToken.objects.create(account=account, generation=1, **values)
        except IntegrityError:
            # Another sign-in made the row meanwhile: the last one wins.
            if not _overwrite(account, values):
                raise NoTokens(f"account {account.pk} is gone") from None
    return mine.get()


def _overwrite(account: SocialAccount, values: dict[str, Any]) -> int:
    rows = StoredToken.objects.filter(account=account)
    return rows.update(**values, generation=F("generation") + 1, updated_at=timezone.now())


@without_locals()
@sensitive_variables()
def load(*, account: SocialAccount) -> TokenSet | None:
    """Return the account's tokens, or None when it has none; raise UnsealError when they can't be opened."""
    row = StoredToken.objects.filter(account=account).first()
    return None if row is None else opened(row, account=account).tokens


def forget(*, account: SocialAccount) -> None:
    """Delete the account's tokens."""
    StoredToken.objects.filter(account=account).delete()


def binding_of(account: SocialAccount) -> str:
    """Return what the account's tokens are sealed for: a row copied to another account opens for nobody."""
    return f"account:{account.pk}:{account.provider}:{account.uid}"


@sensitive_variables()
def sealed_values(*, account: SocialAccount, tokens: TokenSet) -> dict[str, Any]:
    """Return the columns that hold the tokens."""
    pair = {"access_token": tokens.access_token, "refresh_token": tokens.refresh_token}
    return {
        "sealed": cipher.seal(json.dumps(pair), binding=binding_of(account)),
        "scope": " ".join(tokens.scope),
        "expires_at": tokens.expires_at,
    }


@sensitive_variables()
def opened(row: StoredToken, *, account: SocialAccount) -> Held:
    """Return a row with its tokens in clear; raise UnsealError when they can't be opened."""
    pair: dict[str, Any] = json.loads(cipher.unseal(row.sealed, binding=binding_of(account)))
    tokens = TokenSet(
        access_token=pair["access_token"],
        refresh_token=pair["refresh_token"],
        expires_at=row.expires_at,
        scope=tuple(row.scope.split()),
    )
    return Held(pk=row.pk, generation=row.generation, tokens=tokens)


def take_lease(held: Held, *, now: datetime, length: timedelta) -> str:
    """Return the lease to renew these very tokens, empty when another has it, or they were replaced or given up."""
    lease = secrets.token_hex(16)
    rows = StoredToken.objects.filter(_free(now), pk=held.pk, generation=held.generation, needs_sign_in=False)
    return lease if rows.update(lease=lease, lease_until=now + length) else ""


def release_lease(held: Held, *, lease: str) -> None:
    """Give the lease back, unless another has it by now."""
    StoredToken.objects.filter(pk=held.pk, lease=lease).update(**_UNLEASED)


@sensitive_variables()
def replace(held: Held, *, account: SocialAccount, tokens: TokenSet, now: datetime) -> bool:
    """Store renewed tokens; return False, having stored nothing, when others were stored since `held` was read.

    Asked for is the generation and not the lease: who renewed so slowly that the lease ran out has good tokens too.
    """
    rows = StoredToken.objects.filter(pk=held.pk, generation=held.generation)
    values = {**sealed_values(account=account, tokens=tokens), **_WELL}
    return bool(rows.update(**values, generation=held.generation + 1, refreshed_at=now, updated_at=now))


def mark(*, pk: int, generation: int, failure: str, now: datetime, lease: str = "") -> bool:
    """Note that these tokens can't be renewed; return False when they were replaced, or another renews them now.

    A holder whose lease ran out does not mark either: it may have been refused because another has just renewed.
    """
    mine = Q(lease=lease) if lease else _free(now)
    rows = StoredToken.objects.filter(mine, pk=pk, generation=generation)
    return bool(rows.update(needs_sign_in=True, failure=failure[:60], updated_at=now, **_UNLEASED))


def unmark(*, pk: int, failure: str) -> None:
    """Take back a mark that was made for this failure alone."""
    StoredToken.objects.filter(pk=pk, failure=failure).update(needs_sign_in=False, failure="")


def _free(now: datetime) -> Q:
    return Q(lease="") | Q(lease_until__lte=now)
