"""What a person is connected to: the applications they allow something now, and those they did before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from keyset_lists import KeysetPage, page_of
from provider_site.models import AuditEvent, Authorization, Consent, Registration
from provider_site.policy import unused as unused_policy
from provider_site.policy.terms import Term, earliest
from provider_site.services import applications, unused
from provider_site.storage import access, activity, consented

_PAST = 20
_WARNED = 100
_RECENT = 10
_DECISIONS = 20
_DECIDED = (
    AuditEvent.Action.CONSENT_GIVEN,
    AuditEvent.Action.CONSENT_REFUSED,
    AuditEvent.Action.CONSENT_NARROWED,
    AuditEvent.Action.CONSENT_WITHDRAWN,
    AuditEvent.Action.CONSENT_NOT_ASKED,
    AuditEvent.Action.SIGNED_OUT,
)


@dataclass(frozen=True, slots=True)
class Connection:
    """A consent of which something holds; ``ends_at`` ``None``: until withdrawn; ``once``: for a single sign-in."""

    consent: Consent
    registration: Registration | None
    held: frozenset[str]
    terms: dict[str, Term]
    ends_at: datetime | None
    use: unused_policy.State

    @property
    def application(self) -> Any:
        """The application it is with."""
        return self.consent.application

    @property
    def once(self) -> bool:
        """Tell whether everything was allowed for a single sign-in."""
        return all(self.terms[name].once for name in self.held)

    @property
    def since(self) -> datetime:
        """When the oldest of what holds was allowed; a later decision leaves its time to what it did not ask."""
        return min(self.terms[name].given_at for name in self.held)

    @property
    def unasked(self) -> bool:
        """Tell whether an administrator decided any of it, for an application of the site itself."""
        return any(self.terms[name].unasked for name in self.held)

    @property
    def ends_unused_at(self) -> datetime | None:
        """When it ends unless it is used before; ``None`` while its person has not been told so."""
        return self.use.ends_at if self.use.use != unused_policy.Use.FINE else None

    @property
    def until(self) -> datetime | None:
        """When it ends if nobody does anything: at its end, or unused before that; ``None``: when withdrawn."""
        return earliest([self.ends_at, self.ends_unused_at])

    @property
    def used_at(self) -> datetime:
        """When the person or the application last wanted it."""
        return unused_policy.used_at(given_at=self.consent.given_at, last_used_at=self.consent.last_used_at)

    def term_end(self, scope: str) -> datetime | None:
        """Return when one of the scopes ends, by the site's and the application's maximum too."""
        return self.terms[scope].end(consented.limit(self.registration))


@dataclass(frozen=True, slots=True)
class PastConnection:
    """A consent that is over: ``ended_at`` is when, ``reason`` one of ``Consent.ClosedReason``."""

    consent: Consent
    ended_at: datetime
    reason: str


def _consents(user: Any) -> QuerySet[Consent]:
    rows = Consent.objects.filter(user=user).select_related("application__registration__owner")
    # Also true where there is no registration: what such an application was allowed is still to be taken back.
    return rows.filter(application__registration__deleted_at=None)


def _read(consent: Consent, now: datetime) -> Connection | PastConnection | None:
    """Return what the consent comes to; ``None`` for one whose administrator's decision was taken back."""
    registration = access.registration_of(consent.application)
    if consent.closed_at is not None:
        return PastConnection(consent, consent.closed_at, consent.closed_reason)
    terms, end = consented.terms(consent), consented.end(consent, registration)
    if held := consented.held(consent, registration, now):
        return Connection(consent, registration, held, terms, end, unused.state(consent=consent, now=now))
    if end is not None and end <= now:  # over, and the nightly run has yet to close it
        return PastConnection(consent, end, Consent.ClosedReason.ENDED)
    return None


def _sorted(consents: Iterable[Consent]) -> tuple[list[Connection], list[PastConnection]]:
    now = timezone.now()
    read = [_read(consent, now) for consent in consents]
    present = [each for each in read if isinstance(each, Connection)]
    past = [each for each in read if isinstance(each, PastConnection)]
    return present, sorted(past, key=lambda each: each.ended_at, reverse=True)


@dataclass(frozen=True, slots=True)
class Connections:
    """A page of what a person allows now, and the last of what they did; ``page`` names the pages beside it."""

    present: list[Connection]
    past: list[PastConnection]
    page: KeysetPage[Consent]


def of_person(*, user: Any, place: str = "", size: int = 50) -> Connections:
    """Return the page of a person's connections that ``place`` names, by three queries, however many there are.

    On the first page stands first what is about to end unused, soonest first; then the newest. Raises BadPlace.
    """
    unclosed = _consents(user).filter(closed_at=None)
    page = page_of(unclosed.filter(unused_warned_at=None).order_by("-given_at", "-pk"), place, size=size)
    told = unclosed.filter(unused_warned_at__isnull=False).order_by("unused_warned_at")
    warned = [] if place else list(told[:_WARNED])
    closed = _consents(user).filter(closed_at__isnull=False).order_by("-closed_at")[:_PAST]
    present, past = _sorted([*warned, *page, *closed])
    flagged = [each for each in present if each.ends_unused_at is not None]
    flagged.sort(key=lambda each: each.ends_unused_at or each.used_at)
    return Connections(flagged + [each for each in present if each.ends_unused_at is None], past[:_PAST], page)


def with_application(*, user: Any, application: Any) -> tuple[Connection | None, list[PastConnection]]:
    """Return what the person allows one application now, if anything, and the last of what they did."""
    rows = _consents(user).filter(application=application)
    closed = rows.filter(closed_at__isnull=False).order_by("-closed_at")[:_PAST]
    present, past = _sorted([*rows.filter(closed_at=None), *closed])
    return (present[0] if present else None), past


def application_of(*, user: Any, key: str) -> Any | None:
    """Return the application behind a key from an address if the person ever allowed it something, or ``None``."""
    application = applications.by_key(key=key)
    if application is None or not Consent.objects.filter(user=user, application=application).exists():
        return None
    return application


def consent_of(*, user: Any, application: Any, consent_id: int) -> Consent | None:
    """Return a consent of the person's own to the application, open or over, or ``None``."""
    return _consents(user).filter(application=application, pk=consent_id).first()


def activity_of(*, user: Any, application: Any) -> list[tuple[Authorization, bool]]:
    """Return the person's last sign-ins at an application, newest first, each with whether it still is one."""
    rows = list(
        Authorization.objects.filter(user=user, application=application)
        .select_related("application__registration", "user", "consent", "session")
        .order_by("-created")[:_RECENT]
    )
    alive = activity.alive(rows)
    return [(row, row.pk in alive) for row in rows]


def decisions_of(*, user: Any, application: Any) -> list[AuditEvent]:
    """Return the person's last decisions about an application, newest first.

    Only what they did themselves, found by the index of the actor: what ended otherwise, the consents say. Staff may
    have decided about other people's consents too.
    """
    own = set(Consent.objects.filter(user=user, application=application).values_list("pk", flat=True))
    events = AuditEvent.objects.filter(actor=user, application=application, action__in=_DECIDED).order_by("-at", "-pk")
    return [event for event in events[: 5 * _DECISIONS] if event.data.get("consent") in {None, *own}][:_DECISIONS]
