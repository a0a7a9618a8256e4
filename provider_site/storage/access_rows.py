"""A token at use with everything that decides on it, read by one statement.

What is read here are rows, as the ORM would read them in five statements or more (``access``); what they come to is
decided there, for either reading alike.
"""

from __future__ import annotations

import copy
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.contrib.auth import get_user_model
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model
from oauth2_provider.models import get_access_token_model, get_refresh_token_model

from provider_site import crypto
from provider_site.models import (
    AppProfile,
    Authorization,
    Consent,
    PairwiseSubject,
    Profile,
    ResourceServer,
    Session,
    UnionSubject,
)
from provider_site.policy import sectors
from provider_site.storage import clients, credentials, sql
from provider_site.storage.clients import Client
from provider_site.storage.tokens import RefreshTokenRecord


@dataclass(frozen=True, slots=True)
class PersonRows:
    """What a person shows the token's application; ``None`` for a row that is not there, or was not asked for."""

    profile: Profile | None
    app_profile: AppProfile | None
    # In the sector of an application that knows people by pairwise subjects.
    pairwise_subject: str | None
    unionid: str | None


@dataclass(frozen=True, slots=True)
class Rows:
    """A token's row, with its user and application, and the authorization it names, with consent and session.

    ``registered`` is what its application may have now (access.registered_scopes), ``None`` where that was not read.
    """

    row: Any
    family: uuid.UUID | None
    authorization: Authorization | None
    registered: frozenset[str] | None = None
    person: PersonRows | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a client that asks about a token is answered from: the token, if there is one, and the client's own rows.

    The subjects are those by which the client might know the token's person: the public one, that of its sector.
    """

    access: Rows | None
    refresh: RefreshTokenRecord | None
    registered: frozenset[str] | None
    server: ResourceServer | None
    public_subject: str | None
    pairwise_subject: str | None


def _models(token: type[Model]) -> dict[str, type[Model]]:
    return clients.models() | {
        "token": token,
        "family": Authorization,
        "consent": Consent,
        "session": Session,
        "person": get_user_model(),
        "profile": Profile,
        "app_profile": AppProfile,
        "pairwise": PairwiseSubject,
        "union": UnionSubject,
        "server": ResourceServer,
    }


@cache
def _with_access_token() -> Mapping[str, type[Model]]:
    return _models(get_access_token_model())


@cache
def _with_refresh_token() -> Mapping[str, type[Model]]:
    return _models(get_refresh_token_model())


@cache
def _every() -> tuple[type[Model], ...]:
    return (*_with_access_token().values(), *_with_refresh_token().values())


def connection() -> BaseDatabaseWrapper | None:
    """Return the connection on which all of this may be read by hand, or ``None``: then the ORM has to."""
    return sql.connection_for(*_every())


_OF_A_PERSON = frozenset({"id", "user_id", "application_id"})
# Of our own tables, what uses of tokens are decided by. A host's user is read whole: it may be asked for anything.
_ONLY = {
    "family": _OF_A_PERSON | {"consent_id", "session_id", "scope", "auth_time", "amr", "acr", "created", "revoked_at"},
    "consent": _OF_A_PERSON
    | {"scope", "terms", "source", "facts", "wording_version", "given_at", "ends_at", "closed_at"},
    "session": frozenset(("sid", "user_id", "credential_digest", "expires_at", "ended_at")),
    "server": frozenset(("id", "application_id", "identifier", "scope", "refresh_tokens")),
    "profile": frozenset(one.attname for one in Profile._meta.concrete_fields) - {"signed_out_at"},
}
_SELECTED = ("token", "family", "consent", "session", "person")
_COLUMNS = "{token}, {family}, {consent}, {session}, {person}"
# The application, whatever of it may be missing: then it has no fingerprint that a client could have.
_OWNED = """LEFT JOIN {application_table} application ON application.{application_key} = token.application_id
    LEFT JOIN {registration_table} registration ON registration.application_id = token.application_id
    LEFT JOIN {person_table} person ON person.{person_key} = token.user_id"""
_HANGS_ON = """LEFT JOIN {consent_table} consent ON consent.id = family.consent_id
    LEFT JOIN {session_table} session ON session.sid = family.session_id"""
# The authorization that the token's text names counts only where both are of the same application and person.
_NAMED = f"""LEFT JOIN {{family_table}} family ON family.id = %s
    AND family.application_id = token.application_id AND family.user_id = token.user_id {_HANGS_ON}"""
_OF_FAMILY = f"LEFT JOIN {{family_table}} family ON family.id = token.token_family {_HANGS_ON}"


def _select(columns: str, source: str, selected: tuple[str, ...]) -> sql.Select:
    texts = {
        vendor: f"SELECT {columns.replace('{fingerprint}', text).replace('{asking}', clients.FINGERPRINT_NOW[vendor])}"
        f" {source}"
        for vendor, text in clients.FINGERPRINT.items()
    }
    models = _with_refresh_token if _OF_FAMILY in source else _with_access_token
    return sql.Select(sql.Text(texts, models, _ONLY), selected)


_TOKEN = _select(
    f"{_COLUMNS}, application.client_id, {{fingerprint}}",
    f"FROM {{token_table}} token {_OWNED} {_NAMED} WHERE token.token_checksum = %s",
    _SELECTED,
)
_SECTOR = f"COALESCE(NULLIF(registration.sector_identifier, ''), '{sectors.own('')}' || application.client_id)"
_TOKEN_AND_PERSON = _select(
    f"""{_COLUMNS}, {{profile}}, {{app_profile}}, application.client_id, {{fingerprint}},
    CASE WHEN registration.subject_type = 'pairwise' THEN (SELECT p.subject FROM {{pairwise_table}} p
        WHERE p.user_id = token.user_id AND p.sector = {_SECTOR}) END,
    CASE WHEN token.scope LIKE '%%unionid%%' THEN (SELECT u.subject FROM {{union_table}} u
        WHERE u.user_id = token.user_id AND u.owner_id = registration.owner_id) END""",
    f"""FROM {{token_table}} token {_OWNED} {_NAMED}
    LEFT JOIN {{profile_table}} profile ON profile.user_id = token.user_id
    LEFT JOIN {{app_profile_table}} app_profile
        ON app_profile.user_id = token.user_id AND app_profile.application_id = token.application_id
    WHERE token.token_checksum = %s""",
    (*_SELECTED, "profile", "app_profile"),
)
_ASKED_COLUMNS = f"""{_COLUMNS}, {{server}}, application.client_id,
    CASE WHEN registration.id IS NOT NULL THEN {{fingerprint}} END,
    CASE WHEN token.application_id = %s THEN NULL ELSE {{asking}} END,
    (SELECT p.subject FROM {{profile_table}} p WHERE p.user_id = token.user_id),
    (SELECT p.subject FROM {{pairwise_table}} p WHERE p.user_id = token.user_id AND p.sector = %s)"""
# One row in any case: who asks about what is no token has to be proven too.
_ASKED_SOURCE = """FROM (SELECT 1) asked LEFT JOIN {server_table} server ON server.application_id = %s
    LEFT JOIN {token_table} token ON token.token_checksum = %s"""
_ASKED_ACCESS = _select(_ASKED_COLUMNS, f"{_ASKED_SOURCE} {_OWNED} {_NAMED}", (*_SELECTED, "server"))
# Of several with one digest a live one wins, as in tokens.find_refresh_token.
_ASKED_REFRESH = _select(
    _ASKED_COLUMNS,
    f"{_ASKED_SOURCE} {_OWNED} {_OF_FAMILY} ORDER BY token.revoked DESC NULLS FIRST LIMIT 1",
    (*_SELECTED, "server"),
)


def find(connection: BaseDatabaseWrapper, text: str) -> Rows | None:
    """Return an access token, or ``None`` where there is none. The application it has is the caller's to change."""
    family = credentials.authorization_id(text)
    found = _TOKEN.rows(connection, [_key(connection, family), crypto.digest(text)])
    if not found:
        return None
    parts, (client_id, fingerprint) = found[0]
    client = _client(connection, client_id, fingerprint)
    return _rows(parts, family, client, application=_copy(client) if client is not None else None)


