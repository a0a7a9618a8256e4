"""Sessions that hang on sessions at a provider, and the sign-outs that providers told us of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin

from consumer_site.admin.read_only import ReadOnly
from consumer_site.models import LogoutReceipt, SessionLink
from keyset_lists import KeysetAdmin

if TYPE_CHECKING:
    _LinkBase = admin.ModelAdmin[SessionLink]
    _ReceiptBase = admin.ModelAdmin[LogoutReceipt]
else:  # not subscriptable at run time
    _LinkBase = _ReceiptBase = admin.ModelAdmin


@admin.register(SessionLink)
class SessionLinkAdmin(KeysetAdmin, ReadOnly, _LinkBase):
    """Show which account opened which session here; not the sessions' keys, which are as good as a password."""

    list_display = ("user", "provider", "issuer", "created_at")
    list_select_related = ("user",)
    fields = ("user", "account", "provider", "issuer", "subject", "created_at")


@admin.register(LogoutReceipt)
class LogoutReceiptAdmin(KeysetAdmin, ReadOnly, _ReceiptBase):
    """Show which sign-outs a provider asked for, and how many sessions here each one ended."""

    list_display = ("received_at", "issuer", "subject", "sessions_ended", "expires_at")
    fields = ("received_at", "issuer", "subject", "sid", "sessions_ended", "expires_at")

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        """Refuse: without the receipt the same sign-out could be sent again. They are pruned when they may."""
        return False
