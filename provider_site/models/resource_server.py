"""Applications that hold what tokens open, and ask this provider about the tokens they are shown."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from oauth2_provider.settings import oauth2_settings


class ResourceServer(models.Model):
    """What a protected resource may learn by introspection (RFC 7662 4), and the name tokens are addressed to it by.

    It learns of a token that is addressed to ``identifier`` or has one of the scopes in ``scope``, and of those alone.
    """

    application = models.OneToOneField(
        oauth2_settings.APPLICATION_MODEL,
        on_delete=models.CASCADE,
        related_name="resource_server",
        verbose_name=_("application"),
        help_text=_("The confidential application by whose credentials the resource server asks."),
    )
    identifier = models.CharField(
        _("resource identifier"),
        max_length=255,
        blank=True,
        help_text=_("An absolute URI such as https://api.example.com, which applications may name (RFC 8707)."),
    )
    scope = models.TextField(
        _("scopes"), blank=True, help_text=_("Space-separated: tokens with one of these are for this resource server.")
    )
    refresh_tokens = models.BooleanField(
        _("may ask about refresh tokens"),
        default=False,
        help_text=_("A resource server is never shown one; leave this off unless it watches over tokens as a whole."),
    )
    created = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("resource server")
        verbose_name_plural = _("resource servers")
        constraints = [
            models.UniqueConstraint(
                fields=["identifier"], condition=~Q(identifier=""), name="provider_site_one_resource_identifier"
            ),
        ]

    def __str__(self) -> str:
        return self.identifier or str(self.application)

    @property
    def scopes(self) -> frozenset[str]:
        """The scopes it may learn of."""
        return frozenset(self.scope.split())
