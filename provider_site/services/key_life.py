"""The life of signing keys: next, active, previous, retired. A key is published before it signs.

A key that signs no more has no private half any more, so what is copied later can't forge by it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from provider_site import crypto
from provider_site.conf import provider_settings
from provider_site.errors import KeyInUse, KeyStepTooEarly
from provider_site.models import AuditEvent, SigningKey
from provider_site.services import audit, key_set, keys

_Status = SigningKey.Status
# An answer under way, and clocks that differ, beyond what caches are told.
_MARGIN = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Change:
    """What a step did to one algorithm's keys: their key IDs, empty where there was none."""

    alg: str
    activated: str = ""
    published: str = ""
    previous: str = ""
    retired: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.activated or self.published or self.previous or self.retired)


@dataclass(frozen=True, slots=True)
class Resealed:
    """How many private keys were sealed anew, how many had no need, and which can't be opened."""

    resealed: int
    already: int
    unsealable: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class By:
    """Who takes a step, for the audit trail; nobody in a scheduled run."""

    actor: Any = None
    request: HttpRequest | None = None

    def record(self, action: AuditEvent.Action, **data: Any) -> None:
        """Add the event, and publish at once what it is about."""
        audit.record(action=action, actor=self.actor, request=self.request, data=data)
        transaction.on_commit(key_set.forget)


def ready_at(key: SigningKey) -> datetime:
    """Return when a next key has been published for longer than any cache keeps the keys before it (RFC 9111 4.2)."""
    return key.created + provider_settings.jwks_max_age + _MARGIN


def needless_at(key: SigningKey) -> datetime | None:
    """Return when the last token that a previous key signed is over; ``None`` for one that may sign yet."""
    lives = max(provider_settings.id_token_lifetime, provider_settings.access_token_lifetime)
    return key.previous_at + lives + _MARGIN if key.previous_at is not None else None


@transaction.atomic
def rotate(
    *,
    algorithms: Sequence[str] | None = None,
    force: bool = False,
    actor: Any = None,
    request: HttpRequest | None = None,
    now: datetime | None = None,
) -> list[Change]:
    """Move one step, for all algorithms or some: the next key signs, the one before only verifies, a new one is next.

    Where there is no next key yet, one is published and nothing else changes. ``force`` lets a key sign that some
    applications may not have seen yet: those that keep the published keys refuse its tokens until they read them anew.

    Raises KeyStepTooEarly, and does nothing at all, where a next key would sign too early.
    """
    by, now = By(actor, request), now or timezone.now()
    wanted = keys.algorithms() if algorithms is None else algorithms
    return [_step(alg, by=by, now=now, force=force) for alg in _in_order(wanted)]


def _in_order(algorithms: Collection[str]) -> list[str]:
    """Return those that have keys, in the one order that all processes lock them in."""
    return [alg for alg in keys.algorithms() if alg in algorithms]


def _step(alg: str, *, by: By, now: datetime, force: bool) -> Change:
    active = _locked(alg)
    following = _next(alg)
    if following is None:
        return _publish(alg, by=by, now=now)
    if now < ready_at(following) and not force:
        raise KeyStepTooEarly(f"{alg} {following.kid}", kid=following.kid, at=ready_at(following))
    return _succeed(active, following, by=by, now=now, forced=now < ready_at(following))


def _locked(alg: str) -> SigningKey:
    """Return the active key, of which this transaction alone knows until it ends; make it where there is none.

    The lock is an UPDATE, since that is one on SQLite too. Whoever waited for another rotation finds that the row it
    waited for is active no more, and takes the new one.
    """
    rows = SigningKey.objects.filter(alg=alg, status=_Status.ACTIVE)
    while not rows.update(alg=alg):
        if not rows.exists():
            keys.make_first_keys()
    return rows.get()


def _next(alg: str) -> SigningKey | None:
    return SigningKey.objects.filter(alg=alg, status=_Status.NEXT).order_by("created", "kid").first()


def _publish(alg: str, *, by: By, now: datetime) -> Change:
    published = keys.new_key(alg, status=_Status.NEXT)
    by.record(AuditEvent.Action.KEY_ROTATED, alg=alg, published=published.kid)
    return Change(alg, published=published.kid)


