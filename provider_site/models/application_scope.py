"""Which scopes an application may ask for."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from oauth2_provider.settings import oauth2_settings


class ApplicationScope(models.Model):
    """One scope an application may request, and whether it can work without it."""

    application = models.ForeignKey(
        oauth2_settings.APPLICATION_MODEL,
        on_delete=models.CASCADE,
        related_name="registered_scopes",
        verbose_name=_("application"),
    )
    scope = models.CharField(_("scope"), max_length=100)
    required = models.BooleanField(
        _("required"),
        default=False,
        help_text=_("The application cannot work without it: the person allows it or refuses the whole request."),
    )

    justification = models.CharField(
        _("justification"),
        max_length=300,
        blank=True,
        help_text=_("What the application needs it for; the reviewer reads this."),
    )

    class Meta:
        verbose_name = _("scope")
        verbose_name_plural = _("scopes")
        constraints = [
            models.UniqueConstraint(fields=["application", "scope"], name="provider_site_one_row_per_scope"),
        ]

    def __str__(self) -> str:
        return self.scope
