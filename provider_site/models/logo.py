"""Pictures of applications."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from oauth2_provider.settings import oauth2_settings

from provider_site.models.profile import avatar_storage


class Logo(models.Model):
    """A picture an application was given, re-encoded, at an unguessable address.

    A row never changes, so that what a reviewer saw is what people see; the registration names the one in use.
    """

    key = models.CharField(max_length=43, primary_key=True, editable=False)
    application = models.ForeignKey(
        oauth2_settings.APPLICATION_MODEL, on_delete=models.CASCADE, related_name="+", verbose_name=_("application")
    )
    picture = models.FileField(
        _("picture"), upload_to="provider_site/logos", storage=avatar_storage, max_length=200, editable=False
    )
    created = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("logo")
        verbose_name_plural = _("logos")

    def __str__(self) -> str:
        return f"{self.application} {self.created:%Y-%m-%d}"
