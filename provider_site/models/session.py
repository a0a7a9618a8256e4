"""Sessions of people at this provider."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Session(models.Model):
    """One sign-in of a person in one browser: what ``sid``, ``auth_time`` and ``amr`` speak of.

    ``sid`` goes to clients (OpenID Back-Channel Logout 2.1); the browser's session key never does.
    """

    sid = models.UUIDField(_("session ID"), primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", verbose_name=_("user")
    )
    auth_time = models.DateTimeField(_("signed in"))
    amr = models.JSONField(_("authentication methods"), default=list, blank=True)
    created = models.DateTimeField(_("created"), auto_now_add=True)
    ended_at = models.DateTimeField(_("ended"), null=True)

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")

    def __str__(self) -> str:
        return str(self.sid)
