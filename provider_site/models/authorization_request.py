"""Authorization requests that wait for a person."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from oauth2_provider.settings import oauth2_settings


class AuthorizationRequest(models.Model):
    """A validated authorization request, kept here while the person signs in and decides.

    The browser holds only a random handle; this row is found by the handle's digest. What the client asked can't be
    changed from the page.
    """

    class Decision(models.TextChoices):
        """What the person decided."""

        ALLOWED = "allowed", _("Allowed")
        DENIED = "denied", _("Denied")

    handle_digest = models.CharField(max_length=64, primary_key=True)
    application = models.ForeignKey(
        oauth2_settings.APPLICATION_MODEL, on_delete=models.CASCADE, related_name="+", verbose_name=_("application")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+", verbose_name=_("user")
    )
    parameters = models.JSONField(_("parameters"))
    created = models.DateTimeField(_("created"))
    expires_at = models.DateTimeField(_("expires"), db_index=True)
    decision = models.CharField(_("decision"), max_length=8, choices=Decision.choices, blank=True)
    decided_at = models.DateTimeField(_("decided"), null=True)
    answered_at = models.DateTimeField(_("answered"), null=True)

    class Meta:
        verbose_name = _("authorization request")
        verbose_name_plural = _("authorization requests")

    def __str__(self) -> str:
        return f"{self.application} {self.created:%Y-%m-%d %H:%M}"
