"""For the host's own admin of its accounts: what a deletion does to what this app keeps of a person."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from provider_site.admin.bounded import BOUND
from provider_site.admin.bounded_deletion import get_deleted_objects
from provider_site.services import deletion
from provider_site.services.applications import application_model


class PersonDeletion:
    """Mixed into the host's ``UserAdmin``: accounts with any number of tokens can be deleted, and are in batches.

    A reusable app does not replace its host's ``UserAdmin``. Without this mixin an account with tokens can be deleted
    too, by Django's own page, which names every token and, of an application taken over from stock DOT, would delete
    the application with its owner.
    """

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Return what goes with the accounts, read within bounds; their applications stay."""
        kept = [application_model()._meta.get_field("user")]
        site = self.admin_site  # type: ignore[attr-defined]  # the ModelAdmin's
        return get_deleted_objects(objs, request, site, bound=BOUND, spared=kept)

    def delete_model(self, request: HttpRequest, user: Any) -> None:
        """Delete one account."""
        deletion.delete_person(user=user, actor=request.user, request=request)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Delete the accounts ticked."""
        for user in queryset:
            deletion.delete_person(user=user, actor=request.user, request=request)