def find_with_person(connection: BaseDatabaseWrapper, text: str) -> Rows | None:
    """Return an access token and what the person shows its application, or ``None``; nothing of it may be changed."""
    family = credentials.authorization_id(text)
    found = _TOKEN_AND_PERSON.rows(connection, [_key(connection, family), crypto.digest(text)])
    if not found:
        return None
    parts, (client_id, fingerprint, pairwise, unionid) = found[0]
    client = _client(connection, client_id, fingerprint)
    if client is None or client.fingerprint != fingerprint:  # of another sector or owner, perhaps
        pairwise = unionid = None
    person = PersonRows(parts["profile"], parts["app_profile"], pairwise, unionid)
    return _rows(parts, family, client, application=client and client.application, person=person)


def ask(
    connection: BaseDatabaseWrapper, text: str, *, asking: Client, sector: str, refresh_token: bool
) -> Asked | None:
    """Return what ``asking`` is answered from about a token; ``None`` where it is no longer what it was when read.

    ``sector`` is that of its pairwise subjects. Nothing of the answer may be changed.
    """
    family = None if refresh_token else credentials.authorization_id(text)
    (key,) = sql.prepared(connection, ResourceServer, application=asking.application.pk)
    named = [] if refresh_token else [_key(connection, family)]
    parameters = [key, asking.application.client_id, sector, key, crypto.digest(text), *named]
    select = _ASKED_REFRESH if refresh_token else _ASKED_ACCESS
    ((parts, (client_id, fingerprint, own, public, pairwise)),) = select.rows(connection, parameters)
    if (fingerprint if own is None else own) != asking.fingerprint:
        return None
    row = parts["token"]
    if row is None:
        return Asked(None, None, None, parts["server"], None, None)
    client = asking if own is None else _client(connection, client_id, fingerprint)
    rows = _rows(parts, family, client, application=client and client.application)
    record = RefreshTokenRecord(row, rows.authorization) if refresh_token else None
    return Asked(None if refresh_token else rows, record, rows.registered, parts["server"], public, pairwise)


