"""People's profiles."""

from __future__ import annotations

from django.contrib import admin

from provider_site.admin.read_only import ReadOnlyAdmin
from provider_site.models import Profile


@admin.register(Profile)
class ProfileAdmin(ReadOnlyAdmin):
    """Subject and nickname, for support: who is behind a ``sub`` in a log."""

    list_display = ("user", "subject", "nickname")
    list_select_related = ("user",)
    search_fields = ("subject", "nickname")
    exclude = ("avatar_key",)
