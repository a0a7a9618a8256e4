"""What a person shows to one application instead of their own profile."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from oauth2_provider.settings import oauth2_settings

from provider_site.models.profile import avatar_storage


class AppProfile(models.Model):
    """The nickname and avatar a person chose for one application; it outlives a withdrawn consent.

    So who comes back is not shown under another name than before unawares.
    """

    class Avatar(models.TextChoices):
        """Which picture the application gets."""

        OWN = "own", _("My avatar")
        NONE = "none", _("No picture")
        OTHER = "other", _("Another picture")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", verbose_name=_("user")
    )
    application = models.ForeignKey(
        oauth2_settings.APPLICATION_MODEL, on_delete=models.CASCADE, related_name="+", verbose_name=_("application")
    )
    nickname = models.CharField(_("nickname"), max_length=100, blank=True, help_text=_("Empty: the person's own."))
    avatar_choice = models.CharField(_("avatar"), max_length=5, choices=Avatar.choices, default=Avatar.OWN)
    avatar = models.FileField(
        _("picture"), upload_to="provider_site/avatars", storage=avatar_storage, blank=True, editable=False
    )
    avatar_key = models.CharField(max_length=43, blank=True, db_index=True, editable=False)
    updated = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        verbose_name = _("profile for an application")
        verbose_name_plural = _("profiles for applications")
        constraints = [
            models.UniqueConstraint(fields=["user", "application"], name="provider_site_one_app_profile"),
        ]

    def __str__(self) -> str:
        return f"{self.user} → {self.application}"
