"""The settings of how often something may happen, and of whose word says where a request came from."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from django.core.exceptions import ImproperlyConfigured

from provider_site import rates
from provider_site.settings_reader import SettingsReader

# By what is counted: how often in which time. Who is counted together stands in the property's docstring.
DEFAULT_LIMITS: Mapping[str, str] = {
    "authorize": "300/m",
    "consent": "60/h",
    "failures": "120/m",
    "introspection": "60000/m",
    "invitation": "30/h",
    "network_failures": "1200/m",
    "outbound": "30/h",
    "registration": "20/h",
    "token": "6000/m",
}


class LimitSettings(SettingsReader):
    """Rate limits, the cache that counts, and proxies."""

    @cached_property
    def rate_limits(self) -> Mapping[str, rates.Rate | None]:
        """``RATE_LIMITS``: how often something may happen, as ``{"token": "600/m"}``; ``None`` for no limit.

        What is not named keeps its default:

        - ``authorize`` (``300/m``): requests of one network at the authorization endpoint that wait for a person;
        - ``consent`` (``60/h``): decisions of one person at a consent page;
        - ``failures`` (``120/m``): token, revocation and introspection requests of one network in the name of one
          client, with a wrong secret, code or refresh token;
        - ``introspection`` (``60000/m``): introspections by one resource server;
        - ``invitation`` (``30/h``): e-mails that one person sends to others by inviting them to an application;
        - ``network_failures`` (``1200/m``): the same as ``failures`` in the names of all clients together;
        - ``outbound`` (``30/h``): addresses that are fetched because one person entered them;
        - ``registration`` (``20/h``): applications registered by one person;
        - ``token`` (``6000/m``): token requests of one client that has proven itself, or public.

        An IPv6 network is 64 bits, an IPv4 network one address. Wrong user codes of devices and wrong passwords have
        limits of their own. Raises ImproperlyConfigured for another name and for what is no rate.
        """
        value = self._user.get("RATE_LIMITS") or {}
        unknown = (
            sorted(map(str, value.keys() - DEFAULT_LIMITS.keys())) if isinstance(value, Mapping) else [repr(value)]
        )
        if unknown:
            raise ImproperlyConfigured(
                f"PROVIDER_SITE['RATE_LIMITS'] limits {', '.join(DEFAULT_LIMITS)}; not {', '.join(unknown)}."
            )
        try:
            limits = {**DEFAULT_LIMITS, **value}
            return {name: rates.parse(text) if text is not None else None for name, text in limits.items()}
        except (TypeError, ValueError) as error:
            raise ImproperlyConfigured(f"PROVIDER_SITE['RATE_LIMITS']: {error}.") from error

    @cached_property
    def limits_cache(self) -> str:
        """``LIMITS_CACHE``: the alias in ``CACHES`` of the cache that counts, shared by all processes; ``default``."""
        return str(self._user.get("LIMITS_CACHE", "default"))

    @cached_property
    def max_queue(self) -> float:
        """``MAX_QUEUE_SECONDS``: how long a request may have waited before a worker takes it; 5. ``None``: any time.

        ``OverloadMiddleware`` answers 503 to those that waited longer, if the proxy in front says when it took them
        (X-Request-Start) and ``TRUSTED_PROXIES`` says that there is one.

        Raises ImproperlyConfigured for anything but ``None`` and a number from 1 to 60.
        """
        if self._user.get("MAX_QUEUE_SECONDS", 5) is None:
            return float("inf")
        return float(self._whole("MAX_QUEUE_SECONDS", 5, least=1, most=60))

    @cached_property
    def trusted_proxies(self) -> int:
        """``TRUSTED_PROXIES``: how many proxies of your own a request passes, each adding to X-Forwarded-For; 0.

        The address that the first of them saw is the client's. With 0 the header is not looked at, and the client is
        whoever connects. Too high a number lets clients choose their address, too low a one makes all clients one.

        Raises ImproperlyConfigured for anything but a number from 0 to 10.
        """
        return self._whole("TRUSTED_PROXIES", 0, least=0, most=10)
