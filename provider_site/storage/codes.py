"""Authorization codes: DOT's grant under the code's digest, and the authorization beside it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from oauth2_provider.models import get_grant_model

from provider_site import crypto
from provider_site.conf import provider_settings
from provider_site.errors import CodeReplayed
from provider_site.models import Authorization, Consent, Session

_SEALED_NONCE = "sealed_nonce"


@dataclass(frozen=True, slots=True)
class AuthorizationContext:
    """What an authorization hangs on, decided before its code is made."""

    consent: Consent
    session: Session
    acr: str = ""
    id_token_claims: Sequence[str] = ()
    address: str | None = None
    user_agent: str = ""


@dataclass(frozen=True, slots=True)
class CodeRecord:
    """A code as stored: its authorization, and DOT's grant until the code has been exchanged."""

    authorization: Authorization
    grant: Any | None

    @property
    def consumed(self) -> bool:
        """Tell whether the code has been exchanged."""
        return self.authorization.consumed_at is not None

    def nonce(self) -> str | None:
        """Return the nonce of the request, or ``None``. Raises crypto.Unsealable under another key ring."""
        sealed = json.loads(self.grant.claims or "{}").get(_SEALED_NONCE) if self.grant is not None else None
        if sealed is None:
            return None
        return crypto.unseal(sealed, key_ring=provider_settings.key_ring, purpose="nonce").decode()


def sealed(nonce: str) -> dict[str, str]:
    """Return what DOT's grant keeps of a nonce, in its column of claims: its own for nonces is too short for a seal."""
    return {_SEALED_NONCE: crypto.seal(nonce.encode(), key_ring=provider_settings.key_ring, purpose="nonce")}


def store_authorization(
    *, code_digest: str, application: Any, user: Any, scope: str, context: AuthorizationContext
) -> Authorization:
    """Write the authorization of a new code or an allowed device.

    The caller's transaction writes what the code is found by: DOT's grant, or that of the device.
    """
    return Authorization.objects.create(
        id=uuid.uuid4(),
        application=application,
        user=user,
        consent=context.consent,
        session=context.session,
        scope=scope,
        code_digest=code_digest,
        **facts_of(context),
    )


def facts_of(context: AuthorizationContext) -> dict[str, Any]:
    """Return what an authorization keeps of the sign-in and of the browser, by the names of its fields."""
    return {
        "auth_time": context.session.auth_time,
        "amr": context.session.amr,
        "acr": context.acr,
        "id_token_claims": list(context.id_token_claims),
        "address": context.address,
        "user_agent": context.user_agent.replace("\x00", "")[:300],
    }


def find_code(code: str) -> CodeRecord | None:
    """Return the code as stored, or ``None`` when there never was one."""
    code_digest = crypto.digest(code)
    authorization = (
        Authorization.objects.select_related("application__registration", "consent", "session", "user")
        .filter(code_digest=code_digest)
        .first()
    )
    if authorization is None:
        return None
    grant = None
    if authorization.consumed_at is None:
        grant = get_grant_model().objects.filter(code=code_digest, application=authorization.application_id).first()
    return CodeRecord(authorization, grant)


def consume(record: CodeRecord, *, now: datetime | None = None) -> None:
    """Mark the code as exchanged, in the transaction that stores what it buys.

    One conditional UPDATE decides among simultaneous redemptions. Raises CodeReplayed to all but one.
    """
    assert transaction.get_connection().in_atomic_block, "the code and what it buys belong in one transaction"
    taken = Authorization.objects.filter(
        pk=record.authorization.pk, consumed_at__isnull=True, revoked_at__isnull=True
    ).update(consumed_at=now or timezone.now())
    if taken != 1:
        raise CodeReplayed("another redemption of the code came first")
    get_grant_model().objects.filter(code=record.authorization.code_digest).delete()