def _key(connection: BaseDatabaseWrapper, family: uuid.UUID | None) -> Any:
    (key,) = sql.prepared(connection, Authorization, id=family)
    return key


def _client(connection: BaseDatabaseWrapper, client_id: str | None, fingerprint: str | None) -> Client | None:
    """Return the token's client as it is; ``None`` where it has no registration, or the token no application."""
    client = clients.known(connection, client_id) if client_id and fingerprint else None
    return clients.proven(connection, client, str(fingerprint)) if client is not None else None


def _copy(client: Client) -> Any:
    """Return the application with its registration for a caller who may do with it as with any row (DOT's checks)."""
    application, registration = copy.copy(client.application), copy.copy(client.registration)
    application.registration = registration
    return application


def _rows(
    parts: Mapping[str, Any],
    family: uuid.UUID | None,
    client: Client | None,
    *,
    application: Any,
    person: PersonRows | None = None,
) -> Rows:
    """Return the rows of a token, each with those it hangs on; what was not found the ORM looks for."""
    row, authorization, user = parts["token"], parts["family"], parts["person"]
    if application is not None:
        row.application = application
    if user is not None:
        row.user = user
    if authorization is not None:
        authorization.consent, authorization.session = parts["consent"], parts["session"]
    registered = client.registered_with_claims if client is not None else None
    return Rows(row, family, authorization, registered, person)
