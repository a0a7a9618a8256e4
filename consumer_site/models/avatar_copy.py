"""Our copy of a person's avatar picture, so that pages load nothing from other sites."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class AvatarCopy(models.Model):
    """The picture of one connected account as last fetched; `content` is empty when it could not be fetched."""

    account = models.OneToOneField(
        "socialaccount.SocialAccount",
        on_delete=models.CASCADE,
        related_name="avatar_copy",
        verbose_name=_("connected account"),
    )
    source = models.TextField(_("address"))
    content = models.BinaryField(_("picture"), blank=True)
    content_type = models.CharField(_("type"), max_length=20, blank=True)
    digest = models.CharField(_("fingerprint"), max_length=64, blank=True)
    fetched_at = models.DateTimeField(_("fetched at"))

    class Meta:
        verbose_name = _("avatar copy")
        verbose_name_plural = _("avatar copies")

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"
