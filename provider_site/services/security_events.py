"""Tell an application, by a signed message, what it lost: Security Event Tokens (RFC 8417) pushed over HTTP (RFC 8935).

Written to the outbox with their cause, delivered in the background at least once, with the same ``jti`` each time.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from provider_site import http
from provider_site.conf import provider_settings
from provider_site.errors import NotAllowed
from provider_site.models import Consent, OutboxMessage, Registration
from provider_site.policy.security_events import MEDIA_TYPE, TYP, Event, events_claim
from provider_site.services import keys, outbox, subjects
from provider_site.storage import access, consented

KIND = "security-event"
TEST_KIND = "security-event-test"
BETWEEN_TESTS = timedelta(minutes=1)
ACCEPTED = 202
# RFC 8935 7.1. What is wrong with the token itself stays wrong; a key or an account may be put right.
FINAL_ERRORS = frozenset({"invalid_request", "invalid_issuer", "invalid_audience"})
ERRORS = FINAL_ERRORS | {"invalid_key", "authentication_failed", "access_denied"}


def put(
    *, application: Any, user: Any, event: Event, taken: Collection[str] = (), left: Collection[str] = ()
) -> OutboxMessage | None:
    """Write the notice of an event in the caller's transaction; ``None`` where the application is not told.

    An application is told when it is approved, has an address for security events, and knows who the person is.
    Everything is fixed here, the subject by which it knows them too: the account may be gone at delivery. ``taken`` and
    ``left`` are the scopes of ``Event.NARROWED``.
    """
    registration = _told(application.pk)
    if registration is None or not _knows(application, user):
        return None
    subject = subjects.subject_for(user=user, registration=registration)
    sub_id = {"format": "iss_sub", "iss": provider_settings.issuer, "sub": subject}
    return _write(registration, sub_id=sub_id, events=events_claim(event, taken=taken, left=left))


def put_everywhere(*, user: Any, event: Event) -> int:
    """Write the notice to every application that the person allows something now; return how many are told.

    Of an account that is deleted this is called before its rows go.
    """
    rows = Consent.objects.filter(user=user, closed_at=None).select_related("application__registration")
    # One whose time is over is open until the nightly run closes it.
    known = [row.application for row in rows if consented.held(row, access.registration_of(row.application))]
    return sum(put(application=application, user=user, event=event) is not None for application in known)


def _knows(application: Any, user: Any) -> bool:
    """Tell whether the application was ever allowed to learn who the person is: an event tells it (OpenID Core 2)."""
    scopes = Consent.objects.filter(user=user, application=application).values_list("scope", flat=True)
    return any("openid" in scope.split() for scope in scopes)


@transaction.atomic
def put_test(*, application: Any) -> OutboxMessage | None:
    """Write the notice that says nothing of anybody (SSF 8.1.4); ``None`` within a minute of the last one.

    Raises NotAllowed where the application is not told of events.
    """
    registration = _told(application.pk, lock=True)
    if registration is None:
        raise NotAllowed("the application is not approved, or has no address for events")
    last = latest_test(application=application)
    if last is not None and last.created > timezone.now() - BETWEEN_TESTS:
        return None
    sub_id = {"format": "opaque", "id": registration.application.client_id}
    return _write(registration, sub_id=sub_id, events=events_claim(Event.VERIFICATION), kind=TEST_KIND)


def latest_test(*, application: Any) -> OutboxMessage | None:
    """Return the application's newest test notice, while it is kept."""
    rows = OutboxMessage.objects.filter(kind=TEST_KIND, payload__application=str(application.pk))
    return rows.order_by("-pk").first()


def _told(application_id: Any, *, lock: bool = False) -> Registration | None:
    rows = Registration.objects.filter(status=Registration.Status.APPROVED, deleted_at=None).exclude(events_url="")
    if lock:
        rows = rows.select_for_update(of=("self",))
    return rows.select_related("application").filter(application=application_id).first()


def _write(
    registration: Registration, *, sub_id: dict[str, str], events: dict[str, Any], kind: str = KIND
) -> OutboxMessage:
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
    return outbox.put(kind=kind, payload={"application": str(registration.application_id), "claims": claims})


@outbox.deliverer(KIND)
def push(payload: dict[str, Any]) -> None:
    """Sign the token with the key that is active now and push it to the application's address (RFC 8935 2).

    The address is that of the moment: a suspended or deleted application gets nothing. Raises outbox.Undelivered.
    """
    registration = _told(payload["application"])
    if registration is None:
        raise outbox.Undelivered("the application is not approved any more, or has no address for events", final=True)
    token = keys.signer().sign(payload["claims"], typ=TYP)
    headers = {"Content-Type": MEDIA_TYPE, "Accept": "application/json"}
    try:
        with http.OutboundSession() as session:
            response = session.post(registration.events_url, data=token.encode(), headers=headers)
    except http.OutboundError as error:
        raise outbox.Undelivered(error.summary) from None
    if response.status_code != ACCEPTED:
        raise _refusal(response)


@outbox.deliverer(TEST_KIND)
def push_test(payload: dict[str, Any]) -> None:
    """Push a test once: its owner is waiting to see what comes of it."""
    try:
        push(payload)
    except outbox.Undelivered as error:
        raise outbox.Undelivered(str(error), final=True) from None


def _refusal(response: http.Response) -> outbox.Undelivered:
    """Say in known words what the application answered: its own are not to be trusted with our pages and logs."""
    if response.status_code == 400:
        try:
            code = http.json_object(response).get("err")
        except http.OutboundError:
            code = None
        if code in ERRORS:
            return outbox.Undelivered(f"refused: {code} (RFC 8935 2.4)", final=code in FINAL_ERRORS)
    return outbox.Undelivered(f"answered {response.status_code}, not {ACCEPTED} (RFC 8935 2.2)")
