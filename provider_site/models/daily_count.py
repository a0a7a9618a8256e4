"""How much an application was used."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from oauth2_provider.settings import oauth2_settings


class DailyCount(models.Model):
    """How often one thing happened on one day (UTC) at one application; ``application`` empty: at the whole site.

    Numbers about use, not about people. The site has rows of its own, so that its page adds up nothing.
    """

    class Kind(models.TextChoices):
        """What is counted."""

        SIGN_IN = "sign_in", _("Sign-ins")
        CONSENT_GIVEN = "consent_given", _("Consents given")
        CONSENT_PARTLY = "consent_partly", _("Consents given in part")
        CONSENT_REFUSED = "consent_refused", _("Consents refused")
        TOKEN = "token", _("Tokens issued")
        ERROR = "error", _("Errors")

    application = models.ForeignKey(
        oauth2_settings.APPLICATION_MODEL,
        on_delete=models.CASCADE,
        null=True,
        related_name="+",
        verbose_name=_("application"),
    )
    day = models.DateField(_("day"))
    kind = models.CharField(_("kind"), max_length=16, choices=Kind.choices)
    count = models.PositiveIntegerField(_("count"), default=0)

    class Meta:
        verbose_name = _("daily count")
        verbose_name_plural = _("usage")
        constraints = [
            models.UniqueConstraint(
                fields=["application", "day", "kind"],
                name="provider_site_one_count",
            ),
            models.UniqueConstraint(
                fields=["day", "kind"],
                condition=Q(application__isnull=True),
                name="provider_site_one_count_of_site",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.get_kind_display()} {self.count}"
