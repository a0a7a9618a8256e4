"""What the provider needs in order to serve, beside what every site needs."""

from __future__ import annotations

from provider_site.conf import provider_settings
from provider_site.services import keys
from site_monitoring import access, checks


def connect() -> None:
    """Have it asked for at ``/health/ready``."""
    checks.register("signing_keys", ask_signing_keys)
    access.register("provider_site", lambda: provider_settings.monitoring_token)


def ask_signing_keys() -> None:
    """Raise unless each algorithm offered has a key that signs, and the key ring opens it.

    A new installation's first keys are made here, as its first request would: a balancer sends it none before.
    """
    for alg in provider_settings.signing_algorithms:
        keys.signer(alg)
