"""The admin page of accounts: Django's, which knows what the provider keeps of a person."""

from django.apps import apps
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import UserAdmin


def register() -> None:
    """Register the page in the place of Django's, where this process serves the provider at all."""
    if not apps.is_installed("provider_site"):
        return
    from provider_site.admin.bounded import BoundedPaginator  # noqa: PLC0415  absent where the consumer is alone
    from provider_site.admin.people import PersonDeletion  # noqa: PLC0415  as above

    class PersonAdmin(PersonDeletion, UserAdmin):  # type: ignore[type-arg]  # no generic at run time
        """Accounts, listed within bounds; deleting one keeps its applications and the audit trail."""

        paginator = BoundedPaginator
        show_full_result_count = False
        show_facets = admin.ShowFacets.NEVER

    people = get_user_model()
    admin.site.unregister(people)
    admin.site.register(people, PersonAdmin)
