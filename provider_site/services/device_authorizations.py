"""Devices that are allowed something on another screen (RFC 8628): begun, found by a person, decided, polled."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.db.models.functions import Least
from django.utils import timezone

from provider_site import crypto
from provider_site.conf import provider_settings
from provider_site.errors import AuthorizationRequestExpired, TooManyDevices
from provider_site.models import Authorization, DeviceAuthorization, Session
from provider_site.models.session import digest_of
from provider_site.policy import user_codes
from provider_site.policy.networks import network_of
from provider_site.storage import codes, credentials, tokens
from provider_site.storage.codes import AuthorizationContext
from provider_site.storage.revocation import DeadToken

_PURPOSE = "user-code"
# A public client is anybody who knows its name: what one address may have open at once, so that nobody fills the rest.
_OPEN_OF_ONE_ADDRESS = 50
_SLOWER = 5  # RFC 8628 3.5
_SLOWEST = 3600
# The network is not as punctual as the device: a poll may come so much early.
_TOLERANCE = timedelta(seconds=1)


class State(StrEnum):
    """What a poll comes to; the first four by their OAuth names (RFC 8628 3.5)."""

    PENDING = "authorization_pending"
    SLOW_DOWN = "slow_down"
    EXPIRED = "expired_token"
    DENIED = "access_denied"
    ALLOWED = "allowed"
    USED = "used"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class DeviceCodes:
    """The two codes of a new device authorization, which exist in clear only here."""

    device_code: str
    user_code: str
    expires_in: int
    interval: int

    def __repr__(self) -> str:
        return "<DeviceCodes>"


@dataclass(frozen=True, slots=True)
class Poll:
    """What a device is told now, and the authorization it has bought, or may buy until ``expires_at``."""

    state: State
    authorization: Authorization | None = None
    expires_at: datetime | None = None


def begin(*, application: Any, scopes: Sequence[str], address: str | None, user_agent: str) -> DeviceCodes:
    """Give a device its codes; ``scopes`` are checked already, ``address`` and ``user_agent`` are its own.

    Raises TooManyDevices: each open code is one more that a guess may hit.
    """
    now = timezone.now()
    _want_room(application, address, now)
    device_code, lifetime = credentials.new_device_code(), provider_settings.device_code_lifetime
    row = DeviceAuthorization(
        device_code_digest=crypto.digest(device_code),
        application=application,
        scope=" ".join(dict.fromkeys(scopes)),
        created=now,
        expires_at=now + lifetime,
        interval=provider_settings.device_poll_interval,
        address=address,
        user_agent=user_agent.replace("\x00", "")[:300],
    )
    user_code = _save_with_new_user_code(row)
    return DeviceCodes(device_code, user_code, int(lifetime.total_seconds()), row.interval)


def _want_room(application: Any, address: str | None, now: datetime) -> None:
    waiting = DeviceAuthorization.objects.filter(application=application, decision="", expires_at__gt=now)
    if len(waiting.values_list("pk")[: provider_settings.max_open_device_codes]) >= (
        provider_settings.max_open_device_codes
    ):
        raise TooManyDevices(f"client {application.client_id}")
    if application.client_type == "public" and address is not None:
        # In Python: databases compare addresses each in their own way, and there are no more of them than just counted.
        others = waiting.exclude(address=None).values_list("address", flat=True)
        own = network_of(address)
        if sum(network_of(other) == own for other in others if other) >= _OPEN_OF_ONE_ADDRESS:
            raise TooManyDevices(f"client {application.client_id} at one address")


def _save_with_new_user_code(row: DeviceAuthorization) -> str:
    for attempt in range(5):
        user_code = user_codes.new()
        row.user_code_digest = _digests(user_code)[0]
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError:  # one of 25 billion is taken: a coincidence once, five times a fault
            if attempt == 4:
                raise
        else:
            return user_code
    raise AssertionError("unreachable")


def _digests(user_code: str) -> list[str]:
    return crypto.keyed_digests(user_code, key_ring=provider_settings.key_ring, purpose=_PURPOSE)


def _open(now: datetime) -> Q:
    return Q(decision="", expires_at__gt=now)


def find_open(*, user_code: str) -> DeviceAuthorization | None:
    """Return the device that waits for somebody to enter this code, or ``None``: wrong, over, decided are all alike.

    ``user_code`` as ``policy.user_codes.read`` returns it. Found under every secret of the key ring.
    """
    rows = DeviceAuthorization.objects.select_related("application__registration")
    return rows.filter(_open(timezone.now()), user_code_digest__in=_digests(user_code)).first()


def find(*, digest: str) -> DeviceAuthorization | None:
    """Return a device by the digest of its device code, whatever has become of it, or ``None``."""
    return DeviceAuthorization.objects.select_related("application__registration").filter(pk=digest).first()


def is_open(device: DeviceAuthorization | None) -> bool:
    """Tell whether the device still waits for a decision."""
    return device is not None and not device.decision and device.expires_at > timezone.now()


def allow(*, device: DeviceAuthorization, user: Any, scope: str, context: AuthorizationContext) -> Authorization:
    """Write what the device's next poll buys. ``context.session`` is that of the browser the person decided in.

    One conditional UPDATE decides among simultaneous decisions. Raises AuthorizationRequestExpired to all but the first
    person, and when the code's time is over.
    """
    with transaction.atomic():
        _decide(device, DeviceAuthorization.Decision.ALLOWED, user)
        own = _session_of_its_own(device, context.session, user)
        context = replace(context, session=own, address=device.address, user_agent=device.user_agent)
        authorization = codes.store_authorization(
            code_digest=device.device_code_digest,
            application=device.application,
            user=user,
            scope=scope,
            context=context,
        )
        DeviceAuthorization.objects.filter(pk=device.pk).update(authorization=authorization)
    return authorization


def deny(*, device: DeviceAuthorization, user: Any) -> None:
    """Tell the device at its next poll that it was refused. Raises AuthorizationRequestExpired as ``allow`` does."""
    _decide(device, DeviceAuthorization.Decision.DENIED, user)


def _decide(device: DeviceAuthorization, decision: DeviceAuthorization.Decision, user: Any) -> None:
    now = timezone.now()
    undecided = DeviceAuthorization.objects.filter(_open(now), pk=device.pk)
    if undecided.update(decision=decision, user=user, decided_at=now) != 1:
        raise AuthorizationRequestExpired(
            "the device's code is over, or was decided on already", application=device.application
        )


def _session_of_its_own(device: DeviceAuthorization, browser: Session, user: Any) -> Session:
    """Begin the device's session: a television is not signed out when the telephone's browser is.

    A new password, the account's end and whatever ends all of a person's sessions ends it too.
    """
    return Session.objects.create(
        sid=uuid.uuid4(),
        user=user,
        auth_time=browser.auth_time,
        amr=browser.amr,
        expires_at=timezone.now() + provider_settings.device_session_lifetime,
        credential_digest=digest_of(user),
        address=device.address,
        user_agent=device.user_agent,
    )


@transaction.atomic
def end_leaked(*, device_code: str) -> DeadToken | None:
    """End a device code that others can read, with all it bought; ``None`` when there is none of this text."""
    row = DeviceAuthorization.objects.select_related("application").filter(pk=crypto.digest(device_code)).first()
    if row is None:
        return None
    now = timezone.now()
    undecided = DeviceAuthorization.objects.filter(_open(now), pk=row.pk)
    ended = undecided.update(decision=DeviceAuthorization.Decision.DENIED, decided_at=now) == 1
    if row.authorization_id is not None:
        ended = tokens.revoke_authorization(row.authorization_id, reason="leaked") or ended
    return DeadToken(credentials.DEVICE_CODE, row.application, dead_already=not ended)


def poll(*, device_code: str, application: Any) -> Poll:
    """Return what to tell ``application``'s device now, and count the poll (RFC 8628 3.5).

    What is over is said before how often it was asked. Another client's code is unknown, and its polls count for
    nothing. USED is a replay, which the caller punishes.
    """
    now = timezone.now()
    row = (
        DeviceAuthorization.objects.select_related(
            "authorization__application__registration",
            "authorization__consent",
            "authorization__session",
            "authorization__user",
        )
        .filter(pk=crypto.digest(device_code), application=application)
        .first()
    )
    if row is None:
        return Poll(State.UNKNOWN)
    bought = row.authorization
    if bought is not None and bought.consumed_at is not None:
        return Poll(State.USED, bought)
    if row.decision == DeviceAuthorization.Decision.DENIED:
        return Poll(State.DENIED)
    if row.expires_at <= now:
        return Poll(State.EXPIRED)
    if not _is_in_time(row, now):
        return Poll(State.SLOW_DOWN)
    if not row.decision:
        return Poll(State.PENDING)
    return Poll(State.ALLOWED, bought, row.expires_at) if bought is not None else Poll(State.UNKNOWN)


def _is_in_time(row: DeviceAuthorization, now: datetime) -> bool:
    """Note a poll; return whether the device had waited long enough. One that had not waits longer from now on.

    By one conditional UPDATE: of many polls at once, one is in time.
    """
    rows = DeviceAuthorization.objects.filter(pk=row.pk)
    long_ago = now - timedelta(seconds=row.interval) + _TOLERANCE
    waited = rows.filter(Q(last_polled_at=None) | Q(last_polled_at__lte=long_ago), interval=row.interval)
    if waited.update(last_polled_at=now) == 1:
        return True
    rows.update(last_polled_at=now, interval=Least(F("interval") + _SLOWER, _SLOWEST))
    return False
