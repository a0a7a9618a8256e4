"""Which session here belongs to which session at the provider."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class SessionLink(models.Model):
    """A session that a connected account opened.

    `issuer` with `sid` or `subject` is what a logout token names (OpenID Connect Back-Channel Logout section 2.4); they
    are empty for other services than OpenID providers.
    """

    # What `sealed_id_token` is sealed for.
    ID_TOKEN_BINDING = "id_token"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, verbose_name=_("user"), related_name="+"
    )
    account = models.ForeignKey(
        "socialaccount.SocialAccount",
        on_delete=models.CASCADE,
        verbose_name=_("connected account"),
        related_name="session_links",
    )
    provider = models.CharField(_("provider"), max_length=200, blank=True)
    issuer = models.CharField(_("issuer"), max_length=255)
    subject = models.CharField(_("subject"), max_length=255)
    sid = models.CharField(_("session at the provider"), max_length=255, blank=True)
    session_key = models.CharField(_("session here"), max_length=128, unique=True, editable=False)
    # What the provider is told by at sign-out: whose session ends (RP-Initiated Logout section 2, id_token_hint).
    sealed_id_token = models.TextField(_("sealed ID token"), blank=True, editable=False)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("session link")
        verbose_name_plural = _("session links")
        indexes = [
            models.Index(fields=["issuer", "sid"], name="consumer_link_sid"),
            models.Index(fields=["issuer", "subject"], name="consumer_link_subject"),
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"
