"""Unused access ends by itself: people are told in time, one use keeps it, and nobody has to remember it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import OperationalError, transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from provider_site.conf import provider_settings
from provider_site.models import AuditEvent, Consent
from provider_site.policy import unused as policy
from provider_site.policy.security_events import Event
from provider_site.services import audit, consents, notices, outbox, people, security_events
from provider_site.services.outbox import deliverer
from provider_site.storage import access, batches, consented

logger = logging.getLogger("provider_site.consents")

BATCH = 500
# Of one person in one transaction.
TOGETHER = 100
FLAGGED_MAIL = "unused-consents-mail"
ENDED_MAIL = "unused-consents-ended-mail"


def state(*, consent: Consent, now: datetime | None = None) -> policy.State:
    """Return how it stands with the use of a consent: fine, flagged with its end, or over; a closed one is fine."""
    if consent.closed_at is not None:
        return policy.State(policy.Use.FINE)
    return policy.state(
        rule(),
        given_at=consent.given_at,
        last_used_at=consent.last_used_at,
        warned_at=consent.unused_warned_at,
        now=now or timezone.now(),
    )


def rule() -> policy.Rule | None:
    """Return the site's rule, or ``None`` where nothing ends for want of use (``UNUSED_CONSENT_DAYS``)."""
    after = provider_settings.unused_consent
    return policy.Rule(after, provider_settings.unused_warning) if after is not None else None


def unflag() -> int:
    """Take away flags the rule has no reason for now, as after a change of settings; return how many."""
    rows, known = Consent.objects.filter(closed_at=None, unused_warned_at__isnull=False), rule()
    if known is not None:
        edge = known.gathered_until(timezone.now())
        rows = rows.filter(Q(given_at__gt=edge) | Q(last_used_at__gt=edge))
    taken = 0
    while keys := list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        taken += rows.filter(pk__in=keys).update(unused_warned_at=None)
    return taken


def end_unused() -> int:
    """End what stayed unused after its person was told; return how many. Idempotent, a transaction a person."""
    known = rule()
    if known is None:
        return 0
    now = timezone.now()
    due = _idle(now - known.after).filter(unused_warned_at__lte=now - known.notice)
    return sum(_each_person(due, lambda user_id: _end_of(user_id, due)))


def flag() -> tuple[int, int]:
    """Flag what nothing has used for long, and write one mail to each person; return how many consents and mails."""
    known = rule()
    if known is None:
        return 0, 0
    now = timezone.now()
    due = _idle(known.quiet_until(now)).filter(unused_warned_at=None)
    flagged = told = 0
    for number in _each_person(due, lambda user_id: _flag_of(user_id, known, now)):
        flagged, told = flagged + number, told + bool(number)
    return flagged, told


def _idle(until: datetime) -> QuerySet[Consent]:
    """Return the open consents that have been neither given nor used since ``until``."""
    # Of its own columns alone: of conditions on other tables Django makes a subquery, and PostgreSQL does not ask a
    # subquery again of a row that a simultaneous use has changed meanwhile.
    never_since = Q(last_used_at=None) | Q(last_used_at__lte=until)
    return Consent.objects.filter(never_since, given_at__lte=until, closed_at=None)


def _each_person(due: QuerySet[Consent], act: Callable[[Any], int]) -> Iterator[int]:
    """Act for each person who has a row in ``due``, in the order of their keys, a few in memory at a time."""
    for keys in batches.of_keys(_of_living_apps(due), "user_id", size=BATCH):
        for user_id in keys:
            try:
                yield act(user_id)
            except OperationalError:  # a deadlock with a use: the next run sees to what is left then
                logger.exception("the unused consents of user %s wait for the next run", user_id)


def _of_living_apps(rows: QuerySet[Consent]) -> QuerySet[Consent]:
    """Leave out those of applications that are being deleted; nobody is told of them any more."""
    return rows.filter(application__registration__deleted_at=None)  # also true where there is no registration


def _end_of(user_id: Any, due: QuerySet[Consent]) -> int:
    ended = 0
    while some := _end_some(user_id, due):
        ended += some
    return ended


