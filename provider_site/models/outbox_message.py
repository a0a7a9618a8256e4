"""Work to do after a change, written with it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class OutboxMessage(models.Model):
    """One delivery owed to the outside, written in the transaction of its cause and made by a background worker."""

    kind = models.CharField(_("kind"), max_length=40)
    payload = models.JSONField(_("payload"))
    about = models.CharField(
        _("about"), max_length=64, blank=True, help_text=_("What the page of another record finds it by.")
    )
    created = models.DateTimeField(_("created"), auto_now_add=True)
    next_attempt_at = models.DateTimeField(_("next attempt"), db_index=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    delivered_at = models.DateTimeField(_("delivered"), null=True)
    dead_at = models.DateTimeField(_("given up"), null=True)
    last_error = models.CharField(_("last error"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("outbox message")
        verbose_name_plural = _("outbox messages")
        indexes = [
            models.Index(fields=["kind"], name="provider_site_outbox_kind"),
            models.Index(fields=["about", "id"], condition=~Q(about=""), name="provider_site_outbox_about"),
            models.Index(
                fields=["id"],
                condition=Q(delivered_at__isnull=True, dead_at__isnull=True),
                name="provider_site_outbox_waiting",
            ),
            models.Index(fields=["id"], condition=Q(dead_at__isnull=False), name="provider_site_outbox_dead"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"
