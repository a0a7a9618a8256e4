"""The ordinary token request, answered by two statements: what almost every request is.

What is answered here, django-oauth-toolkit and oauthlib would have answered alike, row for row. At anything else — an
error, a parameter more, a token that was used before, a client that proves itself in another way — nothing is written,
and the request goes their way from its beginning. So errors, replays and the rare have one place, and it is not here.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.http import HttpRequest
from django.utils import timezone
from oauth2_provider.models import AbstractApplication
from oauth2_provider.oauth2_validators import GRANT_TYPE_MAPPING
from oauth2_provider.settings import oauth2_settings

from provider_site import crypto
from provider_site.models import ClientSecret, Registration
from provider_site.policy import redirect, scopes
from provider_site.protocol import client_authentication, own_classes
from provider_site.protocol.issue import Issue
from provider_site.services import secrets, subjects
from provider_site.signals import tokens_issued
from provider_site.storage import access, clients, consented, credentials, token_rows, token_writes, tokens
from provider_site.storage.clients import Client

_CREDENTIALS = frozenset({"grant_type", "client_id", "client_secret"})
_Status, _Subject = Registration.Status, Registration.SubjectType


def answer(request: HttpRequest) -> dict[str, Any] | None:
    """Return the answer to a token request, or ``None``: nothing was written, and the request goes the long way.

    The request is well-formed, and its grant type one of this provider's (token.malformed).
    """
    grant = _GRANTS.get(request.POST["grant_type"])
    if (
        grant is None
        or not own_classes.decide()
        or not oauth2_settings.COMPLIANT_BCP_RFC9700_TOKEN_STORAGE  # tokens rest by digest
        or not grant.parameters >= request.POST.keys()
        or "HTTP_ORIGIN" in request.META
    ):
        return None
    connection = token_rows.connection()
    sent = client_authentication.by_one_method(request) if connection is not None else None
    if connection is None or sent is None or (client := clients.known(connection, sent.client_id)) is None:
        return None
    return grant.answer(_Request(connection, sent.client_secret, request.POST), client)


@dataclass(frozen=True, slots=True)
class _Request:
    """What a client sent, on which connection it is looked for."""

    connection: BaseDatabaseWrapper
    secret: str
    form: Any

    def __repr__(self) -> str:
        return "<_Request>"

    def proof(self, client: Client, grant_type: str, now: datetime) -> ClientSecret | None:
        """Return the secret by which the client has proven itself, ``None`` also where it may not use the grant."""
        application = client.application
        secret = client.secret(self.secret, now)
        if (
            secret is None
            or client.registration.status == _Status.SUSPENDED
            or application.client_type != AbstractApplication.CLIENT_CONFIDENTIAL
            or type(application).is_usable is not AbstractApplication.is_usable
            or not application.allows_grant_type(*GRANT_TYPE_MAPPING[grant_type])
        ):
            return None
        return secret


# --- A client for itself (RFC 6749 4.4) -------------------------------------------------------------------------------


def _own(request: _Request, client: Client) -> dict[str, Any] | None:
    told = _own_by(request, client)
    if told is None and (now := clients.read(request.connection, client.application.client_id)) is not None:
        # The client may have changed since it was read: the statement that stores the token finds that out.
        told = _own_by(request, now) if now.fingerprint != client.fingerprint else None
    return told


def _own_by(request: _Request, client: Client) -> dict[str, Any] | None:
    """Return the answer by what is known of a client, or ``None``, nothing stored, where that is not so now."""
    now = timezone.now()
    names = request.form["scope"].split(" ") if "scope" in request.form else []
    if (
        (secret := request.proof(client, "client_credentials", now)) is None
        or client.registration.status != _Status.APPROVED
        # Of what the site offers now: a scope may have left its catalogue and be registered still.
        or not set(names) <= set(scopes.in_order(client.registered))
    ):
        return None
    issue = Issue(client, grant_type="client_credentials", names=names)
    if issue.fault():
        return None
    access_token = issue.access_token()
    with _with_listeners(request.connection):
        if not token_writes.store_own(
            request.connection, client=client, tokens=issue.stored(access_token, ""), now=now
        ):
            return None
        told = issue.told(access_token, "", None)
    # Not before: the statement that stored the token has proven that the secret is none that was revoked meanwhile.
    secrets.note_use(secret)
    return told


# --- Codes (RFC 6749 4.1.3, RFC 7636 4.6) -----------------------------------------------------------------------------


def _code(request: _Request, client: Client) -> dict[str, Any] | None:
    form = request.form
    found = token_rows.find_code(request.connection, client=client, sector=_sector(client), code=form.get("code", ""))
    now = timezone.now()
    if found is None or found.code is None:
        return None
    if (secret := request.proof(found.client, "authorization_code", now)) is None:
        return None
    secrets.note_use(secret)
    grant, family = found.code.grant, found.authorization
    if found.code.consumed or grant is None or not _fits(form, grant, found.client):
        return None
    registered = found.client.registered_with_claims
    if access.code_refusal(family, grant.expires, registered) is not None:
        return None
    try:
        nonce = found.code.nonce()
    except crypto.Unsealable:
        return None
    return _renewable(
        request,
        found,
        names=_held(family, found.client),
        resource=list(grant.resource or []),
        nonce=nonce,
        store=lambda bought, note: token_writes.exchange_code(
            request.connection, family=family, tokens=bought, now=now, note_use=note
        ),
        now=now,
    )


def _fits(form: Any, grant: Any, client: Client) -> bool:
    """Tell whether verifier and redirect URI are those of the authorization request."""
    verifier, uri = form.get("code_verifier"), form.get("redirect_uri")
    if not verifier or not uri or not grant.code_challenge or grant.code_challenge_method != "S256":
        return False
    try:
        challenge = crypto.code_challenge(verifier)
    except UnicodeEncodeError:
        return False
    return (
        hmac.compare_digest(challenge.encode(), grant.code_challenge.encode())
        and uri == grant.redirect_uri
        and redirect.matches(uri, client.application.redirect_uris.split())
    )


# --- Refresh tokens (RFC 6749 6) --------------------------------------------------------------------------------------


def _refresh(request: _Request, client: Client) -> dict[str, Any] | None:
    text = request.form.get("refresh_token", "")
    found = token_rows.find_refresh_token(request.connection, client=client, sector=_sector(client), text=text)
    now = timezone.now()
    if found is None or found.refresh is None:
        return None
    if (secret := request.proof(found.client, "refresh_token", now)) is None:
        return None
    secrets.note_use(secret)
    row, family = found.refresh.row, found.authorization
    registered = found.client.registered_with_claims
    if row.revoked is not None or access.refresh_use(found.refresh, registered).refusal is not None:
        return None
    return _renewable(
        request,
        found,
        names=_held(family, found.client),
        resource=list(row.resource or []),
        nonce=None,
        store=lambda bought, note: token_writes.rotate(
            request.connection, row=row, family=family, tokens=bought, now=now, note_use=note
        ),
        now=now,
    )


# --- What both buy ----------------------------------------------------------------------------------------------------


def _renewable(
    request: _Request,
    found: token_rows.Found,
    *,
    names: list[str],
    resource: list[str],
    nonce: str | None,
    store: Callable[[token_writes.Tokens, bool], bool],
    now: datetime,
) -> dict[str, Any] | None:
    """Store and return an access token with a refresh token, and an ID token where the person signs in."""
    family = found.authorization
    issue = Issue(
        found.client,
        grant_type=request.form["grant_type"],
        family=family,
        names=names,
        resource=resource,
        subject=_subject(found),
    )
    if issue.fault() or family.id_token_claims:
        return None
    access_token, refresh_token = issue.access_token(), credentials.new_refresh_token()
    signed = issue.id_token(access_token, nonce) if "openid" in names else None
    with _with_listeners(request.connection):
        if store(issue.stored(access_token, refresh_token), tokens.use_is_news(family.consent, now)):
            return issue.told(access_token, refresh_token, signed)
    return None


def _with_listeners(connection: BaseDatabaseWrapper) -> AbstractContextManager[None]:
    """Let who listens to ``tokens_issued`` beside our own statistics take part in the transaction, and undo it."""
    return nullcontext() if len(tokens_issued.receivers) <= 1 else transaction.atomic(using=connection.alias)


def _sector(client: Client) -> str:
    return subjects.sector_of(registration=client.registration)


def _subject(found: token_rows.Found) -> str | None:
    """Return the subject the client knows the person by; ``None`` where it has yet to be made."""
    kind = found.client.registration.subject_type
    if kind == _Subject.LEGACY:
        return str(found.authorization.user_id)
    return found.pairwise_subject if kind == _Subject.PAIRWISE else found.public_subject


def _held(family: Any, client: Client) -> list[str]:
    """Return the scopes of an authorization that the client may still have and the person still allows."""
    held = consented.held(family.consent, client.registration)
    return [name for name in family.scope.split() if name in client.registered_with_claims and name in held]


@dataclass(frozen=True, slots=True)
class _Grant:
    """The parameters with which a grant is ordinary, and who answers it."""

    parameters: frozenset[str]
    answer: Callable[[_Request, Client], dict[str, Any] | None]


_GRANTS = {
    "client_credentials": _Grant(_CREDENTIALS | {"scope"}, _own),
    "authorization_code": _Grant(_CREDENTIALS | {"code", "redirect_uri", "code_verifier"}, _code),
    "refresh_token": _Grant(_CREDENTIALS | {"refresh_token"}, _refresh),
}
