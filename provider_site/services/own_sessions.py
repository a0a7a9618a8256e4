"""A person's own sessions as they know them: by the browser they are in."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from provider_site.models import Authorization, Session

PERSON = Session.EndReason.PERSON
# Of a person who signs in anew each time; the older ones run out by themselves.
_READ = 200


@dataclass(frozen=True, slots=True)
class Browser:
    """The open sessions of a person in one browser, the newest first: each new sign-in there made another."""

    sessions: tuple[Session, ...]


def browsers_of(*, user: Any) -> list[Browser]:
    """Return the browsers from which a person is signed in to applications, the latest sign-in first."""
    rows = Session.objects.filter(user=user, ended_at=None, expires_at__gt=timezone.now()).order_by("-auth_time")
    found: dict[str, list[Session]] = {}
    for row in rows[:_READ]:
        if row.is_bound_to(user):
            found.setdefault(row.browser_digest or str(row.sid), []).append(row)
    return [Browser(tuple(sessions)) for sessions in found.values()]


def browser_with(*, user: Any, sid: uuid.UUID) -> Browser | None:
    """Return the browser of one of the person's own open sessions, or ``None``."""
    for browser in browsers_of(user=user):
        if any(session.sid == sid for session in browser.sessions):
            return browser
    return None


def application_names(*, browser: Browser, at_most: int) -> list[str]:
    """Return the names of the applications that were signed in to from a browser and have not been left since."""
    keys = [session.sid for session in browser.sessions]
    rows = Authorization.objects.filter(session__in=keys, revoked_at=None, consumed_at__isnull=False)
    rows = rows.filter(application__registration__deleted_at=None)
    names = rows.order_by("application__name").values_list("application__name", "application__client_id").distinct()
    return [name or client_id for name, client_id in names[:at_most]]