def _succeed(active: SigningKey, following: SigningKey, *, by: By, now: datetime, forced: bool) -> Change:
    _stop_signing(active, now=now)
    SigningKey.objects.filter(pk=following.pk).update(status=_Status.ACTIVE, activated_at=now)
    published = keys.new_key(active.alg, status=_Status.NEXT)
    change = Change(active.alg, activated=following.kid, published=published.kid, previous=active.kid)
    early = {"before_applications_knew_it": True} if forced else {}
    by.record(
        AuditEvent.Action.KEY_ROTATED,
        **{"alg": active.alg, "activated": following.kid, "published": published.kid, "previous": active.kid, **early},
    )
    return change


def _stop_signing(key: SigningKey, *, now: datetime) -> None:
    rows = SigningKey.objects.filter(pk=key.pk)
    rows.update(status=_Status.PREVIOUS, previous_at=now, sealed_private_key="")


def rotate_due(*, now: datetime | None = None) -> list[Change]:
    """Do whatever is due, each algorithm by itself; a second run at the same moment finds nothing to do.

    A next key is published where there is none, signs once its predecessor has signed for ``KEY_ROTATION_DAYS``, and a
    previous one is retired after ``KEY_KEPT_DAYS``. The keys of an algorithm that is neither offered nor chosen by an
    application stop signing.
    """
    now = now or timezone.now()
    wanted = keys.algorithms()
    made = [Change(key.alg, activated=key.kid) for key in keys.make_first_keys()]
    changes = [_due(alg, now=now) for alg in wanted] + [_retire_due(now=now, wanted=wanted)]
    return [*made, *[change for change in changes if change]]


@transaction.atomic
def _due(alg: str, *, now: datetime) -> Change:
    active, by = _locked(alg), By()
    following = _next(alg)
    if following is None:
        return _publish(alg, by=by, now=now)
    signs_since = active.activated_at or active.created
    if now < signs_since + provider_settings.key_rotation or now < ready_at(following):
        return Change(alg)
    return _succeed(active, following, by=by, now=now, forced=False)


@transaction.atomic
def _retire_due(*, now: datetime, wanted: Collection[str]) -> Change:
    rows, by = SigningKey.objects.all(), By()
    # Keys of before this moment was kept, and of algorithms taken from the list.
    rows.filter(status=_Status.PREVIOUS, previous_at=None).update(previous_at=now)
    for key in rows.filter(status=_Status.ACTIVE).exclude(alg__in=wanted):
        _stop_signing(key, now=now)
        by.record(AuditEvent.Action.KEY_ROTATED, alg=key.alg, previous=key.kid)
    retired = _retire(rows.filter(status=_Status.NEXT).exclude(alg__in=wanted), by=by, now=now, reason="not offered")
    over = rows.filter(status=_Status.PREVIOUS, previous_at__lte=now - provider_settings.key_kept)
    over_ids = [key.pk for key in over if (end := needless_at(key)) is not None and end <= now]
    retired += _retire(rows.filter(pk__in=over_ids), by=by, now=now, reason="over")
    return Change("", retired=tuple(retired))


def _retire(rows: QuerySet[SigningKey], *, by: By, now: datetime, reason: str) -> list[str]:
    """Retire those of ``rows`` that nobody else retires at the same moment."""
    retired = []
    for key in rows.order_by("created", "kid"):
        own = SigningKey.objects.filter(pk=key.pk, status=key.status)
        if own.update(status=_Status.RETIRED, retired_at=now, sealed_private_key=""):
            by.record(AuditEvent.Action.KEY_RETIRED, alg=key.alg, kid=key.kid, was=key.status, reason=reason)
            retired.append(key.kid)
    return retired


@transaction.atomic
def retire(
    *, kid: str, actor: Any = None, request: HttpRequest | None = None, now: datetime | None = None
) -> list[str]:
    """Retire a previous key before its time; return it, or nothing where it was retired already.

    Raises KeyInUse for one that signs or is to sign, KeyStepTooEarly while tokens that it signed are alive, and
    SigningKey.DoesNotExist.
    """
    now = now or timezone.now()
    key = SigningKey.objects.get(pk=kid)
    if key.status == _Status.RETIRED:
        return []
    if key.status != _Status.PREVIOUS:
        raise KeyInUse(f"{key.kid} is {key.status}")
    end = needless_at(key)
    if end is None or now < end:
        raise KeyStepTooEarly(f"tokens of {key.kid} are alive", kid=key.kid, at=end or now)
    return _retire(SigningKey.objects.filter(pk=kid), by=By(actor, request), now=now, reason="by hand")


