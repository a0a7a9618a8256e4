"""Client secrets, by digest."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from oauth2_provider.settings import oauth2_settings


class ClientSecret(models.Model):
    """One secret of a confidential client. Only its SHA-256 is kept, as the secret is 256 random bits."""

    application = models.ForeignKey(
        oauth2_settings.APPLICATION_MODEL,
        on_delete=models.CASCADE,
        related_name="client_secrets",
        verbose_name=_("application"),
    )
    name = models.CharField(_("name"), max_length=60, blank=True)
    digest = models.CharField(max_length=64, editable=False)
    first_characters = models.CharField(_("first characters"), max_length=12, editable=False)
    created = models.DateTimeField(_("created"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, editable=False)
    warned_at = models.DateTimeField(_("warned"), null=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked"), null=True, editable=False)

    class Meta:
        verbose_name = _("client secret")
        verbose_name_plural = _("client secrets")

    def __str__(self) -> str:
        return f"{self.first_characters}…"

    def __repr__(self) -> str:
        return f"<ClientSecret {self.pk}>"
