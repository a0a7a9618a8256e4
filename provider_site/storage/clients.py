"""What the endpoints know of a client, kept in memory, and proven at every use to be what the database says now.

A fingerprint of the rows stands beside what was read of them, made by the same statement. The statement that uses the
client compares it, in the database, with one of the rows as they are then: an application suspended, a secret revoked,
a scope taken away or a key rotated, whoever did it and by whatever means, is found by the very next request of every
process, and no process has to tell another.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model
from oauth2_provider.models import get_application_model

from provider_site import crypto
from provider_site.models import ApplicationScope, ClientSecret, Registration, SigningKey
from provider_site.policy import scopes
from provider_site.storage import sql

# So many clients are kept; the one that was read first gives way.
KEPT = 2_000


@dataclass(frozen=True, slots=True, eq=False)
class Client:
    """An application with all that its requests are decided by, at the moment of its fingerprint.

    ``application.registration`` is there. Nothing of it may be changed: other threads read the same instance.
    """

    application: Any
    registration: Registration
    secrets: tuple[ClientSecret, ...]
    registered: tuple[str, ...]
    # With every single claim that the scopes open (access.registered_scopes).
    registered_with_claims: frozenset[str]
    # What signs for it; None before the first key of all was made.
    signing_key: SigningKey | None
    fingerprint: str

    def secret(self, text: str, now: datetime) -> ClientSecret | None:
        """Return the live secret that ``text`` is, compared in constant time with each; ``None`` for no such secret."""
        found = None
        for row in self.secrets:
            if crypto.matches(text, row.digest) and (row.expires_at is None or now < row.expires_at):
                found = row
        return found


def models() -> dict[str, type[Model]]:
    """Return the models that ``FINGERPRINT`` and ``fingerprint_of`` name."""
    return {
        "application": get_application_model(),
        "registration": Registration,
        "secret": ClientSecret,
        "scope": ApplicationScope,
        "key": SigningKey,
    }


# Of everything a client's requests are decided by. Not of the day on which a secret was last used.
FINGERPRINT = {
    "postgresql": """encode(sha256(convert_to(ROW(application.*, registration.*)::text
        || coalesce((SELECT string_agg(ROW(s.id, s.digest, s.expires_at)::text, ',' ORDER BY s.id)
            FROM {secret_table} s WHERE s.application_id = application.id AND s.revoked_at IS NULL), '') || '/'
        || coalesce((SELECT string_agg(p.scope, ' ' ORDER BY p.id)
            FROM {scope_table} p WHERE p.application_id = application.id), '') || '/'
        || coalesce((SELECT k.kid FROM {key_table} k
            WHERE k.status = 'active' AND k.alg = registration.id_token_alg), ''), 'UTF8')), 'hex')""",
    "sqlite": """SHA256(json_array({application}, {registration},
        (SELECT json_group_array(json_array(s.id, s.digest, s.expires_at)) FROM (SELECT * FROM {secret_table} t
            WHERE t.application_id = application.id AND t.revoked_at IS NULL ORDER BY t.id) s),
        (SELECT group_concat(p.scope, ' ') FROM (SELECT t.scope FROM {scope_table} t
            WHERE t.application_id = application.id ORDER BY t.id) p),
        (SELECT k.kid FROM {key_table} k WHERE k.status = 'active' AND k.alg = registration.id_token_alg)))""",
}
_SCOPES = {
    "postgresql": "(SELECT string_agg(p.scope, ' ') FROM {scope_table} p WHERE p.application_id = application.id)",
    "sqlite": "(SELECT group_concat(p.scope, ' ') FROM {scope_table} p WHERE p.application_id = application.id)",
}
_FROM = """FROM {application_table} application
    JOIN {registration_table} registration ON registration.application_id = application.id"""

# A scalar for the statements that use a client: its fingerprint now, by its client_id; NULL where there is none.
FINGERPRINT_NOW = {
    vendor: f"(SELECT {text} {_FROM} WHERE application.client_id = %s)" for vendor, text in FINGERPRINT.items()
}

_READ = sql.Select(
    sql.Text(
        {
            vendor: f"""SELECT {{application}}, {{registration}}, {{secret}}, {{key}}, {_SCOPES[vendor]}, {text} {_FROM}
            LEFT JOIN {{secret_table}} secret ON secret.application_id = application.id AND secret.revoked_at IS NULL
            LEFT JOIN {{key_table}} key ON key.status = 'active' AND key.alg = registration.id_token_alg
            WHERE application.client_id = %s"""
            for vendor, text in FINGERPRINT.items()
        },
        models,
    ),
    ("application", "registration", "secret", "key"),
)

_lock = threading.Lock()
_known: dict[tuple[str, str], Client] = {}


def known(connection: BaseDatabaseWrapper, client_id: str) -> Client | None:
    """Return the client as it was when it was last read, or as it is now; ``None`` where there is none.

    Of what was read earlier nothing is proven: compare its fingerprint in the statement that uses it.
    """
    found = _known.get((connection.alias, client_id))
    return found if found is not None else read(connection, client_id)


def read(connection: BaseDatabaseWrapper, client_id: str) -> Client | None:
    """Return the client as the database has it now, and keep it; ``None`` without a registered application."""
    rows = _READ.rows(connection, [client_id])
    key = (connection.alias, client_id)
    if not rows:
        with _lock:
            _known.pop(key, None)
        return None
    (parts, (names, fingerprint)) = rows[0]
    application, registration = parts["application"], parts["registration"]
    application.registration = registration
    registered = tuple((names or "").split())
    client = Client(
        application=application,
        registration=registration,
        secrets=tuple(parts["secret"] for parts, _rest in rows if parts["secret"] is not None),
        registered=registered,
        registered_with_claims=scopes.with_claims(registered),
        signing_key=parts["key"],
        fingerprint=fingerprint,
    )
    with _lock:
        while len(_known) >= KEPT and key not in _known:
            del _known[next(iter(_known))]
        _known[key] = client
    return client


def proven(connection: BaseDatabaseWrapper, client: Client, fingerprint: str | None) -> Client | None:
    """Return the client as it was when the statement that gave ``fingerprint`` was made, or later."""
    if fingerprint == client.fingerprint:
        return client
    return read(connection, client.application.client_id)
