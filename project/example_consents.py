"""What alice and xiaoming allow: a consent of every kind, with the sign-ins that hang on it, moved back in time.

Each person's consents to an application are made once. Where there are some they are left as they are. Nobody is
written to about them.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from project.example_applications import allow, person
from provider_site.models import AuditEvent, Authorization, Consent, OutboxMessage
from provider_site.policy import scopes, terms
from provider_site.policy.durations import Duration
from provider_site.services import consents, people
from provider_site.services.applications import application_model
from provider_site.storage import consented

# Of addresses nobody has (RFC 5737, 3849), and browsers that many have.
_OFFICE = (
    "192.0.2.17",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
)
_PHONE = (
    "2001:db8:42::7",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 Version/17.6 Safari/604.1",
)
_WECHAT = (
    "203.0.113.80",
    "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/116.0.0.0 Mobile MicroMessenger/8.0.49.2600",
)
_HOME = ("198.51.100.4", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:131.0) Gecko/20100101 Firefox/131.0")


@dataclass(frozen=True)
class Decision:
    """An "Allow" of so many days ago; without a duration of the person's, an administrator's."""

    days_ago: float
    scopes: str
    duration: Duration = None
    declined: str = ""
    asked: bool = True


@dataclass(frozen=True)
class History:
    """What became of one person's consent to one application; ``sign_ins``: how many days ago, and from where."""

    username: str
    client_id: str
    decisions: Sequence[Decision]
    sign_ins: Sequence[tuple[float, tuple[str, str]]] = ()
    ended_days_ago: float | None = None
    withdrawn_days_ago: float | None = None
    warned_days_ago: float | None = None


HISTORIES = [
    History("alice", "zhaoxi-mail", [Decision(60, "openid profile email", asked=False)], [(60, _OFFICE), (2, _PHONE)]),
    History(
        "alice",
        "weekly-report",
        [
            Decision(120, "openid nickname calendar.read", 365),
            Decision(9, "openid calendar.read calendar.write calendar.share", 30, declined="calendar.share"),
        ],
        [(120, _OFFICE), (16, _HOME), (9, _OFFICE), (0.1, _PHONE)],
    ),
    History("alice", "pocket-books", [Decision(90, "openid nickname", 30)], [(90, _PHONE)], ended_days_ago=60),
    History(
        "alice",
        "pocket-books",
        [Decision(12, "openid unionid nickname email", 30, declined="email")],
        [(12, _WECHAT), (5, _WECHAT)],
    ),
    History("alice", "book-circle", [Decision(40, "openid unionid nickname avatar")], [(40, _HOME), (1, _PHONE)]),
    History("alice", "tree-hollow", [Decision(33, "openid", 365)], [(33, _PHONE)]),
    History("alice", "photo-frame", [Decision(175, "openid avatar")], [(170, _HOME)], warned_days_ago=3),
    History("alice", "morning-weather", [Decision(200, "openid nickname", 365)], [(200, _PHONE), (0.5, _PHONE)]),
    History("alice", "old-reports", [Decision(0.01, "openid nickname profile", "once", "profile")], [(0.01, _OFFICE)]),
    History("alice", "terminal-notes", [Decision(45, "openid nickname", 30)], [(45, _OFFICE)], withdrawn_days_ago=41),
    History("xiaoming", "zhaoxi-mail", [Decision(20, "openid profile email", asked=False)], [(20, _WECHAT)]),
    History("xiaoming", "weekly-report", [Decision(7, "openid nickname calendar.read")], [(7, _OFFICE), (3, _OFFICE)]),
    History("xiaoming", "book-circle", [Decision(50, "openid nickname")], [(50, _WECHAT)], withdrawn_days_ago=48),
]


def seed_consents() -> None:
    """Make the consents that are missing, of one person to one application all or none."""
    now = timezone.now()
    there = set(Consent.objects.values_list("user__username", "application__client_id"))
    for history in HISTORIES:
        if (history.username, history.client_id) not in there:
            with transaction.atomic():
                _live(history, now)


