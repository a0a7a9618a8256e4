"""One authorization: what a code bought, and everything refreshed from it."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from oauth2_provider.settings import oauth2_settings

from provider_site.models.consent import Consent
from provider_site.models.session import Session


class Authorization(models.Model):
    """The family of tokens one authorization code bought; ``id`` is DOT's ``token_family``.

    Access tokens carry this id in their own text, so no row per token is needed to find the consent and session they
    hang on, and one UPDATE here kills the family.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    application = models.ForeignKey(
        oauth2_settings.APPLICATION_MODEL, on_delete=models.CASCADE, related_name="+", verbose_name=_("application")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", verbose_name=_("user")
    )
    consent = models.ForeignKey(
        Consent, on_delete=models.CASCADE, related_name="authorizations", verbose_name=_("consent")
    )
    session = models.ForeignKey(
        Session, on_delete=models.SET_NULL, null=True, related_name="authorizations", verbose_name=_("session")
    )
    scope = models.TextField(_("scopes"), help_text=_("What the code bought, space-separated."))
    code_digest = models.CharField(max_length=64, unique=True, editable=False)
    auth_time = models.DateTimeField(_("signed in"))
    amr = models.JSONField(_("authentication methods"), default=list, blank=True)
    acr = models.CharField(_("authentication context"), max_length=255, blank=True)
    # What the client asked to have in the ID token itself (OpenID Core 5.5): names of claims.
    id_token_claims = models.JSONField(default=list, blank=True, editable=False)
    # Of the browser in which the person was, at the time: how they recognise a sign-in as theirs.
    address = models.GenericIPAddressField(_("address"), null=True)
    user_agent = models.CharField(_("browser"), max_length=300, blank=True)
    created = models.DateTimeField(_("created"), auto_now_add=True)
    consumed_at = models.DateTimeField(_("code exchanged"), null=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True)
    revoked_reason = models.CharField(_("reason"), max_length=32, blank=True)

    class Meta:
        verbose_name = _("authorization")
        verbose_name_plural = _("authorizations")

    def __str__(self) -> str:
        return str(self.id)
