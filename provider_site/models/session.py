"""Sessions of people at this provider."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from provider_site import crypto


class Session(models.Model):
    """One sign-in of a person in one browser: what ``sid``, ``auth_time`` and ``amr`` speak of.

    ``sid`` goes to clients (OpenID Back-Channel Logout 2.1); the browser's session key never does.
    """

    class EndReason(models.TextChoices):
        """What ended a session."""

        SIGNED_OUT = "signed_out", _("Signed out in that browser")
        SIGNED_OVER = "signed_over", _("Somebody else signed in in that browser")
        PERSON = "person", _("Ended by the person, from the list of sessions")
        PASSWORD = "password", _("The password was changed")
        ADMINISTRATOR = "administrator", _("Ended by an administrator")
        ACCOUNT = "account", _("The account was deactivated or deleted")

    sid = models.UUIDField(_("session ID"), primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", verbose_name=_("user")
    )
    auth_time = models.DateTimeField(_("signed in"))
    amr = models.JSONField(_("authentication methods"), default=list, blank=True)
    created = models.DateTimeField(_("created"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expires"))
    # Of what Django binds its own sessions to: a new password changes it, and the session is over (AbstractBaseUser).
    credential_digest = models.CharField(max_length=64, blank=True, editable=False)
    # Of the key of the browser's own session: the one trace left of it when another person signs in over it.
    browser_digest = models.CharField(max_length=64, blank=True, editable=False, db_index=True)
    # Of the browser at the sign-in: how people recognise a session as theirs.
    address = models.GenericIPAddressField(_("address"), null=True)
    user_agent = models.CharField(_("browser"), max_length=300, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    ended_reason = models.CharField(_("reason"), max_length=16, choices=EndReason.choices, blank=True)

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        default_permissions = ("view",)
        permissions = [("end_session", _("Can end sessions of people"))]
        indexes = [
            models.Index(fields=["-created", "-sid"], name="provider_site_session_newest"),
            models.Index(fields=["user", "-created", "-sid"], name="provider_site_session_of_user"),
        ]

    def __str__(self) -> str:
        return str(self.sid)

    def is_over(self, user: Any, now: datetime) -> bool:
        """Tell whether the person signed out, the browser's session expired, or the password has changed since."""
        return self.ended_at is not None or now >= self.expires_at or not self.is_bound_to(user)

    def is_bound_to(self, user: Any) -> bool:
        """Tell whether the password is the one the person had at this sign-in.

        Compares with the present password, also under the secret keys that are being rotated out.
        """
        if self.credential_digest == digest_of(user):
            return True
        fallbacks = getattr(user, "get_session_auth_fallback_hash", None)
        return fallbacks is not None and any(self.credential_digest == crypto.digest(old) for old in fallbacks())


def digest_of(user: Any) -> str:
    """Return the digest of what binds a session to the person's present password; empty where the host has none."""
    hash_of = getattr(user, "get_session_auth_hash", None)
    return crypto.digest(hash_of()) if hash_of is not None else ""
