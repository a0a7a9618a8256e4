"""Signing keys: seen here, their private halves never."""

from __future__ import annotations

from typing import ClassVar

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
    ordering: ClassVar[tuple[str, ...]] = ("-created",)
    actions = ("rotate",)

    def has_rotate_permission(self, request: HttpRequest) -> bool:
        """Tell whether this person may rotate keys: seeing them is another permission."""
        return bool(request.user.has_perm("provider_site.change_signingkey"))

    @admin.action(
        description=_("Rotate: publish a new key; the one published before begins to sign"), permissions=["rotate"]
    )
    def rotate(self, request: HttpRequest, queryset: QuerySet[SigningKey]) -> None:
        """Move the rotation one step, whichever rows are ticked."""
        published = keys.rotate(actor=request.user, request=request)
        text = _("Published the key %(kid)s.") % {"kid": published.kid[:8]}
        self.message_user(request, text, messages.SUCCESS, fail_silently=True)
