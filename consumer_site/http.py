"""Make every outbound HTTP call by this site's settings: bounded, guarded against SSRF, logged without secrets."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace

from consumer_site.conf import consumer_settings
from outbound_http import guard
from outbound_http.answers import json_object
from outbound_http.guard import Address, is_loopback_host
from outbound_http.policy import Policy
from outbound_http.session import GuardedSession
from outbound_http.transport import Clock

__all__ = ["Address", "OutboundSession", "check_address", "is_loopback_host", "json_object", "time_limit"]

logger = logging.getLogger("consumer_site.http")

_ends_at: ContextVar[float | None] = ContextVar("ends_at", default=None)


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Let all calls made within take no longer than this together; those that come too late fail at once."""
    token = _ends_at.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _ends_at.reset(token)


def _total_timeout() -> float:
    ends_at = _ends_at.get()
    whole = consumer_settings.HTTP_TOTAL_TIMEOUT
    return whole if ends_at is None else max(0.001, min(whole, ends_at - time.monotonic()))


def policy() -> Policy:
    """Return the rules of this site's calls, as its settings have them now."""
    return Policy(
        loopback_setting='CONSUMER_SITE["ALLOW_LOOPBACK_HTTP"]',
        connect_timeout=consumer_settings.HTTP_CONNECT_TIMEOUT,
        read_timeout=consumer_settings.HTTP_READ_TIMEOUT,
        total_timeout=_total_timeout(),
        max_bytes=consumer_settings.HTTP_MAX_BYTES,
        allow_loopback_http=consumer_settings.ALLOW_LOOPBACK_HTTP,
        allowed_networks=consumer_settings.ALLOWED_NETWORKS,
        ca_bundle=consumer_settings.HTTP_CA_BUNDLE,
        logger=logger,
    )


def check_address(address: Address, *, encrypted: bool) -> None:
    """Raise DestinationRefused unless `address` may be called by the settings."""
    guard.check_address(address, encrypted=encrypted, policy=policy())


def public_policy() -> Policy:
    """Return the same rules without the private networks that providers may be in."""
    return replace(policy(), allowed_networks=())


class OutboundSession(GuardedSession):
    """A requests.Session for calls to other sites, which follows at most three redirects within the same origin.

    To other origins with `cross_origin`; to public addresses alone with `public_only`, for addresses that a person may
    choose. Its failures are `errors.OutboundError`s, which are RequestExceptions.
    """

    def __init__(self, *, cross_origin: bool = False, public_only: bool = False, clock: Clock = time.monotonic) -> None:
        super().__init__(policy=public_policy if public_only else policy, cross_origin=cross_origin, clock=clock)
