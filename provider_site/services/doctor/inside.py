"""What only the provider's own server sees: keys, the outbox, what timers left undone, reviews that wait."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from provider_site.conf import provider_settings
from provider_site.models import AuthorizationRequest, OutboxMessage, Review, SigningKey
from provider_site.services import key_life, keys, pruning
from site_doctor.findings import Doubtful, Look, NotLookedAt, NotWell
from site_doctor.metadata_looks import Provider

_NAMED = 5
# Timers run each hour or day; after these it is no delay any more.
_ROTATION_LATE = timedelta(days=2)
_PRUNING_LATE = timedelta(days=3)
_MESSAGE_WARN, _MESSAGE_FAIL = timedelta(minutes=10), timedelta(hours=1)
_REVIEW_WAITS = timedelta(days=7)


def key_ring() -> str:
    """Look whether the key ring opens every private key."""
    if sealed_otherwise := key_life.unsealable():
        raise NotWell(f"no secret opens {', '.join(sealed_otherwise[:_NAMED])}")
    return f"opens all; {len(provider_settings.key_ring)} in the ring"


def rotation() -> str:
    """Look how old the keys are that sign, and whether the next step is overdue."""
    now, told = timezone.now(), []
    for alg in provider_settings.signing_algorithms:
        active = SigningKey.objects.filter(alg=alg, status=SigningKey.Status.ACTIVE).first()
        if active is None:
            raise NotLookedAt(f"{alg} has no key yet: the first request makes it")
        since = active.activated_at or active.created
        due = since + provider_settings.key_rotation
        if now > due + _ROTATION_LATE:
            raise NotWell(f"{alg} signs since {since:%Y-%m-%d}, and was to be rotated on {due:%Y-%m-%d}")
        told.append(f"{alg} {(now - since).days} days, next {due:%Y-%m-%d}")
    return "; ".join(told)


def next_keys() -> str:
    """Look whether each algorithm has a key published ahead of its use."""
    waiting = SigningKey.objects.filter(status=SigningKey.Status.NEXT).values_list("alg", flat=True)
    if missing := sorted(set(provider_settings.signing_algorithms) - set(waiting)):
        raise Doubtful(f"none for {', '.join(missing)}: no rotation can follow a leak at once")
    return ", ".join(sorted(set(waiting)))


def same_keys(provider: Provider) -> str:
    """Look whether the running site publishes the keys of this database."""
    ours = set(SigningKey.objects.filter(status__in=keys.PUBLISHED).values_list("kid", flat=True))
    theirs = {str(key.get("kid")) for key in provider.key_list()}
    if ours != theirs:
        raise NotWell(f"{len(ours - theirs)} of ours are not published, {len(theirs - ours)} of theirs are not here")
    return f"{len(ours)} keys"


def _waited(rows_oldest: datetime | None) -> timedelta | None:
    return None if rows_oldest is None else timezone.now() - rows_oldest


def outbox() -> str:
    """Look how long the oldest delivery that is due has waited."""
    due = OutboxMessage.objects.filter(
        delivered_at__isnull=True, dead_at__isnull=True, next_attempt_at__lte=timezone.now()
    )
    waits = _waited(due.order_by("next_attempt_at").values_list("next_attempt_at", flat=True).first())
    if waits is None:
        return "nothing is due"
    told = f"the oldest that is due has waited for {int(waits.total_seconds() // 60)} minutes"
    if waits > _MESSAGE_FAIL:
        raise NotWell(told)
    if waits > _MESSAGE_WARN:
        raise Doubtful(told)
    return told


def given_up() -> str:
    """Look whether deliveries were given up lately."""
    lately = timezone.now() - timedelta(days=7)
    rows = OutboxMessage.objects.filter(dead_at__gte=lately)
    kinds = sorted(set(rows.order_by("pk").values_list("kind", flat=True)[:1000]))
    if kinds:
        raise Doubtful(f"some in the last 7 days: {', '.join(kinds)}")
    return "none in the last 7 days"


def pruned() -> str:
    """Look whether what is over waits to be deleted for longer than a daily run leaves it."""
    horizon = timezone.now() - pruning.KEPT
    rows = AuthorizationRequest.objects.filter(expires_at__lt=horizon)
    oldest = rows.order_by("expires_at").values_list("expires_at", flat=True).first()
    if oldest is None:
        return "nothing waits"
    late = horizon - oldest
    if late > _PRUNING_LATE:
        raise NotWell(f"rows are over since {oldest:%Y-%m-%d}: prune_provider has not run for {late.days} days")
    return f"rows over since {oldest:%Y-%m-%d} wait for the next run"


def reviews() -> str:
    """Look how long the oldest application has waited for its review."""
    rows = Review.objects.filter(decided_at__isnull=True)
    waits = _waited(rows.order_by("submitted_at").values_list("submitted_at", flat=True).first())
    if waits is None:
        return "none waits"
    if waits > _REVIEW_WAITS:
        raise Doubtful(f"the oldest has waited for {waits.days} days")
    return f"the oldest has waited for {int(waits.total_seconds() // 3600)} hours"


LOOKS = (
    Look("key-ring", "RFC 6819 5.1.4.1.3", "Put the secret back into KEY_RING; docs/signing-keys.md", key_ring),
    Look("key-rotation", "OpenID Core 10.1.1", "Run manage.py rotate_signing_keys --due by a timer.", rotation),
    Look("next-keys", "OpenID Core 10.1.1", "Run manage.py rotate_signing_keys --due by a timer.", next_keys),
    Look("outbox", "", "Run db_worker, and manage.py deliver_outbox each minute.", outbox),
    Look("given-up", "", "See “outbox messages” in the admin, and what their last error was.", given_up),
    Look("pruning", "RFC 6819 5.1.5.3", "Run manage.py prune_provider each day by a timer.", pruned),
    Look("reviews", "", "See “reviews” in the admin; REVIEW_ADDRESSES has them told by e-mail.", reviews),
)
PUBLISHED = (
    Look("same-keys", "RFC 7517 5", "Is this the site's own server, and its own database? Then restart it.", same_keys),
)
