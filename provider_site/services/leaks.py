"""Credentials found where others can read them: what a text is, and its end."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from provider_site import crypto
from provider_site.models import AuditEvent, ClientSecret
from provider_site.services import audit, device_authorizations, dot_column, secrets
from provider_site.services.applications import application_model
from provider_site.storage import credentials, revocation

_FIRST = 8
_KINDS = {
    credentials.CLIENT_SECRET: _("client secret"),
    credentials.ACCESS_TOKEN: _("access token"),
    credentials.REFRESH_TOKEN: _("refresh token"),
    credentials.DEVICE_CODE: _("device code"),
}
# In the audit trail, whatever the language.
_CODES = {
    credentials.ACCESS_TOKEN: "access_token",
    credentials.REFRESH_TOKEN: "refresh_token",
    credentials.DEVICE_CODE: "device_code",
}


class Outcome(StrEnum):
    """What became of a text that was said to have leaked."""

    REVOKED = "revoked"
    DEAD_ALREADY = "dead_already"
    UNKNOWN = "unknown"
    NOT_OURS = "not_ours"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a leaked text is and what became of it.

    ``kind`` is in words, empty for a text that is none of ours. More than one application has the same secret only
    where somebody brought it along twice.
    """

    outcome: Outcome
    kind: Any = ""
    applications: tuple[Any, ...] = ()
    first_characters: str = ""


@transaction.atomic
def revoke_leaked(
    *, text: str, application: Any = None, actor: Any = None, request: HttpRequest | None = None
) -> Finding:
    """Find what ``text`` opens, of any application, and revoke it at once; a token with its whole family.

    Secrets and tokens are found by their digests. A secret in stock DOT's column has a slow hash, one per application,
    too many to try: name the ``application`` it is from. A secret that stock DOT stores in clear is found without.
    """
    if not text or "\x00" in text:  # PostgreSQL refuses the query
        return Finding(Outcome.NOT_OURS)
    who: dict[str, Any] = {"actor": actor, "request": request}
    legacy = _revoke_legacy(text, application=application, **who)
    found = list(ClientSecret.objects.select_related("application").filter(digest=crypto.digest(text)).order_by("pk"))
    if legacy or found:
        done = [secrets.revoke(secret=secret, leaked=True, **who) for secret in found]
        owners = {row.pk: row for row in [*legacy, *(secret.application for secret in found)]}
        outcome = Outcome.REVOKED if legacy or any(done) else Outcome.DEAD_ALREADY
        return Finding(outcome, _KINDS[credentials.CLIENT_SECRET], tuple(owners.values()), text[:_FIRST])
    token = revocation.revoke_leaked(text) or device_authorizations.end_leaked(device_code=text)
    if token is not None:
        return _note_token(token, text, **who)
    kind = credentials.recognised(text)
    if kind is None:
        return Finding(Outcome.NOT_OURS)
    return Finding(Outcome.UNKNOWN, _KINDS[kind], (), text[:_FIRST])


def _revoke_legacy(text: str, *, application: Any, **who: Any) -> list[Any]:
    """Close the columns of stock DOT that hold the text; return their applications."""
    in_clear = application_model().objects.filter(client_secret=text)
    candidates = {row.pk: row for row in ([application] if application is not None else []) + list(in_clear[:100])}
    right = [row for row in candidates.values() if dot_column.verify(application=row, secret=text, is_guess=False)]
    # The comparison may just have moved it to a row of its own, which the search by digest finds.
    return [row for row in right if secrets.revoke_legacy(application=row, leaked=True, **who)]


def _note_token(token: revocation.DeadToken, text: str, **who: Any) -> Finding:
    data = {"reason": "leaked", "kind": _CODES[token.kind], "first_characters": text[:_FIRST]}
    audit.record(action=AuditEvent.Action.TOKEN_REVOKED, application=token.application, data=data, **who)
    outcome = Outcome.DEAD_ALREADY if token.dead_already else Outcome.REVOKED
    owners = (token.application,) if token.application is not None else ()
    return Finding(outcome, _KINDS[token.kind], owners, text[:_FIRST])
