"""Keys by which this site proves itself to OpenID providers."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ClientKey(models.Model):
    """A key pair of this site for private_key_jwt (OpenID Connect Core section 9); the private half is sealed."""

    class Algorithm(models.TextChoices):
        RS256 = "RS256", "RS256"
        PS256 = "PS256", "PS256"
        ES256 = "ES256", "ES256"
        EDDSA = "EdDSA", "EdDSA"

    kid = models.CharField(_("key id"), max_length=64, unique=True)
    algorithm = models.CharField(_("algorithm"), max_length=10, choices=Algorithm, default=Algorithm.ES256)
    public_jwk = models.JSONField(_("public key"))
    sealed = models.TextField(_("sealed private key"), editable=False)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    retired_at = models.DateTimeField(_("retired at"), null=True, blank=True)

    class Meta:
        verbose_name = _("client key")
        verbose_name_plural = _("client keys")

    def __str__(self) -> str:
        return f"{self.algorithm} {self.kid}"

    @property
    def binding(self) -> str:
        """Return what the private half is sealed for: under another key id it opens for nobody."""
        return f"client_key:{self.kid}"
