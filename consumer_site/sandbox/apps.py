from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SandboxConfig(AppConfig):
    """Install the emulators; they serve nothing unless DEBUG is on."""

    name = "consumer_site.sandbox"
    label = "consumer_sandbox"
    verbose_name = _("Sign-in emulators")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the checks."""
        from consumer_site.sandbox import checks  # needs loaded models

        checks.register_all()
