"""What a code, a refresh token or a client's own request buys, read by one statement and stored by another.

On PostgreSQL the second is one statement too: what is consumed and what it buys are parts of it, so they happen
together or not at all, and of simultaneous uses one finds something left to consume. On SQLite they are a transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from django.contrib.auth import get_user_model
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model
from oauth2_provider.models import get_access_token_model, get_grant_model, get_refresh_token_model

from provider_site import crypto
from provider_site.models import Authorization, Consent, PairwiseSubject, Profile, Session
from provider_site.storage import clients, sql
from provider_site.storage.clients import Client
from provider_site.storage.codes import CodeRecord
from provider_site.storage.tokens import RefreshTokenRecord


@dataclass(frozen=True, slots=True)
class Found:
    """What was presented, as stored, with the client as it is now and such subjects as the person has."""

    client: Client
    code: CodeRecord | None
    refresh: RefreshTokenRecord | None
    authorization: Authorization
    public_subject: str | None
    pairwise_subject: str | None


@cache
def _models() -> dict[str, type[Model]]:
    return clients.models() | {
        "family": Authorization,
        "consent": Consent,
        "session": Session,
        "person": get_user_model(),
        "profile": Profile,
        "pairwise": PairwiseSubject,
        "code": get_grant_model(),
        "access": get_access_token_model(),
        "refresh": get_refresh_token_model(),
    }


def connection() -> BaseDatabaseWrapper | None:
    """Return the connection on which all of this may be done, or ``None``: then the ORM has to."""
    models = _models()
    if not sql.may_insert(models["access"], models["refresh"]):
        return None
    return sql.connection_for(*models.values())


# --- Reading ---------------------------------------------------------------------------------------------------------

_PERSON = """JOIN {consent_table} consent ON consent.id = family.consent_id
    JOIN {person_table} person ON person.{person_key} = family.user_id
    LEFT JOIN {session_table} session ON session.sid = family.session_id"""
_SUBJECTS = """(SELECT p.subject FROM {profile_table} p WHERE p.user_id = family.user_id),
    (SELECT p.subject FROM {pairwise_table} p WHERE p.user_id = family.user_id AND p.sector = %s)"""


def _select(selected: str, source: str) -> sql.Select:
    names = [name.strip(" {}") for name in selected.split(",")]
    texts = {
        vendor: f"SELECT {selected}, {_SUBJECTS}, {now} {source}" for vendor, now in clients.FINGERPRINT_NOW.items()
    }
    return sql.Select(sql.Text(texts, _models), names)


_CODE = _select(
    "{family}, {consent}, {person}, {session}, {code}",
    f"""FROM {{family_table}} family {_PERSON}
    LEFT JOIN {{code_table}} code ON code.code = family.code_digest AND code.application_id = family.application_id
    WHERE family.code_digest = %s""",
)
_REFRESH = _select(
    "{family}, {consent}, {person}, {session}, {refresh}",
    f"""FROM {{refresh_table}} refresh JOIN {{family_table}} family ON family.id = refresh.token_family {_PERSON}
    WHERE refresh.token_checksum = %s""",
)


def find_code(connection: BaseDatabaseWrapper, *, client: Client, sector: str, code: str) -> Found | None:
    """Return a code with its client as it is now, or ``None`` where it is not the client's or was never made.

    ``sector`` is the one of the client's pairwise subjects.
    """
    return _find(connection, _CODE, client, sector, code)


def find_refresh_token(connection: BaseDatabaseWrapper, *, client: Client, sector: str, text: str) -> Found | None:
    """Return a refresh token with its client as it is now, or ``None``; ``sector`` as above.

    That is also for one of stock DOT's, and where several rows have its digest (tokens.find_refresh_token).
    """
    return _find(connection, _REFRESH, client, sector, text)


def _find(connection: BaseDatabaseWrapper, select: sql.Select, client: Client, sector: str, text: str) -> Found | None:
    rows = select.rows(connection, [sector, client.application.client_id, crypto.digest(text)])
    if len(rows) != 1:
        return None
    parts, (public, pairwise, fingerprint) = rows[0]
    now = clients.proven(connection, client, fingerprint)
    family = parts["family"]
    if now is None or family.application_id != now.application.pk:
        return None
    if now.registration.sector_identifier != client.registration.sector_identifier:
        return None
    family.application, family.user, family.consent = now.application, parts["person"], parts["consent"]
    family.session = parts["session"]
    refresh = parts.get("refresh")
    if refresh is not None:
        if refresh.application_id != family.application_id or refresh.user_id != family.user_id:
            return None
        refresh.application, refresh.user = now.application, parts["person"]
    return Found(
        client=now,
        code=CodeRecord(family, parts["code"]) if refresh is None else None,
        refresh=RefreshTokenRecord(refresh, family) if refresh is not None else None,
        authorization=family,
        public_subject=public,
        pairwise_subject=pairwise,
    )
