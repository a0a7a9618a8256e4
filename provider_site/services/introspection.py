"""What an application is told about a token it was shown (RFC 7662)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from provider_site import crypto
from provider_site.conf import provider_settings
from provider_site.models import ResourceServer
from provider_site.policy import introspection, scopes
from provider_site.services import subjects, token_subjects
from provider_site.storage import access, access_rows, credentials, tokens
from provider_site.storage.clients import Client

_HINT = "refresh_token"


def introspect(*, application: Any, token: str, hint: str = "") -> dict[str, Any]:
    """Return what ``application``, which has proven itself, may know of a token: ``active`` and, if it is, the rest.

    Everything else is one answer: a token that never was, is over, was taken back, or is not for the application to
    know of (RFC 7662 2.2, 4). ``hint`` only says where to look first.
    """
    looks = (_refresh_token, _access_token) if _is_refresh_first(token, hint) else (_access_token, _refresh_token)
    found = next((found for look in looks if (found := look(token)) is not None), None)
    if found is None or not found.holds:
        return {"active": False}
    return _told(found, token, application)


def introspect_at_once(
    *, connection: BaseDatabaseWrapper, client: Client, token: str, hint: str = ""
) -> dict[str, Any] | None:
    """Return what ``introspect`` does, by one statement for each place where the token is looked for.

    ``client`` has proven itself by what was read of it earlier; ``None`` where that does not hold any more.
    """
    refresh_first, sector = _is_refresh_first(token, hint), subjects.sector_of(registration=client.registration)
    for refresh_token in (refresh_first, not refresh_first):
        asked = access_rows.ask(connection, token, asking=client, sector=sector, refresh_token=refresh_token)
        if asked is None:
            return None
        if asked.access is not None:
            found = _of_access_token(access.judged(asked.access))
        elif asked.refresh is not None:
            found = _of_refresh_token(asked.refresh, asked.registered)
        else:
            continue
        if not found.holds:
            break
        return _told(found, token, client.application, asked)
    return {"active": False}


def _is_refresh_first(token: str, hint: str) -> bool:
    return hint == _HINT or token.startswith(credentials.REFRESH_TOKEN)


def _told(
    found: introspection.Found, token: str, application: Any, asked: access_rows.Asked | None = None
) -> dict[str, Any]:
    """Return what the application is told of a token that holds; ``asked`` is what was read together with it."""
    shown = _shown(found, application, asked)
    if shown is None:
        return {"active": False}
    row = found.row
    user = row.user if row.user_id is not None else None
    said = credentials.claims(token)
    answer: dict[str, Any] = {
        "active": True,
        "client_id": row.application.client_id,
        "exp": int(found.expires_at.timestamp()),
        "iat": said.get("iat", int(row.created.timestamp())),
        "sub": token_subjects.told_to(
            asking=application,
            user=user,
            client=row.application,
            public=(asked and asked.public_subject) or "",
            paired=(asked and asked.pairwise_subject) or "",
        ),
        "iss": provider_settings.issuer,
        "jti": said.get("jti", crypto.half_hash(token)),
    }
    if told := " ".join(name for name in scopes.on_the_wire(found.names) if name in shown.scopes):
        answer["scope"] = told
    if found.is_access_token:
        answer["token_type"] = "Bearer"
    if audience := shown.audience or said.get("aud"):
        answer["aud"] = audience
    return answer | token_subjects.authentication(found.authorization)


def _shown(found: introspection.Found, application: Any, asked: access_rows.Asked | None) -> introspection.Shown | None:
    """Return how much of the token the application may know of; ``None`` for nothing."""
    if found.row.application_id == application.pk:
        return introspection.to_its_client(found)
    if not access.serves(access.registration_of(application), user_id=None):
        return None  # suspended, or not approved yet: what it was given to learn waits
    server = asked.server if asked is not None else ResourceServer.objects.filter(application=application).first()
    if server is None:
        return None
    return introspection.to_resource_server(
        found, identifier=server.identifier, scopes=server.scopes, refresh_tokens=server.refresh_tokens
    )


def _access_token(text: str) -> introspection.Found | None:
    record = access.find_access_token(text)
    return _of_access_token(record) if record is not None else None


def _of_access_token(record: access.AccessRecord) -> introspection.Found:
    return introspection.Found(
        row=record.row,
        authorization=record.authorization,
        holds=record.refusal is None,
        names=_kept(record.row.scope.split(), record.scopes),
        expires_at=record.row.expires,
        audience=tuple(record.row.resource or ()),
        is_access_token=True,
    )


def _refresh_token(text: str) -> introspection.Found | None:
    record = tokens.find_refresh_token(text)
    return _of_refresh_token(record) if record is not None else None


def _of_refresh_token(
    record: tokens.RefreshTokenRecord, registered: frozenset[str] | None = None
) -> introspection.Found:
    use = access.refresh_use(record, registered)
    names = record.authorization.scope.split() if record.authorization is not None else sorted(use.scopes)
    return introspection.Found(
        row=record.row,
        authorization=record.authorization,
        # One that was rotated is not active, also while an honest retry would still be answered.
        holds=use.refusal is None and record.row.revoked is None,
        names=_kept(names, use.scopes),
        expires_at=use.expires_at,
        audience=tuple(record.row.resource or ()),
        is_access_token=False,
    )


def _kept(names: Iterable[str], held: frozenset[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name in held)
