"""Names for what others' apps show in the admin and leave without a name that can be translated.

Only what is shown changes: migrations are written from the options a model was declared with.
"""

from django.apps import apps
from django.utils.translation import gettext_lazy as _


def name_models() -> None:
    """Name the tasks' app, and allauth's second factors."""
    apps.get_app_config("django_tasks_database").verbose_name = _("Background tasks")
    authenticator = apps.get_model("mfa", "Authenticator")._meta
    authenticator.verbose_name, authenticator.verbose_name_plural = _("authenticator"), _("authenticators")
