"""Names for django-oauth-toolkit's models and fields, which has no Chinese of its own and leaves its models unnamed.

Only what is shown changes: migrations are written from the options a model was declared with.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop
from oauth2_provider import models

# Said by DOT itself; marked here, they are extracted into our catalogue.
SAID_BY_DOT = (
    gettext_noop("access token"),
    gettext_noop("allowed origins"),
    gettext_noop("Allowed origins list to enable CORS, space separated"),
    gettext_noop("Allowed Post Logout URIs list, space separated"),
    gettext_noop("Allowed URIs list, space separated"),
    gettext_noop("Authorization code"),
    gettext_noop("authorization grant type"),
    gettext_noop("client ID"),
    gettext_noop("Client credentials"),
    gettext_noop("client type"),
    gettext_noop("Confidential"),
    gettext_noop("post logout redirect URIs"),
    gettext_noop("Public"),
    gettext_noop("redirect URI"),
    gettext_noop("redirect URIs"),
    gettext_noop("refresh token"),
    gettext_noop("token"),
)


def name_models() -> None:
    """Name the models that their class names have named; a name that a host's own model declares stays."""
    names = {
        models.get_application_model(): (_("application"), _("applications")),
        models.get_access_token_model(): (_("access token"), _("access tokens")),
        models.get_refresh_token_model(): (_("refresh token"), _("refresh tokens")),
        models.get_id_token_model(): (_("ID token"), _("ID tokens")),
        models.get_grant_model(): (_("authorization code"), _("authorization codes")),
    }
    for model, (one, many) in names.items():
        if not {"verbose_name", "verbose_name_plural"} & set(model._meta.original_attrs):
            model._meta.verbose_name, model._meta.verbose_name_plural = one, many


name_models()