@transaction.atomic
def _end_some(user_id: Any, due: QuerySet[Consent]) -> int:
    own = _of_living_apps(due).filter(user=user_id)
    rows = own.select_related("application__registration", "user").order_by("pk")
    ended = [row for row in list(rows[:TOGETHER]) if _end(row, due)]
    if ended and ended[0].user.is_active:
        outbox.put(kind=ENDED_MAIL, payload={"user": str(user_id), "consents": [row.pk for row in ended]})
    return len(ended)


def _end(row: Consent, due: QuerySet[Consent]) -> bool:
    """End one consent, unless somebody used it since it was read: the conditional UPDATE says so."""
    # It changes nothing and locks the row, whose conditions are asked once more: a simultaneous use waits, or has won.
    if due.filter(pk=row.pk).update(unused_warned_at=row.unused_warned_at) != 1:
        return False
    if not consents.close(consent=row, reason=Consent.ClosedReason.UNUSED):
        return False
    audit.record(
        action=AuditEvent.Action.CONSENT_UNUSED,
        application=row.application,
        data={"consent": row.pk, "user": str(row.user_id), "scope": row.scope},
    )
    security_events.put(application=row.application, user=row.user, event=Event.UNUSED)
    return True


@transaction.atomic
def _flag_of(user_id: Any, known: policy.Rule, now: datetime) -> int:
    due = _idle(known.gathered_until(now)).filter(user=user_id, unused_warned_at=None)
    rows = _of_living_apps(due).select_related("application__registration", "user").order_by("given_at", "pk")[:BATCH]
    ending = [row for row in rows if not _ends_by_itself(row, known, now)]
    edge = known.quiet_until(now)
    if not any(_used_at(row) <= edge for row in ending):
        return 0
    flagged = [row for row in ending if due.filter(pk=row.pk).update(unused_warned_at=now) == 1]
    if flagged and flagged[0].user.is_active:
        outbox.put(kind=FLAGGED_MAIL, payload={"user": str(user_id)})
    return len(flagged)


def _used_at(row: Consent) -> datetime:
    return policy.used_at(given_at=row.given_at, last_used_at=row.last_used_at)


def _ends_by_itself(row: Consent, known: policy.Rule, now: datetime) -> bool:
    """Tell whether the consent is over before it would end unused: nobody needs to be told."""
    end = consented.end(row, access.registration_of(row.application))
    return end is not None and end <= known.ends_at(used_at=_used_at(row), warned_at=now) + timedelta(days=1)


def language_of(*, user: Any) -> str:
    """Return the language of the page on which the person decided last; empty without any."""
    rows = Consent.objects.filter(user=user).exclude(language="").order_by("-given_at", "-pk")
    return rows.values_list("language", flat=True).first() or ""


@deliverer(FLAGGED_MAIL)
def mail_flagged(payload: dict[str, Any]) -> None:
    """Tell a person which applications lose their access and when, and how to keep it; nothing of those used since."""
    rows = Consent.objects.filter(user=payload["user"], closed_at=None, unused_warned_at__isnull=False)
    rows = rows.filter(application__registration__deleted_at=None).select_related("application").order_by("given_at")
    states = [(row, state(consent=row)) for row in rows]
    entries = [{"consent": row, "ends_at": known.ends_at} for row, known in states if known.use != policy.Use.FINE]
    _mail(payload["user"], entries, template="unused_flagged")


@deliverer(ENDED_MAIL)
def mail_ended(payload: dict[str, Any]) -> None:
    """Tell a person which applications have lost their access because nothing used it."""
    rows = Consent.objects.filter(pk__in=payload["consents"], user=payload["user"]).select_related("application")
    _mail(payload["user"], [{"consent": row} for row in rows.order_by("given_at")], template="unused_ended")


def _mail(user_id: Any, entries: list[dict[str, Any]], *, template: str) -> None:
    user = get_user_model()._default_manager.filter(pk=user_id).first()
    if not entries or not (address := people.address_of(user=user)):
        return
    apps_url = provider_settings.issuer_origin + reverse("provider_site:connected-apps")
    context = {"entries": entries, "apps_url": apps_url}
    notices.mail(addresses=[address], language=language_of(user=user), template=template, context=context)
