"""What a person shows to applications."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.core.files.storage import Storage, default_storage, storages
from django.core.files.storage.handler import InvalidStorageError
from django.db import models
from django.utils.translation import gettext_lazy as _


def avatar_storage() -> Storage:
    """Return the storage named ``provider_site`` in STORAGES, or the default one."""
    try:
        return storages["provider_site"]
    except InvalidStorageError:
        return default_storage


def new_subject() -> str:
    """Return a subject identifier: opaque, random, never reused (OpenID Core 2)."""
    return str(uuid.uuid4())


class Profile(models.Model):
    """A person's subject identifier, nickname and avatar."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="+",
        verbose_name=_("user"),
    )
    subject = models.CharField(_("subject"), max_length=36, unique=True, default=new_subject, editable=False)
    nickname = models.CharField(_("nickname"), max_length=100, blank=True)
    avatar = models.FileField(
        _("avatar"), upload_to="provider_site/avatars", storage=avatar_storage, blank=True, editable=False
    )
    avatar_key = models.CharField(max_length=43, blank=True, db_index=True, editable=False)
    middle_name = models.CharField(_("middle name"), max_length=100, blank=True)
    profile_url = models.URLField(_("page about you"), blank=True)
    website = models.URLField(_("website"), blank=True)
    gender = models.CharField(_("gender"), max_length=50, blank=True)
    birthdate = models.CharField(
        _("birthday"),
        max_length=10,
        blank=True,
        help_text=_("YYYY-MM-DD, 0000-MM-DD to leave out the year, or the year alone (OpenID Connect Core 5.1)."),
    )
    zoneinfo = models.CharField(_("time zone"), max_length=64, blank=True)
    locale = models.CharField(_("language"), max_length=35, blank=True)
    phone_number = models.CharField(_("phone number"), max_length=32, blank=True)
    address_street = models.CharField(_("street and house number"), max_length=255, blank=True)
    address_locality = models.CharField(_("town"), max_length=100, blank=True)
    address_region = models.CharField(_("state or province"), max_length=100, blank=True)
    address_postal_code = models.CharField(_("postal code"), max_length=20, blank=True)
    address_country = models.CharField(_("country"), max_length=100, blank=True)
    # What they did from one browser to all others, those that no application knows of included.
    signed_out_at = models.DateTimeField(_("signed out everywhere else"), null=True, editable=False)
    updated = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        verbose_name = _("profile")
        verbose_name_plural = _("profiles")

    def __str__(self) -> str:
        return self.nickname or self.subject
