"""Tokens of one connected account, sealed."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class StoredToken(models.Model):
    """The sealed tokens of one allauth SocialAccount; only the vault reads and writes them."""

    account = models.OneToOneField(
        "socialaccount.SocialAccount",
        on_delete=models.CASCADE,
        related_name="stored_token",
        verbose_name=_("connected account"),
    )
    sealed = models.TextField(_("sealed tokens"), editable=False)
    scope = models.TextField(_("granted scopes"), blank=True)
    # What the sign-in asked for; empty where that was not noted, and then an empty `scope` says nothing either.
    asked_scope = models.TextField(blank=True, editable=False)
    expires_at = models.DateTimeField(_("access token expires at"), null=True, blank=True)
    needs_sign_in = models.BooleanField(
        _("needs a new sign-in"), default=False, help_text=_("The provider no longer renews these tokens.")
    )
    generation = models.PositiveBigIntegerField(
        _("generation"), default=0, help_text=_("How often these tokens were replaced.")
    )
    # Who renews these tokens at this moment, and until when nobody else may try.
    lease = models.CharField(max_length=32, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    refreshed_at = models.DateTimeField(_("last renewed at"), null=True, blank=True)
    failure = models.CharField(_("why renewal failed"), max_length=60, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta:
        verbose_name = _("stored token")
        verbose_name_plural = _("stored tokens")
        indexes = [
            # The few that the admin's list is narrowed to.
            models.Index(fields=["-id"], condition=models.Q(needs_sign_in=True), name="consumer_token_ended")
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"
