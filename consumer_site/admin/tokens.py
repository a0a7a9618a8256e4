"""Whose tokens are kept and what for; the tokens themselves never."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.socialaccount.admin import SocialTokenAdmin
from allauth.socialaccount.models import SocialToken
from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from consumer_site.admin.read_only import ReadOnly
from consumer_site.models import StoredToken

if TYPE_CHECKING:
    _StoredBase = admin.ModelAdmin[StoredToken]
    _SocialBase = admin.ModelAdmin[Any]
else:  # not subscriptable at run time
    _StoredBase = _SocialBase = admin.ModelAdmin


@admin.register(StoredToken)
class StoredTokenAdmin(ReadOnly, _StoredBase):
    """Show whose tokens are kept, how far they reach and what became of their last renewal."""

    list_display = ("account", "provider", "scope", "expires_at", "needs_sign_in", "updated_at")
    list_filter = ("account__provider", "needs_sign_in")
    list_select_related = ("account__user",)
    fields = (
        "account",
        "scope",
        "expires_at",
        "needs_sign_in",
        "failure",
        "generation",
        "refreshed_at",
        "created_at",
        "updated_at",
    )

    @admin.display(description=_("provider"), ordering="account__provider")
    def provider(self, row: StoredToken) -> str:
        """Return the connector's id."""
        return str(row.account.provider)


class PlainTokenAdmin(ReadOnly, _SocialBase):
    """Rows of allauth's own, in clear: to be seen and deleted, never read."""

    list_display = ("account", "app", "expires_at")
    fields = ("account", "app", "expires_at")
    list_select_related = ("account__user", "app")


def replace(site: admin.AdminSite) -> None:
    """Show allauth's tokens without their text, unless the project shows them in a way of its own."""
    if type(site._registry.get(SocialToken)) is SocialTokenAdmin:
        site.unregister(SocialToken)
        site.register(SocialToken, PlainTokenAdmin)


replace(admin.site)
