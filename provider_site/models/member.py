"""People who build or try an application."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from oauth2_provider.settings import oauth2_settings


class Member(models.Model):
    """A person invited to an application as a further owner or to try it before its review.

    Nothing comes of an invitation until the person accepts it. ``user`` is empty where ``invited_as`` named nobody:
    the inviter is not told, so that nobody learns here who has an account.
    """

    class Role(models.TextChoices):
        """What a member may do."""

        OWNER = "owner", _("Co-owner: may change the application")
        TESTER = "tester", _("Test user: may sign in before the review")

    application = models.ForeignKey(
        oauth2_settings.APPLICATION_MODEL,
        on_delete=models.CASCADE,
        related_name="members",
        verbose_name=_("application"),
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        related_name="+",
        verbose_name=_("user"),
    )
    invited_as = models.CharField(_("invited as"), max_length=254)
    role = models.CharField(_("role"), max_length=10, choices=Role.choices)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("invited by")
    )
    invited_at = models.DateTimeField(_("invited"), auto_now_add=True)
    accepted_at = models.DateTimeField(_("accepted"), null=True)

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        constraints = [
            models.UniqueConstraint(fields=["application", "user"], name="provider_site_one_row_per_member"),
            models.UniqueConstraint(fields=["application", "invited_as"], name="provider_site_invited_once"),
        ]

    def __str__(self) -> str:
        return self.invited_as
