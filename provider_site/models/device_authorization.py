"""Devices that wait for a person to allow them something on another screen."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from oauth2_provider.settings import oauth2_settings

from provider_site.models.authorization import Authorization


class DeviceAuthorization(models.Model):
    """One device authorization request (RFC 8628 3.1), from its codes to what they buy.

    Both codes are kept by digest. The device code is 256 random bits; the user code is short enough to be typed, so its
    digest is keyed: whoever reads the table alone can't try them all.
    """

    class Decision(models.TextChoices):
        """What the person decided."""

        ALLOWED = "allowed", _("Allowed")
        DENIED = "denied", _("Denied")

    device_code_digest = models.CharField(max_length=64, primary_key=True, editable=False)
    user_code_digest = models.CharField(max_length=64, unique=True, editable=False)
    application = models.ForeignKey(
        oauth2_settings.APPLICATION_MODEL, on_delete=models.CASCADE, related_name="+", verbose_name=_("application")
    )
    scope = models.TextField(_("scopes"), help_text=_("What the device asks for, space-separated."))
    created = models.DateTimeField(_("created"))
    expires_at = models.DateTimeField(_("expires"), db_index=True)
    interval = models.PositiveSmallIntegerField(_("seconds between two polls"), default=5)
    last_polled_at = models.DateTimeField(_("last asked"), null=True)
    # Of the device that asks: how a person tells their own from a stranger's.
    address = models.GenericIPAddressField(_("address"), null=True)
    user_agent = models.CharField(_("program"), max_length=300, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+", verbose_name=_("user")
    )
    decision = models.CharField(_("decision"), max_length=8, choices=Decision.choices, blank=True)
    decided_at = models.DateTimeField(_("decided"), null=True)
    authorization = models.OneToOneField(
        Authorization, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("authorization")
    )

    class Meta:
        verbose_name = _("device authorization")
        verbose_name_plural = _("device authorizations")

    def __str__(self) -> str:
        return f"{self.application} {self.created:%Y-%m-%d %H:%M}"
