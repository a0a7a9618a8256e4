"""The audit trail."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from provider_site.models import AuditEvent


def record(
    *,
    action: str,
    actor: Any = None,
    application: Any = None,
    request: HttpRequest | None = None,
    data: dict[str, Any] | None = None,
) -> AuditEvent:
    """Add an event, in the caller's transaction. ``data`` holds no secret."""
    if actor is None and request is not None and request.user.is_authenticated:
        actor = request.user
    return AuditEvent.objects.create(
        action=action,
        actor=actor,
        application=application,
        address=request.META.get("REMOTE_ADDR") or None if request is not None else None,
        data=data or {},
    )
