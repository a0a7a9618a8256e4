"""Authorization requests that wait for a person: kept, found again, decided once, answered once."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from provider_site import crypto
from provider_site.conf import provider_settings
from provider_site.errors import AuthorizationRequestExpired
from provider_site.models import AuthorizationRequest


def keep(*, application: Any, user: Any | None, parameters: dict[str, Any]) -> str:
    """Keep a validated request; return the random handle that goes into URLs and forms."""
    handle = crypto.random_text()
    now = timezone.now()
    AuthorizationRequest.objects.create(
        handle_digest=crypto.digest(handle),
        application=application,
        user=user,
        parameters=_sealed(parameters),
        created=now,
        expires_at=now + provider_settings.authorization_request_lifetime,
    )
    return handle


def _sealed(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters as they are stored: who reads the database learns no nonce."""
    if not (nonce := parameters.get("nonce")):
        return parameters
    return parameters | {"nonce": crypto.seal(nonce.encode(), key_ring=provider_settings.key_ring, purpose="nonce")}


def _unseal(row: AuthorizationRequest) -> None:
    """Put the nonce back into the parameters of a row, which is not saved again."""
    if sealed := row.parameters.get("nonce"):
        nonce = crypto.unseal(sealed, key_ring=provider_settings.key_ring, purpose="nonce")
        row.parameters = row.parameters | {"nonce": nonce.decode()}


def find(*, handle: str, user: Any | None) -> AuthorizationRequest:
    """Return the request behind ``handle``, taken by ``user`` if nobody had it yet.

    Raises AuthorizationRequestExpired when it is unknown, over, answered, or another person's.
    """
    rows = AuthorizationRequest.objects.select_related("application__registration")
    row = rows.filter(pk=crypto.digest(handle)).first()
    if row is None:
        raise AuthorizationRequestExpired("no authorization request has this handle")
    if row.answered_at is not None or row.expires_at <= timezone.now():
        raise AuthorizationRequestExpired("the authorization request is over", application=row.application)
    if user is not None and row.user_id is None:
        AuthorizationRequest.objects.filter(pk=row.pk, user__isnull=True).update(user=user)
        row.refresh_from_db(fields=["user"])
    if user is not None and row.user_id != user.pk:
        raise AuthorizationRequestExpired(
            "the authorization request belongs to another person", application=row.application
        )
    try:
        _unseal(row)
    except crypto.Unsealable as error:
        raise AuthorizationRequestExpired("kept under another key ring", application=row.application) from error
    return row


def resume_path(*, handle: str, kept: AuthorizationRequest) -> str:
    """Return where a kept request goes on once its person has signed in or decided: a device's has no redirect URI."""
    name = "device-resume" if kept.parameters.get("device") else "authorize-resume"
    return reverse(f"oauth2_provider:{name}", args=[handle])


def release(*, handle: str, user: Any) -> None:
    """Let go of an undecided request, so that the person may continue it as somebody else."""
    AuthorizationRequest.objects.filter(pk=crypto.digest(handle), user=user, decision="").update(user=None)


def decide(*, authorization_request: AuthorizationRequest, user: Any, decision: AuthorizationRequest.Decision) -> None:
    """Record the person's decision, in the caller's transaction.

    Raises AuthorizationRequestExpired when it had been decided already, so that a form sent twice decides once, or
    when the request is no longer this person's: released meanwhile, it must not carry a decision to the next one.
    """
    undecided = Q(pk=authorization_request.pk, user=user, decision="", answered_at__isnull=True)
    if AuthorizationRequest.objects.filter(undecided).update(decision=decision, decided_at=timezone.now()) != 1:
        raise AuthorizationRequestExpired(
            "the authorization request has been decided already", application=authorization_request.application
        )


def mark_answered(*, authorization_request: AuthorizationRequest) -> None:
    """Use the request up, in the transaction that writes its answer.

    Raises AuthorizationRequestExpired when another answer came first.
    """
    open_one = AuthorizationRequest.objects.filter(pk=authorization_request.pk, answered_at__isnull=True)
    if open_one.update(answered_at=timezone.now()) != 1:
        raise AuthorizationRequestExpired(
            "the authorization request has been answered already", application=authorization_request.application
        )
