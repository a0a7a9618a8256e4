"""The admin page of accounts: Django's, which knows what the provider keeps of a person."""

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import UserAdmin

from project.keyset_admin import PEOPLE, paged


def register() -> None:
    """Register the page in the place of Django's."""
    people = get_user_model()
    own: type[admin.ModelAdmin[Any]] = UserAdmin
    if apps.is_installed("provider_site"):
        from provider_site.admin.people import PersonDeletion  # noqa: PLC0415  absent where the consumer is alone

        class PersonAdmin(PersonDeletion, UserAdmin):  # type: ignore[type-arg]  # no generic at run time
            """Accounts; deleting one keeps its applications and the audit trail."""

        own = PersonAdmin
    admin.site.unregister(people)
    admin.site.register(people, paged(own, PEOPLE))
