"""Requests to review an application, or a change of one."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from oauth2_provider.settings import oauth2_settings


class Review(models.Model):
    """One request for review and its answer. At most one per application waits (``decided_at`` empty).

    ``facts`` and ``before`` have the shape of ``policy.facts.Facts.to_json``. While a first review waits, what counts
    is the application's own rows; while a change of an approved application waits, what counts is ``facts``, and the
    rows stay as they were approved. The decision writes down both sides, so that the trail shows what was looked at.
    """

    class Decision(models.TextChoices):
        """How a request for review ended."""

        APPROVED = "approved", _("Approved")
        REJECTED = "rejected", _("Rejected")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        ENDED = "ended", _("Ended by a suspension")

    application = models.ForeignKey(
        oauth2_settings.APPLICATION_MODEL,
        on_delete=models.CASCADE,
        related_name="reviews",
        verbose_name=_("application"),
    )
    facts: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(_("asked for"), default=dict)
    before: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(_("approved before"), default=dict)
    is_change = models.BooleanField(
        _("change"), default=False, help_text=_("A change of an application that is approved already.")
    )
    note = models.TextField(_("note to the reviewer"), blank=True)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("submitted by")
    )
    submitted_at = models.DateTimeField(_("submitted"), db_index=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided"), null=True)
    decision = models.CharField(_("decision"), max_length=10, choices=Decision.choices, blank=True)
    reason = models.TextField(_("reason"), blank=True)

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        constraints = [
            models.UniqueConstraint(
                fields=["application"],
                condition=Q(decided_at__isnull=True),
                name="provider_site_one_waiting_review",
            ),
        ]
        indexes = [
            models.Index(
                fields=["submitted_at"], condition=Q(decided_at__isnull=True), name="provider_site_review_queue"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.application} {self.submitted_at:%Y-%m-%d}"
