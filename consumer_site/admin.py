"""What a site's admin sees of accounts and sessions: everything but the secrets, and nothing to change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest

from consumer_site.models import SessionLink, StoredToken

if TYPE_CHECKING:
    _TokenBase = admin.ModelAdmin[StoredToken]
    _LinkBase = admin.ModelAdmin[SessionLink]
else:  # not subscriptable at run time
    _TokenBase = _LinkBase = admin.ModelAdmin


class _ReadOnly:
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(StoredToken)
class StoredTokenAdmin(_ReadOnly, _TokenBase):
    """Show whose tokens are kept and what for; the tokens themselves never."""

    list_display = ("account", "provider", "scope", "expires_at", "needs_sign_in", "updated_at")
    list_filter = ("account__provider", "needs_sign_in")
    list_select_related = ("account__user",)
    fields = ("account", "scope", "expires_at", "needs_sign_in", "created_at", "updated_at")

    @admin.display(ordering="account__provider")
    def provider(self, row: StoredToken) -> str:
        """Return the connector's id."""
        return str(row.account.provider)


@admin.register(SessionLink)
class SessionLinkAdmin(_ReadOnly, _LinkBase):
    """Show which sessions here hang on sessions at a provider; not their keys, which are as good as a password."""

    list_display = ("user", "issuer", "created_at")
    list_select_related = ("user",)
    fields = ("user", "account", "issuer", "subject", "created_at")
