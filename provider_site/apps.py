"""The app's configuration: it only wires."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ProviderSiteConfig(AppConfig):
    """Sign-in provider."""

    name = "provider_site"
    label = "provider_site"
    verbose_name = _("Sign-in provider")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect checks and receivers."""
        from provider_site import (
            checks,  # noqa: F401  registering is its import
            deployment_checks,
            health,
        )
        from provider_site.services import (  # noqa: F401  what the outbox delivers registers on import
            accounts,
            backchannel_logout,
            consent_support,
            deletion,
            first_party,
            notices,
            owner_notices,
            revocation,
            roles,
            secret_notices,
            security_events,
            sessions,
            unused,
            usage,
        )

        health.connect()
        deployment_checks.register_all()
        accounts.connect_receivers()
        roles.connect_receivers(sender=self)
        sessions.connect_receivers()
        usage.connect_receivers()
