"""The Django application: labels, and the wiring of checks and receivers."""

from django.apps import AppConfig, apps
from django.utils.translation import gettext_lazy as _


class ConsumerSiteConfig(AppConfig):
    """Wire the relying party into a project."""

    name = "consumer_site"
    label = "consumer_site"
    verbose_name = _("Consumer site")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the checks, and connect the receivers where allauth is there to send."""
        from consumer_site import checks, deployment_checks, health, provider_checks

        checks.register_all()
        provider_checks.register_all()
        deployment_checks.register_all()
        health.connect()
        if apps.is_installed("allauth.socialaccount"):
            from consumer_site import receivers

            receivers.connect()
