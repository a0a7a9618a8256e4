"""Keys that sign tokens."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class SigningKey(models.Model):
    """A key pair: published before it signs, verifying until it is retired; the private half sealed."""

    class Status(models.TextChoices):
        """The life of a key."""

        NEXT = "next", _("Next: published, not signing yet")
        ACTIVE = "active", _("Active: signing")
        PREVIOUS = "previous", _("Previous: verifying only")
        RETIRED = "retired", _("Retired")

    kid = models.CharField(_("key ID"), max_length=64, primary_key=True)
    alg = models.CharField(_("algorithm"), max_length=10)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices)
    sealed_private_key = models.TextField(editable=False)
    public_jwk = models.JSONField(_("public key"))
    created = models.DateTimeField(_("created"), auto_now_add=True)
    activated_at = models.DateTimeField(_("activated"), null=True)
    previous_at = models.DateTimeField(_("stopped signing"), null=True)
    retired_at = models.DateTimeField(_("retired"), null=True)

    class Meta:
        verbose_name = _("signing key")
        verbose_name_plural = _("signing keys")
        permissions = [("rotate_signingkey", _("Can rotate and retire signing keys"))]
        constraints = [
            models.UniqueConstraint(fields=["alg"], condition=Q(status="active"), name="provider_site_one_active_key"),
        ]

    def __str__(self) -> str:
        return f"{self.alg} {self.kid[:8]}"

    def __repr__(self) -> str:
        return f"<SigningKey {self.kid}>"
