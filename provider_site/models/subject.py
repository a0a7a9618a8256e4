"""Identifiers of people that are kept apart from the one that is the same everywhere."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from provider_site.models.profile import new_subject


class PairwiseSubject(models.Model):
    """The subject by which every application of one sector knows a person (OpenID Core 8.1).

    Random and stored, not computed: it survives the loss and the rotation of every key, and dies with the account.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", verbose_name=_("user")
    )
    sector = models.CharField(_("sector"), max_length=255)
    subject = models.CharField(_("subject"), max_length=36, unique=True, default=new_subject, editable=False)

    class Meta:
        verbose_name = _("pairwise subject")
        verbose_name_plural = _("pairwise subjects")
        constraints = [
            models.UniqueConstraint(fields=["user", "sector"], name="provider_site_one_pairwise_subject"),
        ]

    def __str__(self) -> str:
        return self.subject


class UnionSubject(models.Model):
    """The ``unionid`` by which all applications of one owner know a person, as QQ and WeChat have it."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", verbose_name=_("user")
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", verbose_name=_("owner")
    )
    subject = models.CharField(_("unionid"), max_length=36, unique=True, default=new_subject, editable=False)

    class Meta:
        verbose_name = _("unionid")
        verbose_name_plural = _("unionids")
        constraints = [
            models.UniqueConstraint(fields=["user", "owner"], name="provider_site_one_union_subject"),
        ]

    def __str__(self) -> str:
        return self.subject
