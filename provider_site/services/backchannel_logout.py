"""Tell applications' servers, by signed messages, that somebody signed out (OpenID Back-Channel Logout 1.0).

Written to the outbox with their cause, signed at delivery, delivered at least once, with the same ``jti`` each time.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from provider_site import http
from provider_site.conf import provider_settings
from provider_site.models import OutboxMessage, Registration, Session
from provider_site.policy import logout as policy
from provider_site.services import keys, outbox, subjects

KIND = "backchannel-logout"


def put(*, session: Session, registration: Registration) -> OutboxMessage | None:
    """Write the message about a session in the caller's transaction; ``None`` to an application without an address.

    All but the token's times is fixed here, the subject too: the account may be gone at delivery. Callers have seen
    that the application is signed in to by this session.
    """
    if not _has_address(registration):
        return None
    application = registration.application
    claims = policy.token_claims(
        issuer=provider_settings.issuer,
        client_id=application.client_id,
        subject=subjects.subject_for(user=session.user, registration=registration),
        sid=str(session.sid),
        token_id=uuid.uuid4().hex,
    )
    payload = {"application": str(application.pk), "claims": claims}
    return outbox.put(kind=KIND, payload=payload, about=str(session.sid))


def _has_address(registration: Registration) -> bool:
    approved = registration.status == Registration.Status.APPROVED and registration.deleted_at is None
    return approved and bool(registration.backchannel_logout_uri)


def messages_of(*, session: Session) -> QuerySet[OutboxMessage]:
    """Return the messages about a session, newest first, while they are kept."""
    return OutboxMessage.objects.filter(kind=KIND, about=str(session.sid)).order_by("-pk")


@outbox.deliverer(KIND)
def push(payload: dict[str, Any]) -> None:
    """Sign the logout token by the application's algorithm and post it to its address (2.5, 2.8).

    The address is that of the moment: a suspended or deleted application gets nothing. Raises outbox.Undelivered.
    """
    rows = Registration.objects.select_related("application")
    registration = rows.filter(application=payload["application"]).first()
    if registration is None or not _has_address(registration):
        raise outbox.Undelivered("the application is not approved any more, or has no address for logout", final=True)
    now = int(timezone.now().timestamp())
    claims = payload["claims"] | {"iat": now, "exp": now + policy.LIFETIME_SECONDS}
    token = keys.signer(registration.id_token_alg).sign(claims, typ=policy.TYP)
    try:
        with http.OutboundSession() as session:
            response = session.post(registration.backchannel_logout_uri, data={"logout_token": token})
    except http.OutboundError as error:
        raise outbox.Undelivered(error.summary) from None
    # Frameworks answer 204 where nothing is to be said (2.8). What the application says itself goes nowhere.
    if not 200 <= response.status_code < 300:
        refused = response.status_code == 400
        words = "refused the logout token: 400" if refused else f"answered {response.status_code}, not 200"
        raise outbox.Undelivered(f"{words} (OpenID Back-Channel Logout 2.8)", final=refused)
