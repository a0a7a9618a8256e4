"""Which logout tokens were received."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class LogoutReceipt(models.Model):
    """A logout token that was obeyed, so that it is never obeyed again.

    `digest` is the SHA-256, in hexadecimal, of the issuer and the token's jti with a newline between them.
    """

    digest = models.CharField(_("fingerprint"), max_length=64, unique=True, editable=False)
    issuer = models.CharField(_("issuer"), max_length=255)
    subject = models.CharField(_("subject"), max_length=255, blank=True)
    sid = models.CharField(_("session at the provider"), max_length=255, blank=True)
    sessions_ended = models.PositiveIntegerField(_("sessions ended"), default=0)
    received_at = models.DateTimeField(_("received at"), auto_now_add=True)
    expires_at = models.DateTimeField(_("kept until"), db_index=True)

    class Meta:
        verbose_name = _("received sign-out")
        verbose_name_plural = _("received sign-outs")
        indexes = [models.Index(fields=["issuer", "sid", "subject"], name="consumer_receipt_session")]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"
