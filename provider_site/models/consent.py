"""What a person allowed an application."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from oauth2_provider.settings import oauth2_settings


class Consent(models.Model):
    """One person's decision about one application. Every token a person's consent bought hangs on this row.

    At most one row per person and application is open (``closed_at`` empty); a closed one never opens again.
    """

    class ClosedReason(models.TextChoices):
        """Why a consent is over."""

        WITHDRAWN = "withdrawn", _("Withdrawn by the person")
        ENDED = "ended", _("Its time was over")
        UNUSED = "unused", _("Not used for long")
        ADMINISTRATOR = "administrator", _("Ended by an administrator")

    class Source(models.TextChoices):
        """Whose decision it is."""

        PERSON = "person", _("The person")
        FIRST_PARTY = "first_party", _("An administrator: the application belongs to this site")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", verbose_name=_("user")
    )
    application = models.ForeignKey(
        oauth2_settings.APPLICATION_MODEL,
        on_delete=models.CASCADE,
        related_name="consents",
        verbose_name=_("application"),
    )
    scope = models.TextField(_("allowed scopes"), blank=True, help_text=_("Space-separated."))
    declined_scope = models.TextField(_("declined scopes"), blank=True, help_text=_("Space-separated."))
    # Per scope what differs from the row as a whole: policy/terms.py reads and writes it.
    terms = models.JSONField(_("terms of each scope"), default=dict, editable=False)
    source = models.CharField(
        pgettext_lazy("consent", "decided by"), max_length=11, choices=Source.choices, default=Source.PERSON
    )
    duration = models.CharField(
        _("chosen duration"), max_length=16, blank=True, help_text=_("“once”, a number of days, or “until-withdrawn”.")
    )
    # The application as the page showed it: policy/facts.py identity(); empty in rows older than the field.
    facts = models.JSONField(_("application as shown"), default=dict, editable=False)
    language = models.CharField(_("language of the page"), max_length=16, blank=True)
    wording_version = models.CharField(_("wording version"), max_length=16, blank=True)
    given_at = models.DateTimeField(_("given"))
    ends_at = models.DateTimeField(_("ends"), null=True, blank=True, help_text=_("Empty: until withdrawn."))
    closed_at = models.DateTimeField(_("closed"), null=True)
    closed_reason = models.CharField(_("reason"), max_length=16, choices=ClosedReason.choices, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True)
    unused_warned_at = models.DateTimeField(
        _("told of its end"), null=True, help_text=_("When the person was told that it ends because nothing uses it.")
    )

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        permissions = [("end_consent", _("Can end a person's consent"))]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "application"],
                condition=Q(closed_at__isnull=True),
                name="provider_site_one_open_consent",
            ),
        ]
        indexes = [
            # What the nightly run looks for among the open ones: what has ended, and what nothing uses.
            models.Index(fields=["ends_at"], condition=Q(closed_at__isnull=True), name="provider_site_consent_ends"),
            models.Index(
                fields=["last_used_at"], condition=Q(closed_at__isnull=True), name="provider_site_consent_unused"
            ),
            # What the admin's list is narrowed to, newest first.
            models.Index(fields=["closed_reason", "-id"], name="provider_site_consent_closed"),
            models.Index(fields=["source", "-id"], name="provider_site_consent_source"),
            models.Index(
                fields=["-id"], condition=Q(unused_warned_at__isnull=False), name="provider_site_consent_warned"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} → {self.application}"

    @property
    def scopes(self) -> frozenset[str]:
        """The scopes written down as allowed. Which of them hold now, ``storage.consented.held`` says."""
        return frozenset(self.scope.split())

    @property
    def declined_scopes(self) -> frozenset[str]:
        """The scopes asked for and declined."""
        return frozenset(self.declined_scope.split())
