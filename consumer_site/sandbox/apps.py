from django.apps import AppConfig
from django.core import checks as django_checks
from django.utils.translation import gettext_lazy as _


class SandboxConfig(AppConfig):
    """Install the emulators; they serve nothing unless DEBUG is on."""

    name = "consumer_site.sandbox"
    label = "consumer_sandbox"
    verbose_name = _("Sign-in emulators")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from consumer_site.sandbox import checks  # needs loaded models

        django_checks.register(checks.check_debug)
        django_checks.register(checks.check_qq_apps)
        django_checks.register(checks.check_weixin_apps)
        django_checks.register(checks.check_github_apps)
