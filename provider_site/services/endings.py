"""Everything that one person, or everybody, is signed in by: ended by the people who run the site."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone

from provider_site.models import AuditEvent, Consent, Profile, Registration, Session
from provider_site.services import audit, browser_sessions, consent_support, logout, outbox
from provider_site.services.profiles import get_profile
from provider_site.storage import accounts as storage
from provider_site.storage import batches

BATCH = 100
_BY_STAFF = Session.EndReason.ADMINISTRATOR


@transaction.atomic
def end_person(*, user: Any, reason: str, new_password: bool = False) -> int:
    """End every session and token of a person, whose applications are told; return how many sessions were open.

    The consents stay. ``new_password``: the present one opens nothing any more, and the person sets another by e-mail.
    """
    sessions = logout.end_all(user=user, reason=_BY_STAFF)
    storage.revoke_person(user_id=user.pk, reason="ended_by_staff")
    # Browsers that have signed in to no application, of which nothing else is written down.
    get_profile(user=user)
    Profile.objects.filter(user=user).update(signed_out_at=timezone.now())
    if new_password:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    data = {"user": str(user.pk), "sessions": sessions, "reason": reason}
    audit.record(action=AuditEvent.Action.SESSION_ENDED, data=data)
    return sessions


def end_everyone(*, reason: str) -> dict[str, int]:
    """End every session and every token and code there is; return how many of each. Safe to stop and repeat.

    The consents stay. Who signs in meanwhile is asked to once more by the applications.
    """
    ended = 0
    for people in batches.of_keys(Session.objects.filter(ended_at=None), "user_id", size=BATCH):
        # Before the tokens: applications with a living sign-in are told.
        ended += sum(logout.end_all(user=key, reason=_BY_STAFF) for key in people)
    browsers = browser_sessions.end_every()
    return {"sessions": ended, "browsers": browsers, "applications": void_tokens(reason=reason)}


@transaction.atomic
def void_tokens(*, reason: str) -> int:
    """Void what every application was issued until now, by one statement; return how many applications there are.

    The check at use reads the moment. Stock DOT's rows follow in the background.
    """
    living = Registration.objects.filter(deleted_at=None)
    count = living.update(tokens_not_before=timezone.now())
    for key in living.order_by("pk").values_list("application", flat=True):
        outbox.put(kind="revoke-application-tokens", payload={"application": key})
    data = {"kind": "every token and code", "applications": count, "reason": reason}
    audit.record(action=AuditEvent.Action.TOKEN_REVOKED, data=data)
    return count


def end_consents(*, reason: str, consents: Iterable[int] | None = None, user: Any = None) -> int:
    """End open consents, all or those of these keys or of one person; return how many.

    Each person is told the reason by e-mail, and the applications as of a withdrawal.
    """
    rows = Consent.objects.filter(closed_at=None)
    if consents is not None:
        rows = rows.filter(pk__in=list(consents))
    if user is not None:
        rows = rows.filter(user=user)
    ended = 0
    for keys in batches.of_keys(rows, size=BATCH):
        for consent in Consent.objects.filter(pk__in=keys).order_by("pk"):
            ended += consent_support.end_consent(consent=consent, actor=None, reason=reason)
    return ended
