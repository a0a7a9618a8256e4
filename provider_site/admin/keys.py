"""Signing keys: seen here, their private halves never."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from provider_site.admin.read_only import ReadOnlyAdmin
from provider_site.models import SigningKey
from provider_site.services import keys


@admin.register(SigningKey)
class SigningKeyAdmin(ReadOnlyAdmin):
    """The keys that sign tokens, and the step of a rotation."""

    list_display = ("kid", "alg", "status", "created", "activated_at", "retired_at")
    exclude = ("sealed_private_key",)
    ordering = ("-created",)
    actions = ("rotate",)

    @admin.action(description=_("Rotate: publish a new key; the one published before begins to sign"))
    def rotate(self, request: HttpRequest, queryset: QuerySet[SigningKey]) -> None:
        """Move the rotation one step, whichever rows are ticked."""
        if not request.user.has_perm("provider_site.change_signingkey"):
            self.message_user(request, _("You may not rotate keys."), messages.ERROR)
            return
        published = keys.rotate(actor=request.user)
        self.message_user(request, _("Published the key %(kid)s.") % {"kid": published.kid[:8]})
