"""The audit trail."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from provider_site.conf import provider_settings
from provider_site.models import AuditEvent
from provider_site.policy import networks
from provider_site.signals import audit_recorded


def record(
    *,
    action: AuditEvent.Action,
    actor: Any = None,
    application: Any = None,
    request: HttpRequest | None = None,
    data: dict[str, Any] | None = None,
) -> AuditEvent:
    """Add an event, in the caller's transaction, and send ``audit_recorded``. ``data`` holds no secret.

    ``actor`` is by default the person behind ``request``; without either, it was the site itself.
    """
    if actor is None and request is not None and request.user.is_authenticated:
        actor = request.user
    event = AuditEvent.objects.create(
        action=action,
        actor=actor,
        actor_name=actor.get_username()[:150] if actor is not None else "",
        application=application,
        client_id=application.client_id[:100] if application is not None else "",
        address=address_of(request) if request is not None else None,
        data=data or {},
    )
    audit_recorded.send(sender=AuditEvent, event=event)
    return event


def address_of(request: HttpRequest) -> str | None:
    """Return the address the request came from, or ``None`` where what the server says is none.

    A unix socket has none, and what a proxy's header was copied from may be anything: PostgreSQL keeps addresses alone.
    """
    return networks.client_address(
        peer=request.META.get("REMOTE_ADDR", ""),
        forwarded=request.META.get("HTTP_X_FORWARDED_FOR", ""),
        trusted_proxies=provider_settings.trusted_proxies,
    )
