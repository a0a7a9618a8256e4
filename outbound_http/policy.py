"""The rules of one app's outbound calls."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Policy:
    """Bounds, guards and names of an app's outbound calls; times in seconds.

    `total_timeout` covers a whole request with its redirects, however slowly the answer drips; `max_bytes` is counted
    after decoding. `loopback_setting` is what a refusal names: how the app allows loopback. A `logs_paths` of False is
    for addresses whose path may be a secret.
    """

    loopback_setting: str
    connect_timeout: float = 5.0
    read_timeout: float = 10.0
    total_timeout: float = 20.0
    max_bytes: int = 1024 * 1024
    max_redirects: int = 3
    allow_loopback_http: bool = False
    allowed_networks: tuple[Network, ...] = ()
    ca_bundle: str | None = None
    user_agent: str = "django-oauth-sites"
    logs_paths: bool = True
    logger: logging.Logger = field(default_factory=lambda: logging.getLogger("outbound_http"))
