"""Give out an account's tokens, renewed where needed: one renewal at a time, over all processes.

Who renews takes a lease by one conditional UPDATE, which is committed before the provider is called; the answer is
stored by another, conditional on the generation of the tokens that were sent. So no transaction is open around HTTP,
and the first answer wins, except that a new sign-in wins over every answer that was asked for before it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connections, router
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from consumer_site.conf import consumer_settings
from consumer_site.errors import (
    AnswerInvalid,
    CodeRefused,
    NotConfigured,
    NoTokens,
    OutboundError,
    Refused,
    SignInError,
    SignInNeeded,
    Unreachable,
)
from consumer_site.models import StoredToken
from consumer_site.vault import store
from consumer_site.vault.cipher import UnsealError
from consumer_site.vault.connections import Refresh, connection_for
from consumer_site.vault.store import Held
from consumer_site.vault.token_set import TokenSet
from consumer_site.vault.tracebacks import without_locals

if TYPE_CHECKING:
    from allauth.socialaccount.models import SocialAccount

logger = logging.getLogger("consumer_site.vault")

# A token that ends sooner is renewed: it has to live until the provider has read the request that it is for.
MARGIN = timedelta(seconds=60)
NOT_RENEWABLE = "not_renewable"
UNSEALABLE = "unsealable"
# With these a provider refuses for good; whatever else goes wrong may go well the next time.
_REFUSED = (CodeRefused, Refused, SignInNeeded)
# A renewal is at most four calls: where to send it, with which keys its answer is signed, itself, and newer keys.
_CALLS = 4
_SLACK_SECONDS = 10
_POLL_SECONDS = 0.2
_ATTEMPTS_TO_STORE = 3


class TransactionOpen(RuntimeError):
    """Tokens were asked for inside a transaction: it would stay open during HTTP, and undo what was stored."""

    def __init__(self) -> None:
        super().__init__(
            "The vault was asked for tokens inside a transaction. Call it before transaction.atomic() begins or after "
            "it ends; a view under ATOMIC_REQUESTS needs @transaction.non_atomic_requests, and code that a "
            "transaction leads to can wait for transaction.on_commit()."
        )


@dataclass(frozen=True, slots=True)
class Pace:
    """What time it is, and how to wait some seconds."""

    now: Callable[[], datetime] = timezone.now
    sleep: Callable[[float], None] = time.sleep


PACE = Pace()


@without_locals()
@sensitive_variables()
def fresh_tokens(*, account: SocialAccount, pace: Pace = PACE) -> TokenSet:
    """Return the account's tokens, renewed when the access token ends within a minute.

    Raise NoTokens or SignInNeeded when the person has to sign in, another SignInError when they can't be renewed now,
    TransactionOpen inside a transaction.
    """
    return fresh(account=account, pace=pace).tokens


@without_locals()
@sensitive_variables()
def fresh(*, account: SocialAccount, spent: int | None = None, pace: Pace = PACE) -> Held:
    """Return what `fresh_tokens` does with its generation; `spent` is a generation that the service takes no more."""
    refuse_open_transaction()
    first: int | None = None
    patience: datetime | None = None
    while True:
        held = _read(account, now=pace.now())
        replaced = first not in {None, held.generation}
        # One that another has just renewed is good however short it lives.
        if _lives(held, spent=spent, until=pace.now() + (timedelta(0) if replaced else MARGIN)):
            return held
        first = held.generation
        renewed = _try_to_renew(held, account=account, spent=spent, pace=pace)
        if renewed is not None:
            return renewed
        # Somebody else renews them now: the old one serves as long as it lives.
        if _lives(held, spent=spent, until=pace.now()):
            return held
        patience = patience or pace.now() + timedelta(seconds=consumer_settings.HTTP_TOTAL_TIMEOUT)
        if pace.now() >= patience:
            raise Unreachable("somebody else renews these tokens and does not come to an end", code="renewal_busy")
        pace.sleep(_POLL_SECONDS)


def refuse_open_transaction() -> None:
    """Raise TransactionOpen inside a transaction; the one around a TestCase does not count, as for durable atomics."""
    connection = connections[router.db_for_write(StoredToken)]
    blocks = connection.atomic_blocks
    if not blocks and connection.get_autocommit():
        return
    if not blocks or not getattr(blocks[-1], "_from_testcase", False):
        raise TransactionOpen


def lease_length() -> timedelta:
    """Return for how long a renewal keeps others away: longer than its calls can last."""
    return timedelta(seconds=_CALLS * consumer_settings.HTTP_TOTAL_TIMEOUT + _SLACK_SECONDS)


def _lives(held: Held, *, spent: int | None, until: datetime) -> bool:
    if held.generation == spent:
        return False
    return held.tokens.expires_at is None or held.tokens.expires_at > until


def _read(account: SocialAccount, *, now: datetime) -> Held:
    # Where it is written: a replica may not know yet what another has just stored.
    row = StoredToken.objects.using(router.db_for_write(StoredToken)).filter(account=account).first()
    if row is None:
        raise NoTokens(f"account {account.pk} has no tokens")
    if row.needs_sign_in and row.failure != UNSEALABLE:
        raise SignInNeeded(f"account {account.pk} is marked: {row.failure}")
    try:
        held = store.opened(row, account=account)
    except ImproperlyConfigured as error:
        raise NotConfigured(str(error)) from None
    except UnsealError as error:
        if row.needs_sign_in or store.mark(pk=row.pk, generation=row.generation, failure=UNSEALABLE, now=now):
            raise SignInNeeded(f"account {account.pk}: {error}") from None
        raise Unreachable(f"account {account.pk}: replaced while it was read", code="renewal_busy") from None
    if row.needs_sign_in:
        # The key is back in the ring.
        store.unmark(pk=row.pk, failure=UNSEALABLE)
    return held


@sensitive_variables()
def _try_to_renew(held: Held, *, account: SocialAccount, spent: int | None, pace: Pace) -> Held | None:
    """Return renewed tokens, or the old ones where no new ones are to be had; None when it is for others to renew."""
    alive = _lives(held, spent=spent, until=pace.now())
    refresh = connection_for(account).refresh
    if refresh is None or not held.tokens.refresh_token:
        if alive:
            return held
        if store.mark(pk=held.pk, generation=held.generation, failure=NOT_RENEWABLE, now=pace.now()):
            raise SignInNeeded(f"account {account.pk}: the access token has ended and can't be renewed")
        return None
    lease = store.take_lease(held, now=pace.now(), length=lease_length())
    if not lease:
        return None
    try:
        tokens = _ask(refresh, held, account=account)
    except _REFUSED as error:
        if not store.mark(pk=held.pk, generation=held.generation, failure=error.code, now=pace.now(), lease=lease):
            return None
        logger.warning("renewal refused: account=%s provider=%s %s", account.pk, account.provider, error.code)
        raise SignInNeeded(f"account {account.pk}: renewal refused, {error.code}: {error.detail}") from error
    except (OutboundError, SignInError) as error:
        store.release_lease(held, lease=lease)
        logger.warning("renewal failed: account=%s provider=%s %s", account.pk, account.provider, error.code)
        if alive and not isinstance(error, NotConfigured):
            return held
        if isinstance(error, OutboundError):
            raise Unreachable(str(error), code=error.code) from error
        raise
    except BaseException:
        store.release_lease(held, lease=lease)
        raise
    return _keep(held, account=account, tokens=tokens, pace=pace)


@sensitive_variables()
def _ask(refresh: Refresh, held: Held, *, account: SocialAccount) -> TokenSet:
    tokens = refresh(account=account, refresh_token=held.tokens.refresh_token)
    if not tokens.access_token:
        raise AnswerInvalid("the renewal gave no access token")
    # RFC 6749 section 6: what the answer does not name stays as it was.
    return replace(
        tokens,
        refresh_token=tokens.refresh_token or held.tokens.refresh_token,
        scope=tokens.scope or held.tokens.scope,
    )


@sensitive_variables()
def _keep(held: Held, *, account: SocialAccount, tokens: TokenSet, pace: Pace) -> Held | None:
    """Store the answer; a database that is away for a moment must not cost a token that exists nowhere else."""
    for attempt in range(1, _ATTEMPTS_TO_STORE + 1):
        try:
            if not store.replace(held, account=account, tokens=tokens, now=pace.now()):
                return None
        except OperationalError:
            if attempt == _ATTEMPTS_TO_STORE:
                raise
            connections[router.db_for_write(StoredToken)].close_if_unusable_or_obsolete()
            pace.sleep(_POLL_SECONDS)
        else:
            break
    logger.info("renewed: account=%s provider=%s", account.pk, account.provider)
    return Held(pk=held.pk, generation=held.generation + 1, tokens=tokens)
