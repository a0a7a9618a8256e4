"""Tell an application, by a signed message, what it lost: Security Event Tokens (RFC 8417) pushed over HTTP (RFC 8935).

Written to the outbox with their cause, delivered in the background at least once, with the same ``jti`` each time.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any

from django.utils import timezone

from provider_site.conf import provider_settings
from provider_site.models import Consent, OutboxMessage, Registration
from provider_site.policy.security_events import Event, events_claim
from provider_site.services import outbox, people
from provider_site.services.profiles import get_profile

KIND = "security-event"


def put(
    *, application: Any, user: Any, event: Event, taken: Collection[str] = (), left: Collection[str] = ()
) -> OutboxMessage | None:
    """Write the notice of an event in the caller's transaction; ``None`` where the application is not told.

    An application is told when it is approved and has an address for security events. Everything is fixed here, the
    subject by which the application knows the person too: the account may be gone at delivery. ``taken`` and ``left``
    are the scopes of ``Event.NARROWED``.
    """
    registration = _told(application.pk)
    if registration is None:
        return None
    subject = people.subject_for(user=user, profile=get_profile(user=user), registration=registration)
    sub_id = {"format": "iss_sub", "iss": provider_settings.issuer, "sub": subject}
    return _write(registration, sub_id=sub_id, events=events_claim(event, taken=taken, left=left))


def put_everywhere(*, user: Any, event: Event) -> int:
    """Write the notice to every application that the person has allowed something; return how many are told.

    Of an account that is deleted this is called before its rows go.
    """
    rows = Consent.objects.filter(user=user, closed_at=None).select_related("application")
    return sum(put(application=row.application, user=user, event=event) is not None for row in rows)


def _told(application_id: Any) -> Registration | None:
    rows = Registration.objects.filter(status=Registration.Status.APPROVED, deleted_at=None).exclude(events_url="")
    return rows.select_related("application").filter(application=application_id).first()


def _write(registration: Registration, *, sub_id: dict[str, str], events: dict[str, Any]) -> OutboxMessage:
    now = int(timezone.now().timestamp())
    claims = {
        "iss": provider_settings.issuer,
        "aud": registration.application.client_id,
        "jti": uuid.uuid4().hex,
        "iat": now,
        "toe": now,
        "sub_id": sub_id,
        "events": events,
    }
    return outbox.put(kind=KIND, payload={"application": str(registration.application_id), "claims": claims})


@outbox.deliverer(KIND)
def push(payload: dict[str, Any]) -> None:
    """Sign the token with the key that is active now and push it to the application's address."""
    raise outbox.Undelivered("no outbound client yet")
