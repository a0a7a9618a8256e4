"""The settings of outbound HTTP calls: where they may go, and how long they may take."""

from __future__ import annotations

from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_network

from django.core.exceptions import ImproperlyConfigured

from provider_site.settings_reader import SettingsReader


class OutboundSettings(SettingsReader):
    """What bounds and guards the calls to applications (notices, sector identifiers)."""

    @cached_property
    def outbound_allow_loopback_http(self) -> bool:
        """``OUTBOUND_ALLOW_LOOPBACK_HTTP``: whether applications on this machine are called and opened, in clear; no.

        For development alone: whoever registers an application could otherwise reach what listens on this machine.
        """
        return self._user.get("OUTBOUND_ALLOW_LOOPBACK_HTTP", False) is True

    @cached_property
    def outbound_allowed_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """``OUTBOUND_ALLOWED_NETWORKS``: private networks (CIDR) where applications are called, over https; none.

        Raises ImproperlyConfigured for what is no network.
        """
        value = self._user.get("OUTBOUND_ALLOWED_NETWORKS") or ()
        try:
            return tuple(ip_network(item) for item in ((value,) if isinstance(value, str) else value))
        except (ValueError, TypeError):
            raise ImproperlyConfigured(
                "PROVIDER_SITE['OUTBOUND_ALLOWED_NETWORKS'] is a list of networks such as '10.1.0.0/16'."
            ) from None

    @cached_property
    def outbound_ca_bundle(self) -> str | None:
        """``OUTBOUND_CA_BUNDLE``: path of the CA bundle for calls to applications; ``None``: the one of requests."""
        value = self._user.get("OUTBOUND_CA_BUNDLE")
        return str(value) if value else None

    @cached_property
    def outbound_timeout(self) -> float:
        """``OUTBOUND_TIMEOUT_SECONDS``: how long a call to an application may take altogether; 10 seconds.

        Raises ImproperlyConfigured for anything but a number above 0, and at most 60: a worker waits for it.
        """
        value = self._user.get("OUTBOUND_TIMEOUT_SECONDS", 10)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 60:
            raise ImproperlyConfigured(
                f"PROVIDER_SITE['OUTBOUND_TIMEOUT_SECONDS'] is a number above 0, at most 60; not {value!r}."
            )
        return float(value)
