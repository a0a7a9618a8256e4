"""Whose tokens are kept and what for; the tokens themselves never."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.socialaccount.admin import SocialTokenAdmin
from allauth.socialaccount.models import SocialToken
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from consumer_site.admin.kinds import kinds
from consumer_site.admin.read_only import ReadOnly
from consumer_site.models import StoredToken
from keyset_lists import KeysetAdmin

if TYPE_CHECKING:
    _StoredBase = admin.ModelAdmin[StoredToken]
    _SocialBase = admin.ModelAdmin[Any]
else:  # not subscriptable at run time
    _StoredBase = _SocialBase = admin.ModelAdmin


class ProviderFilter(admin.SimpleListFilter):
    """Whose tokens, by the list of connectors: the table is not asked for all it has."""

    title = _("provider")
    parameter_name = "provider"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer each kind that can be configured here."""
        return [(kind.provider, kind.label) for kind in kinds()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[StoredToken]) -> QuerySet[StoredToken]:
        """Keep the tokens of the kind chosen."""
        return queryset.filter(account__provider=self.value()) if self.value() else queryset


@admin.register(StoredToken)
class StoredTokenAdmin(KeysetAdmin, ReadOnly, _StoredBase):
    """Show whose tokens are kept, how far they reach and what became of their last renewal."""

    list_display = ("account", "provider", "scope", "expires_at", "needs_sign_in", "updated_at")
    list_filter = (ProviderFilter, "needs_sign_in")
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

    @admin.display(description=_("provider"))
    def provider(self, row: StoredToken) -> str:
        """Return the connector's id."""
        return str(row.account.provider)


class PlainTokenAdmin(KeysetAdmin, ReadOnly, _SocialBase):
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
