"""What every page of a signed-in person looks at: their session in this browser, and a sign-out everywhere else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Model

from provider_site.models import Profile, Session
from provider_site.storage import sql

# One row, whatever is there: the session of the person by its ID, and whether they signed out everywhere since then.
FROM = """FROM (SELECT 1 AS present) beginning
    LEFT JOIN {session_table} session ON session.sid = %s AND session.user_id = %s
    LEFT JOIN {profile_table} profile ON profile.user_id = %s"""
SIGNED_OUT = "(profile.signed_out_at IS NOT NULL AND profile.signed_out_at > %s)"


@dataclass(frozen=True, slots=True)
class SessionRead:
    """What was found: the session's row, and whether the person has signed out everywhere else since."""

    session: Session | None
    signed_out: bool


def models() -> dict[str, type[Model]]:
    """Return the models that ``FROM`` names."""
    return {"session": Session, "profile": Profile}


_TEXT = f"SELECT {{session}}, {SIGNED_OUT} {FROM}"
_SELECT = sql.Select(sql.Text(dict.fromkeys(sql.VENDORS, _TEXT), models), ("session",))


def find(*, user_id: Any, sid: str | None, since: datetime) -> SessionRead:
    """Return the person's session of that ID, if it has one, and whether they signed out elsewhere since."""
    connection = sql.connection_for(Session, Profile)
    if connection is None:
        signed_out = Profile.objects.filter(user=user_id, signed_out_at__gt=since).exists()
        row = Session.objects.filter(pk=sid, user=user_id).first() if sid else None
        return SessionRead(row, signed_out)
    parameters = sql.prepared(connection, Profile, signed_out_at=since)
    parameters += sql.prepared(connection, Session, sid=sid, user_id=user_id)
    parameters += sql.prepared(connection, Profile, user_id=user_id)
    [(parts, (signed_out,))] = _SELECT.rows(connection, parameters)
    return SessionRead(parts["session"], bool(signed_out))