def _live(history: History, now: datetime) -> None:
    application = application_model().objects.filter(client_id=history.client_id).first()
    if application is None or application.registration.status != "approved":
        return  # what people did with it since is theirs
    user, letters = person(history.username), _last(OutboxMessage)
    consent = Consent()
    for decision in history.decisions:
        consent = _decide(application, user, decision, now)
    # What the application was told at each sign-in, its own subject and unionid among it, is made at the first.
    people.person(user=user, registration=application.registration, scopes=consent.scopes)
    for days_ago, device in history.sign_ins:
        _sign_in(consent, now - timedelta(days=days_ago), device)
    last_used = max((now - timedelta(days=days_ago) for days_ago, _device in history.sign_ins), default=None)
    told = now - timedelta(days=history.warned_days_ago) if history.warned_days_ago is not None else None
    Consent.objects.filter(pk=consent.pk).update(last_used_at=last_used, unused_warned_at=told)
    _end(consent, history, now)
    OutboxMessage.objects.filter(pk__gt=letters).delete()


def _decide(application: Any, user: Any, decision: Decision, now: datetime) -> Consent:
    events, began = _last(AuditEvent), timezone.now()
    requested = frozenset(decision.scopes.split())
    if decision.asked:
        row = Consent.objects.filter(user=user, application=application, closed_at=None).first()
        consent = allow(
            application,
            user,
            requested=requested,
            duration=decision.duration,
            declined=frozenset(decision.declined.split()),
            settled=row.scopes if row is not None else frozenset(),
        )
    else:
        consent = consents.record_unasked(user=user, application=application, granted=requested, seen=None)
    at = now - timedelta(days=decision.days_ago)
    _move(consent, since=began, to=at)
    _move_events(events, to=at)
    return consent


def _move(consent: Consent, *, since: datetime, to: datetime) -> None:
    """Let what was decided since a moment have been decided at another."""
    by = consent.given_at - to
    moved = {
        name: replace(term, given_at=term.given_at - by, ends_at=term.ends_at - by if term.ends_at else None)
        if term.given_at >= since
        else term
        for name, term in consented.terms(consent).items()
    }
    consent.terms, consent.given_at = terms.to_json(moved), to
    consent.ends_at = terms.latest(term.ends_at for term in moved.values())
    consent.save()


def _sign_in(consent: Consent, at: datetime, device: tuple[str, str]) -> None:
    address, user_agent = device
    allowed = [name for name, term in consented.terms(consent).items() if term.given_at <= at]
    made = Authorization.objects.create(
        application=consent.application,
        user=consent.user,
        consent=consent,
        scope=scopes.serialize(allowed),
        code_digest=secrets.token_hex(32),
        auth_time=at,
        amr=["pwd"],
        address=address,
        user_agent=user_agent,
        consumed_at=at + timedelta(seconds=1),
    )
    Authorization.objects.filter(pk=made.pk).update(created=at)


def _end(consent: Consent, history: History, now: datetime) -> None:
    events = _last(AuditEvent)
    if history.ended_days_ago is not None:
        consents.close(consent=consent, reason=Consent.ClosedReason.ENDED)
        at = now - timedelta(days=history.ended_days_ago)
    elif history.withdrawn_days_ago is not None:
        consents.withdraw(user=consent.user, application=consent.application)
        at = now - timedelta(days=history.withdrawn_days_ago)
    else:
        return
    Consent.objects.filter(pk=consent.pk).update(closed_at=at)
    Authorization.objects.filter(consent=consent, revoked_at__isnull=False).update(revoked_at=at)
    _move_events(events, to=at)


def _last(model: Any) -> int:
    return model._base_manager.order_by("-pk").values_list("pk", flat=True).first() or 0


def _move_events(after: int, *, to: datetime) -> None:
    # By the base manager: the audit trail refuses to be changed, and here it never happened.
    AuditEvent._base_manager.filter(pk__gt=after).update(at=to)