@transaction.atomic
def distrust(
    *,
    kids: Collection[str] | None,
    actor: Any = None,
    request: HttpRequest | None = None,
    now: datetime | None = None,
) -> list[Change]:
    """Retire compromised keys at once, whatever they do, and have others sign; ``None``: every key there is.

    The place of the active key takes the next one, though applications may not have seen it, or a new one. From now on
    nothing that the retired keys signed is believed here, and nowhere once the caches of applications are over.

    Raises SigningKey.DoesNotExist where one of ``kids`` is unknown.
    """
    now, by = now or timezone.now(), By(actor, request)
    known = SigningKey.objects.filter(**({} if kids is None else {"pk__in": kids}))
    if kids is not None and known.count() < len(set(kids)):
        raise SigningKey.DoesNotExist("no such signing key")
    changes = []
    affected = set(known.values_list("alg", flat=True))
    locked = [_locked(alg).alg for alg in _in_order(affected)]
    for alg in [*locked, *sorted(affected - set(locked))]:
        mine = SigningKey.objects.filter(alg=alg, status__in=keys.PUBLISHED)
        bad = mine if kids is None else mine.filter(pk__in=kids)
        retired = _retire(bad, by=by, now=now, reason="compromised")
        changes.append(_refill(alg, retired=tuple(retired), by=by, now=now))
    return [change for change in changes if change]


def _refill(alg: str, *, retired: tuple[str, ...], by: By, now: datetime) -> Change:
    """Have a key of an algorithm sign and another published, where retired ones left a gap."""
    if alg not in keys.algorithms() or not retired:
        return Change(alg, retired=retired)
    activated = published = ""
    if not SigningKey.objects.filter(alg=alg, status=_Status.ACTIVE).exists():
        following = _next(alg) or keys.new_key(alg, status=_Status.NEXT)
        SigningKey.objects.filter(pk=following.pk).update(status=_Status.ACTIVE, activated_at=now)
        activated = following.kid
    if _next(alg) is None:
        published = keys.new_key(alg, status=_Status.NEXT).kid
    if activated or published:
        by.record(AuditEvent.Action.KEY_ROTATED, alg=alg, activated=activated, published=published)
    return Change(alg, activated=activated, published=published, retired=retired)


def reseal() -> Resealed:
    """Seal every private key with the first secret of ``KEY_RING``; those it sealed already stay as they are.

    After this the other secrets can be taken from the ring, unless a key could not be opened at all.
    """
    ring = provider_settings.key_ring
    resealed, already, unsealable = 0, 0, []
    for key in SigningKey.objects.exclude(sealed_private_key="").order_by("created", "kid"):
        if _opens(key.sealed_private_key, ring[:1]):
            already += 1
        elif _opens(key.sealed_private_key, ring):
            pem = crypto.unseal(key.sealed_private_key, key_ring=ring, purpose=keys.PURPOSE)
            sealed = crypto.seal(pem, key_ring=ring, purpose=keys.PURPOSE)
            # A rotation at the same time may have taken the private half away: it stays away.
            rows = SigningKey.objects.filter(pk=key.pk, sealed_private_key=key.sealed_private_key)
            resealed += rows.update(sealed_private_key=sealed)
        else:
            unsealable.append(key.kid)
    return Resealed(resealed, already, tuple(unsealable))


def unsealable() -> list[str]:
    """Return the keys whose private half no secret of ``KEY_RING`` opens."""
    ring = provider_settings.key_ring
    rows = SigningKey.objects.exclude(sealed_private_key="").order_by("created", "kid")
    return [key.kid for key in rows if not _opens(key.sealed_private_key, ring)]


def _opens(sealed: str, ring: Sequence[str]) -> bool:
    try:
        crypto.unseal(sealed, key_ring=ring, purpose=keys.PURPOSE)
    except crypto.Unsealable:
        return False
    return True
