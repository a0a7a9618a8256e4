"""Co-owners and test users: seen here, and removed."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from provider_site.admin.read_only import FoundByName
from provider_site.models import Member
from provider_site.services import members


@admin.register(Member)
class MemberAdmin(FoundByName):
    """Who was invited to which application, and who accepted. Only its owners invite."""

    list_display = ("invited_as", "application", "role", "user", "invited_at", "accepted_at")
    list_select_related = ("application", "user")
    list_filter = ("role", ("accepted_at", admin.EmptyFieldListFilter))
    fields = ("application", "invited_as", "role", "user", "invited_by", "invited_at", "accepted_at")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Leave it to the permission; with the account or application a row belongs to, it goes."""
        by_itself = admin.ModelAdmin.has_delete_permission(self, request, obj)
        return by_itself or super().has_delete_permission(request, obj)

    def delete_model(self, request: HttpRequest, member: Member) -> None:
        """Remove, with a trace."""
        members.dismiss(member=member, actor=request.user, request=request)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Member]) -> None:
        """Remove each, with a trace."""
        for member in queryset.select_related("application"):
            members.dismiss(member=member, actor=request.user, request=request)
