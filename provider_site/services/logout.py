"""The end of sessions, and of one application's part in them; applications are told of it in the same act."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from provider_site.conf import provider_settings
from provider_site.models import AuditEvent, Authorization, Consent, Registration, Session
from provider_site.models.session import digest_of
from provider_site.policy import logout as policy
from provider_site.services import audit, backchannel_logout

_Reason = Session.EndReason
_ENDED_HERE = "_provider_site_ended_sessions"
BATCH = 100


@dataclass(frozen=True, slots=True)
class Frame:
    """A page of an application that ends its part of a session when a browser loads it (Front-Channel Logout 2)."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A session that has just been ended, and what the browser it was in may load."""

    sid: uuid.UUID
    frames: tuple[Frame, ...]


@transaction.atomic
def end(*, sids: Collection[uuid.UUID], reason: Session.EndReason) -> list[Ended]:
    """End sessions that are open and tell their applications; return those that this call ended.

    Tokens without ``offline_access`` die with them at their next use; those with it stay (Back-Channel Logout 2.7).
    """
    rows = Session.objects.select_for_update(of=("self",)).filter(pk__in=sids, ended_at=None)
    sessions = list(rows.select_related("user").order_by("pk"))
    if not sessions:
        return []
    now = timezone.now()
    keys = [session.pk for session in sessions]
    Session.objects.filter(pk__in=keys).update(ended_at=now, ended_reason=reason)
    ended = []
    for session in sessions:
        # One whose time was over has long been signed out of: nobody waits to hear of it.
        told = signed_in_to(session=session) if session.expires_at > now else []
        for registration in told:
            backchannel_logout.put(session=session, registration=registration)
        ended.append(Ended(session.sid, _frames(session, told)))
    return ended


def signed_in_to(*, session: Session) -> list[Registration]:
    """Return the registrations of the approved applications that have a living sign-in by the session.

    Also by a code that may be on its way to be exchanged: its application may learn of the session after this.
    """
    rows = _living(Authorization.objects.filter(session=session))
    found = rows.order_by("created").values_list("application", "created", "scope")
    # No other is told who the person is, nor by which session.
    issued = {application: created for application, created, scope in found if "openid" in scope.split()}
    registrations = Registration.objects.select_related("application").filter(
        application__in=issued, status=Registration.Status.APPROVED, deleted_at=None
    )
    return [row for row in registrations.order_by("pk") if _holds(row, issued[row.application_id])]


def _living(rows: Any) -> Any:
    fresh = timezone.now() - provider_settings.authorization_code_lifetime
    return rows.filter(Q(consumed_at__isnull=False) | Q(created__gt=fresh), revoked_at=None)


def _holds(registration: Registration, created: Any) -> bool:
    """Tell whether a sign-in of then counts: a suspension since has ended it."""
    return registration.tokens_not_before is None or created > registration.tokens_not_before


def _frames(session: Session, registrations: Iterable[Registration]) -> tuple[Frame, ...]:
    issuer, sid = provider_settings.issuer, str(session.sid)
    return tuple(
        Frame(
            name=row.application.name or row.application.client_id,
            address=policy.frame_address(row.frontchannel_logout_uri, issuer=issuer, sid=sid),
        )
        for row in registrations
        if row.frontchannel_logout_uri
    )


def end_all(*, user: Any, reason: Session.EndReason, but: Collection[uuid.UUID] = ()) -> int:
    """End every open session of a person, except those of ``but``; return how many. In batches: some have many."""
    rows = Session.objects.filter(user=user, ended_at=None).exclude(pk__in=but).order_by("pk")
    count = 0
    while keys := list(rows.values_list("pk", flat=True)[:BATCH]):
        # Not those that somebody else has ended since they were read.
        count += len(end(sids=keys, reason=reason))
    return count


def end_unbound(*, user: Any) -> int:
    """End the sessions of a person that hang on another password than the present one; return how many.

    They are refused at use in any case. This tells the applications.
    """
    rows = Session.objects.filter(user=user, ended_at=None, expires_at__gt=timezone.now())
    # Of most people all have the present digest, and nothing more is read.
    others = rows.exclude(credential_digest=digest_of(user))
    return len(end(sids=[row.pk for row in others if not row.is_bound_to(user)], reason=_Reason.PASSWORD))


def end_of_browser(*, browser_digest: str, but_of: Any) -> list[Ended]:
    """End the sessions of everybody else in a browser in which ``but_of`` has signed in."""
    rows = Session.objects.filter(browser_digest=browser_digest, ended_at=None).exclude(user=but_of)
    return end(sids=list(rows.values_list("pk", flat=True)), reason=_Reason.SIGNED_OVER)


@transaction.atomic
def end_by_administrator(*, session: Session, actor: Any, request: HttpRequest | None = None) -> bool:
    """End a person's session in their place, with a trace; return whether it was open. Callers checked who asks."""
    if not end(sids=[session.pk], reason=_Reason.ADMINISTRATOR):
        return False
    data = {"session": str(session.sid), "user": str(session.user_id)}
    audit.record(action=AuditEvent.Action.SESSION_ENDED, actor=actor, request=request, data=data)
    return True


def tell_application(*, consent: Consent) -> int:
    """Tell the application of a consent, and nobody else, that its sign-ins of this person end; return how many.

    In the caller's transaction, before what the consent bought is revoked. The sessions here stay.
    """
    now = timezone.now()
    rows = _living(Authorization.objects.filter(consent=consent, session__ended_at=None, session__expires_at__gt=now))
    told = 0
    for session in Session.objects.filter(pk__in=rows.values("session")).select_related("user").order_by("pk"):
        for registration in signed_in_to(session=session):
            if registration.application_id == consent.application_id:
                told += backchannel_logout.put(session=session, registration=registration) is not None
    return told


def note_ended_here(*, request: HttpRequest, ended: Iterable[Ended]) -> None:
    """Remember with a request what was signed out of by it: whoever answers may have the browser tell applications."""
    setattr(request, _ENDED_HERE, [*getattr(request, _ENDED_HERE, ()), *ended])


def take_frames(*, request: HttpRequest) -> list[Frame]:
    """Return, once, the pages that the browser should load for what this request signed out of."""
    ended: list[Ended] = getattr(request, _ENDED_HERE, [])
    setattr(request, _ENDED_HERE, [])
    return list(dict.fromkeys(frame for each in ended for frame in each.frames))
