"""Take over what allauth stored in clear: its SocialToken rows become ours, sealed, and go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F, Model
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from consumer_site.vault import cipher
from consumer_site.vault.store import sealed_values
from consumer_site.vault.token_set import TokenSet
from consumer_site.vault.tracebacks import without_locals

BATCH_SIZE = 200


@dataclass(slots=True)
class Moved:
    """How many rows were taken over, and how many went because the vault's were newer."""

    taken: int = 0
    outdated: int = 0


@without_locals()
@sensitive_variables()
def move_plain_tokens(
    *, social_tokens: type[Model], stored_tokens: type[Model], using: str = "default", batch_size: int = BATCH_SIZE
) -> Moved:
    """Move every row of allauth's SocialToken into ours, each in a transaction of its own; return what was done.

    Takes the models, so that a migration can pass those of its time. Broken off, it goes on where it stopped. Raise
    ImproperlyConfigured, with nothing moved, when there are rows and no key ring.
    """
    plain = social_tokens._default_manager.using(using).select_related("account").order_by("-pk")
    moved = Moved()
    # Newest first: an account may have one per app, and the vault keeps one per account.
    while batch := list(plain[:batch_size]):
        cipher.seal("", binding="")  # asks for the key ring
        for row in batch:
            _move(row, stored_tokens._default_manager.using(using), using=using, moved=moved)
    return moved


@sensitive_variables()
def _move(row: Any, stored: Any, *, using: str, moved: Moved) -> None:
    with transaction.atomic(using=using):
        # First the statement that writes: on SQLite a transaction that begins by reading may fail later.
        gone, _by_model = type(row)._default_manager.using(using).filter(pk=row.pk).delete()
        if not gone:
            return  # another process moved it
        tokens = TokenSet(row.token, row.token_secret, row.expires_at) if row.token else None
        held = stored.select_for_update().filter(account_id=row.account_id).first()
        if tokens is None or (held is not None and not _is_newer(row, held)):
            moved.outdated += 1
            return
        values = {**sealed_values(account=row.account, tokens=tokens), "needs_sign_in": False, "failure": ""}
        if held is None:
            stored.create(account_id=row.account_id, generation=1, **values)
        else:
            replaced = {"generation": F("generation") + 1, "lease": "", "lease_until": None}
            stored.filter(pk=held.pk).update(**values, **replaced, updated_at=timezone.now())
        moved.taken += 1


def _is_newer(plain: Any, held: Any) -> bool:
    # allauth's rows carry no date: only where both say when the token ends is it known which came later.
    return bool(plain.expires_at and held.expires_at and plain.expires_at > held.expires_at)
