"""Make every outbound HTTP call by this site's settings: bounded, guarded against SSRF, logged without secrets."""

from __future__ import annotations

import logging
import time
from ipaddress import ip_address
from urllib.parse import urlsplit

from requests import Response

from outbound_http import guard
from outbound_http.answers import json_object
from outbound_http.errors import OutboundError
from outbound_http.policy import Policy
from outbound_http.session import GuardedSession
from outbound_http.transport import Clock
from provider_site.conf import provider_settings

__all__ = ["OutboundError", "OutboundSession", "Response", "json_object", "may_be_called"]

logger = logging.getLogger("provider_site.http")

MAX_BYTES = 64 * 1024


def policy() -> Policy:
    """Return the rules of this site's calls, as its settings have them now. No redirect is followed."""
    return Policy(
        loopback_setting="PROVIDER_SITE['OUTBOUND_ALLOW_LOOPBACK_HTTP']",
        connect_timeout=provider_settings.outbound_timeout,
        read_timeout=provider_settings.outbound_timeout,
        total_timeout=provider_settings.outbound_timeout,
        max_bytes=MAX_BYTES,
        max_redirects=0,
        allow_loopback_http=provider_settings.outbound_allow_loopback_http,
        allowed_networks=provider_settings.outbound_allowed_networks,
        ca_bundle=provider_settings.outbound_ca_bundle,
        # The addresses are applications' own: their path is often what keeps strangers out.
        logs_paths=False,
        logger=logger,
    )


def may_be_called(url: str) -> bool:
    """Return whether an address looks like one that may be called; a name is resolved, and checked, at each call."""
    parts = urlsplit(url)
    rules, host = policy(), (parts.hostname or "").lower()
    if guard.is_loopback_host(host):
        return rules.allow_loopback_http
    try:
        guard.check_address(ip_address(host), encrypted=parts.scheme == "https", policy=rules)
    except OutboundError:
        return False
    except ValueError:  # a name
        return parts.scheme == "https"
    return True


class OutboundSession(GuardedSession):
    """A requests.Session for calls to applications, which follows no redirect. It raises OutboundError."""

    def __init__(self, *, clock: Clock = time.monotonic) -> None:
        super().__init__(policy=policy, clock=clock)
