"""What an authorization request is decided by, read by one statement, and the code that answers it, stored by another.

On PostgreSQL the second is one statement, which needs no transaction around it; on SQLite it is two in one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model
from oauth2_provider.models import get_grant_model

from provider_site.models import Authorization, Consent, Profile, Session
from provider_site.storage import clients, codes, session_rows, sql
from provider_site.storage.clients import Client
from provider_site.storage.codes import AuthorizationContext
from provider_site.storage.session_rows import SessionRead

_TAKEN_BACK = (Consent.ClosedReason.WITHDRAWN.value, Consent.ClosedReason.ADMINISTRATOR.value)


@dataclass(frozen=True, slots=True)
class Ground:
    """What an authorization request stands on, all of one moment.

    ``client`` is ``None`` where it has changed since it was last read: it has been read anew by then, but later than
    the rest. ``consent`` is the open one, ``taken_back`` whether the person ever took one back, ``required`` the
    scopes that the application can't work without, as far as it has registered them so.
    """

    client: Client | None
    read: SessionRead
    consent: Consent | None
    taken_back: bool
    required: frozenset[str]


def _models() -> dict[str, type[Model]]:
    return clients.models() | session_rows.models() | {"consent": Consent}


@lru_cache(maxsize=1)
def _all_models() -> tuple[type[Model], ...]:
    return (get_grant_model(), Authorization, *_models().values())


def connection() -> BaseDatabaseWrapper | None:
    """Return the connection on which all of this may be done, or ``None``: then the ORM has to."""
    grant, family, *_others = _all_models()
    return sql.connection_for(*_all_models()) if sql.may_insert(grant, family) else None


_LISTED = {
    "postgresql": "(SELECT string_agg(p.scope, ' ') FROM {scope_table} p WHERE p.application_id = %s AND p.required)",
    "sqlite": "(SELECT group_concat(p.scope, ' ') FROM {scope_table} p WHERE p.application_id = %s AND p.required)",
}
_SELECT = sql.Select(
    sql.Text(
        {
            vendor: f"""SELECT {{session}}, {{consent}}, {session_rows.SIGNED_OUT}, {listed},
            EXISTS (SELECT 1 FROM {{consent_table}} c WHERE c.user_id = %s AND c.application_id = %s
                AND c.closed_reason IN ('{_TAKEN_BACK[0]}', '{_TAKEN_BACK[1]}')),
            {clients.FINGERPRINT_NOW[vendor]}
            {session_rows.FROM}
            LEFT JOIN {{consent_table}} consent
                ON consent.user_id = %s AND consent.application_id = %s AND consent.closed_at IS NULL"""
            for vendor, listed in _LISTED.items()
        },
        _models,
    ),
    ("session", "consent"),
)


def find_ground(connection: BaseDatabaseWrapper, *, client: Client, user_id: Any, sid: str, since: datetime) -> Ground:
    """Return what a person's request for a client stands on now; ``sid`` and ``since`` as in session_rows.find."""
    application = client.application
    [moment, person, pk] = [
        *sql.prepared(connection, Profile, signed_out_at=since),
        *sql.prepared(connection, Consent, user_id=user_id, application_id=application.pk),
    ]
    [session] = sql.prepared(connection, Session, sid=sid)
    asked = [moment, pk, person, pk, application.client_id, session, person, person, person, pk]
    [(parts, (signed_out, listed, taken_back, fingerprint))] = _SELECT.rows(connection, asked)
    proven = clients.proven(connection, client, fingerprint)
    consent: Consent | None = parts["consent"]
    if consent is not None:
        consent.application = application
    return Ground(
        client=client if proven is client else None,
        read=SessionRead(parts["session"], bool(signed_out)),
        consent=consent,
        taken_back=bool(taken_back),
        required=frozenset((listed or "").split()),
    )


# --- Writing ---------------------------------------------------------------------------------------------------------

_GRANT = sql.Row(get_grant_model)
_FAMILY = sql.Row(lambda: Authorization)
# What is the same in every such row.
_IN_GRANT = {"nonce": "''", "code_challenge_method": "'S256'", "resource": "'[]'"}
_IN_FAMILY = {"id_token_claims": "'[]'", "consumed_at": "NULL", "revoked_at": "NULL", "revoked_reason": "''"}
_INSERTS: dict[str, tuple[str, str]] = {}


def _inserts(connection: BaseDatabaseWrapper) -> tuple[str, str]:
    made = _INSERTS.get(connection.vendor)
    if made is None:
        quote = connection.ops.quote_name
        grant, family = (
            f"INSERT INTO {quote(row.model()._meta.db_table)} ({row.columns(connection)}) VALUES ({row.holes(**known)})"
            for row, known in ((_GRANT, _IN_GRANT), (_FAMILY, _IN_FAMILY))
        )
        made = _INSERTS[connection.vendor] = (grant, family)
    return made


def store(
    connection: BaseDatabaseWrapper,
    *,
    code_digest: str,
    user: Any,
    redirect_uri: str,
    scope: str,
    code_challenge: str,
    sealed_claims: str,
    context: AuthorizationContext,
    expires_at: datetime,
    now: datetime,
) -> None:
    """Write DOT's grant of a new code and its authorization, together or not at all.

    The challenge is S256's; the request named no resource and no claims.
    """
    shared = {"application_id": context.consent.application_id, "user_id": user.pk, "scope": scope}
    grant = shared | {
        "code": code_digest,
        "expires": expires_at,
        "redirect_uri": redirect_uri,
        "code_challenge": code_challenge,
        "claims": sealed_claims,
        **dict.fromkeys(_IN_GRANT, sql.IN_SQL),
    }
    hangs_on = {"consent_id": context.consent.pk, "session_id": context.session.pk}
    family = shared | hangs_on | codes.facts_of(context) | {"code_digest": code_digest}
    family |= dict.fromkeys(_IN_FAMILY, sql.IN_SQL)
    _insert(connection, _GRANT.values(connection, now, grant), _FAMILY.values(connection, now, family))


def _insert(connection: BaseDatabaseWrapper, grant: Sequence[Any], family: Sequence[Any]) -> None:
    insert_grant, insert_family = _inserts(connection)
    if connection.vendor == "postgresql":
        sql.execute(connection, f"WITH code AS ({insert_grant}) {insert_family}", [*grant, *family]).close()
        return
    with transaction.atomic(using=connection.alias):
        sql.execute(connection, insert_grant, grant).close()
        sql.execute(connection, insert_family, family).close()
