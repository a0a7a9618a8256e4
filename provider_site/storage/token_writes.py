"""Store what a code, a refresh token or a client's own request buys.

On PostgreSQL that is one statement: what is consumed and what it buys are parts of it, so they happen together or not
at all, and of simultaneous uses one finds something left to consume. On SQLite they are a transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model
from oauth2_provider.models import get_access_token_model, get_grant_model, get_refresh_token_model

from provider_site.models import Authorization, Consent
from provider_site.storage import clients, sql
from provider_site.storage.clients import Client

_ACCESS, _RENEWAL = sql.Row(get_access_token_model), sql.Row(get_refresh_token_model)


@dataclass(frozen=True, slots=True)
class Tokens:
    """What is stored: tokens by their digests (no refresh token for a client's own), and what they are for."""

    access_digest: str
    refresh_digest: str
    scope: str
    expires_at: datetime
    resource: list[str]


def _models() -> dict[str, type[Model]]:
    return clients.models() | {
        "family": Authorization,
        "consent": Consent,
        "code": get_grant_model(),
        "access": get_access_token_model(),
        "refresh": get_refresh_token_model(),
    }


# The first of them consumes: what follows is done where it found its row.
_STEPS = {
    "code": (
        "UPDATE {family_table} SET consumed_at = %s WHERE id = %s AND consumed_at IS NULL AND revoked_at IS NULL",
        "DELETE FROM {code_table} WHERE code = %s",
    ),
    "refresh": (
        "UPDATE {refresh_table} SET revoked = %s, access_token_id = NULL WHERE {refresh_key} = %s AND revoked IS NULL",
        "DELETE FROM {access_table} WHERE {access_key} = %s",
    ),
}
# Before all else, as who takes a consent back begins with it too: in another order they would wait for each other.
_LOCKED = "SELECT 1 FROM {consent_table} WHERE id = %s FOR NO KEY UPDATE"
_NOTED = "UPDATE {consent_table} SET last_used_at = %s, unused_warned_at = NULL WHERE id = %s"

_texts: dict[tuple[str, str, bool], tuple[str, ...]] = {}


def _statements(connection: BaseDatabaseWrapper, kind: str, noted: bool = False) -> tuple[str, ...]:
    """Return the statements of a kind: one on PostgreSQL, and for a client's own token."""
    key = (connection.vendor, kind, noted)
    if key not in _texts:
        names = sql.words(connection, _models())
        if kind == "own":
            made = [_insert(connection, f"WHERE {clients.FINGERPRINT_NOW[connection.vendor]} = %s")]
        else:
            steps = [*_STEPS[kind], *([_NOTED] if noted else [])]
            made = _in_turn(connection, steps)
            if connection.vendor == "postgresql":
                made = _in_one(connection, steps, lock=_LOCKED if noted else "")
        _texts[key] = tuple(text.format(**names) for text in made)
    return _texts[key]


def _insert(connection: BaseDatabaseWrapper, source: str) -> str:
    return f"INSERT INTO {{access_table}} ({_ACCESS.columns(connection)}) SELECT {_ACCESS.holes()} {source}"


def _in_one(connection: BaseDatabaseWrapper, steps: Sequence[str], *, lock: str) -> list[str]:
    first, *others = steps
    parts = [f"taken AS ({first} RETURNING 1)"]
    if lock:
        parts = [f"locked AS ({lock})", f"taken AS ({first} AND EXISTS (SELECT 1 FROM locked) RETURNING 1)"]
    parts += [f"part_{n} AS ({one} AND EXISTS (SELECT 1 FROM taken))" for n, one in enumerate(others)]
    parts.append(f"made AS ({_insert(connection, 'FROM taken')} RETURNING {{access_key}} AS key)")
    columns, holes = _RENEWAL.columns(connection), _RENEWAL.holes(access_token="made.key")
    return [f"WITH {', '.join(parts)} INSERT INTO {{refresh_table}} ({columns}) SELECT {holes} FROM made"]


def _in_turn(connection: BaseDatabaseWrapper, steps: Sequence[str]) -> list[str]:
    columns, holes = _RENEWAL.columns(connection), _RENEWAL.holes()
    return [*steps, _insert(connection, ""), f"INSERT INTO {{refresh_table}} ({columns}) VALUES ({holes})"]


def store_own(connection: BaseDatabaseWrapper, *, client: Client, tokens: Tokens, now: datetime) -> bool:
    """Store a token that a client asked for itself; ``False``, nothing stored, where the client has changed since."""
    (statement,) = _statements(connection, "own")
    values = _ACCESS.values(connection, now, _access(tokens, client.application.pk, None))
    with sql.execute(connection, statement, [*values, client.application.client_id, client.fingerprint]) as cursor:
        return bool(cursor.rowcount == 1)


def exchange_code(
    connection: BaseDatabaseWrapper, *, family: Authorization, tokens: Tokens, now: datetime, note_use: bool
) -> bool:
    """Consume a code and store what it buys; ``False``, nothing stored, where it was consumed or revoked before.

    ``note_use``: the consent's last use is to be written down (tokens.note_use).
    """
    steps = [sql.prepared(connection, Authorization, consumed_at=now, id=family.pk), [family.code_digest]]
    access = _access(tokens, family.application_id, family.user_id)
    return _exchange(
        connection, "code", steps=steps, family=family, access=access, tokens=tokens, now=now, noted=note_use
    )


def rotate(
    connection: BaseDatabaseWrapper, *, row: Any, family: Authorization, tokens: Tokens, now: datetime, note_use: bool
) -> bool:
    """Rotate a refresh token out and store its successors; ``False``, nothing stored, where it was rotated before."""
    steps = [[*sql.prepared(connection, type(row), revoked=now), row.pk], [row.access_token_id]]
    access = _access(tokens, family.application_id, family.user_id, source=row.pk)
    return _exchange(
        connection, "refresh", steps=steps, family=family, access=access, tokens=tokens, now=now, noted=note_use
    )


def _exchange(
    connection: BaseDatabaseWrapper,
    kind: str,
    *,
    steps: list[list[Any]],
    family: Authorization,
    access: dict[str, Any],
    tokens: Tokens,
    now: datetime,
    noted: bool,
) -> bool:
    if noted:
        steps = [*steps, sql.prepared(connection, Consent, last_used_at=now, id=family.consent_id)]
    statements = _statements(connection, kind, noted)
    bought = _ACCESS.values(connection, now, access)
    if len(statements) == 1:
        renewal = _RENEWAL.values(connection, now, _renewal(tokens, family, sql.IN_SQL))
        lock = steps[-1][-1:] if noted else []
        parameters = [*lock, *(value for values in steps for value in values), *bought, *renewal]
        with sql.execute(connection, statements[0], parameters) as cursor:
            return bool(cursor.rowcount == 1)
    with transaction.atomic(using=connection.alias):
        for number, values in enumerate(steps):
            with sql.execute(connection, statements[number], values) as cursor:
                if number == 0 and cursor.rowcount != 1:
                    return False
        with sql.execute(connection, statements[-2], bought) as cursor:
            key = cursor.lastrowid
        renewal = _RENEWAL.values(connection, now, _renewal(tokens, family, key))
        sql.execute(connection, statements[-1], renewal).close()
    return True


def _access(tokens: Tokens, application_id: Any, user_id: Any, *, source: Any = None) -> dict[str, Any]:
    return {
        "user_id": user_id,
        "application_id": application_id,
        "source_refresh_token_id": source,
        "token": "",
        "token_checksum": tokens.access_digest,
        "scope": tokens.scope,
        "expires": tokens.expires_at,
        "resource": tokens.resource,
    }


def _renewal(tokens: Tokens, family: Authorization, access_token_id: Any) -> dict[str, Any]:
    return {
        "user_id": family.user_id,
        "application_id": family.application_id,
        "access_token_id": access_token_id,
        "token": "",
        "token_checksum": tokens.refresh_digest,
        "token_family": family.pk,
        "resource": tokens.resource,
    }
