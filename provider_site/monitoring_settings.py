"""The settings of what is told to those who watch the site."""

from __future__ import annotations

from functools import cached_property

from django.core.exceptions import ImproperlyConfigured

from provider_site.settings_reader import SettingsReader

# As of a random text of 128 bits in base 62.
_SHORTEST = 22


class MonitoringSettings(SettingsReader):
    """Who may look, and what is counted and traced."""

    @cached_property
    def monitoring_token(self) -> str:
        """``MONITORING_TOKEN``: the secret that monitoring sends as ``Authorization: Bearer …``; none.

        It opens ``/metrics``, and the names of the checks at ``/health/ready``. Without one, the first is closed and
        the second says only whether all is well.

        Raises ImproperlyConfigured for one of less than 22 characters.
        """
        value = str(self._user.get("MONITORING_TOKEN") or "")
        if value and len(value) < _SHORTEST:
            raise ImproperlyConfigured(f"PROVIDER_SITE['MONITORING_TOKEN'] has {_SHORTEST} or more characters.")
        return value

    @cached_property
    def metrics(self) -> bool:
        """``METRICS``: count for Prometheus, at ``/metrics``; off.

        Needs ``prometheus-client`` (the extra ``prometheus``), ``MetricsMiddleware`` and ``MONITORING_TOKEN``.
        """
        return bool(self._user.get("METRICS", False))

    @cached_property
    def tracing(self) -> bool:
        """``TRACING``: make a span of each request to this provider, and of each call it makes; off.

        Needs ``opentelemetry-api`` (the extra ``opentelemetry``) and ``TracingMiddleware``.
        """
        return bool(self._user.get("TRACING", False))
