"""Tokens in DOT's tables: to see what there is and to revoke it, never their text. Named by ``dot_settings``."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.auth import get_permission_codename
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from provider_site.admin.read_only import FoundByName
from provider_site.services import revocation


class TokenAdmin(FoundByName):
    """A list of tokens, codes or ID tokens, found by application or person."""

    list_select_related = ("user", "application")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Leave the text and its digest in the database."""
        return super().get_queryset(request).defer(*self._hidden())

    def _hidden(self) -> list[str]:
        known = {field.name for field in self.opts.get_fields()}
        return [name for name in ("token", "token_checksum", "code") if name in known]


class RevocableAdmin(TokenAdmin):
    """Tokens that can be revoked. The permission is the model's own "delete", though a row is never just deleted."""

    actions = ("revoke",)
    kind: ClassVar[str]

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Tell whether this person may revoke tokens."""
        return bool(request.user.has_perm(f"{self.opts.app_label}.{get_permission_codename('delete', self.opts)}"))

    @admin.action(description=_("Revoke, with all that came of the same sign-in"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Kill the families of the tokens ticked, each with its trace."""
        rows = {self.kind: list(queryset)}
        count = revocation.revoke(**rows, actor=request.user, request=request)
        text = ngettext("Revoked %(count)d token.", "Revoked %(count)d tokens.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS, fail_silently=True)


class AccessTokenAdmin(RevocableAdmin):
    """Access tokens that have not been revoked, newest first; a revoked one has no row."""

    kind = "access"
    list_display = ("id", "user", "application", "scope", "expires", "created")
    fields = ("id", "user", "application", "scope", "resource", "expires", "created", "updated")


class RefreshTokenAdmin(RevocableAdmin):
    """Refresh tokens, newest first; a revoked one stays until it is pruned, so that a replay is seen."""

    kind = "refresh"
    list_display = ("id", "user", "application", "created", "revoked")
    fields = ("id", "user", "application", "resource", "token_family", "created", "updated", "revoked")


class GrantAdmin(TokenAdmin):
    """Authorization codes that wait for their exchange."""

    list_display = ("id", "user", "application", "scope", "expires", "created")
    fields = ("id", "user", "application", "redirect_uri", "scope", "resource", "expires", "created", "updated")


class IDTokenAdmin(TokenAdmin):
    """ID tokens that stock DOT noted; this app's own are signed and not kept."""

    list_display = ("id", "user", "application", "scope", "expires", "created")
    fields = ("id", "user", "application", "jti", "scope", "expires", "created", "updated")
