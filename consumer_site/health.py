"""What the consumer needs in order to serve, beside what every site needs."""

from __future__ import annotations

from consumer_site.conf import consumer_settings
from site_monitoring import access, checks


def connect() -> None:
    """Have it asked for at ``/health/ready``."""
    checks.register("key_ring", ask_key_ring)
    access.register("consumer_site", lambda: consumer_settings.MONITORING_TOKEN)


def ask_key_ring() -> None:
    """Raise unless there is a key to seal people's tokens with."""
    if not consumer_settings.KEY_RING:
        raise checks.NotReady("CONSUMER_SITE has no KEY_RING")
