"""Other apps' lists in the one admin, paged by key and searched by what has an index."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from keyset_lists import KeysetAdmin

Search = Callable[[QuerySet[Any], str], QuerySet[Any]]

# Of those whose names begin alike.
_ALIKE = 50


def people_alike(term: str) -> list[Any]:
    """Return the keys of the people of this very user name or address, else of some whose user name begins so."""
    model = get_user_model()
    rows, name = model._default_manager.all(), model.USERNAME_FIELD
    found = list(rows.filter(**{name: term}).values_list("pk", flat=True))
    found += EmailAddress.objects.filter(email=term.lower()).values_list("user", flat=True)[:_ALIKE]
    if found:
        return found
    return list(rows.filter(**{f"{name}__startswith": term}).order_by(name).values_list("pk", flat=True)[:_ALIKE])


def _themselves(rows: QuerySet[Any], term: str) -> QuerySet[Any]:
    return rows.filter(pk__in=people_alike(term))


def _of_people(rows: QuerySet[Any], term: str) -> QuerySet[Any]:
    return rows.filter(user__in=people_alike(term))


def _accounts_elsewhere(rows: QuerySet[Any], term: str) -> QuerySet[Any]:
    from allauth.socialaccount.models import SocialApp  # noqa: PLC0415  absent where the provider is alone
    from allauth.socialaccount.providers import registry  # noqa: PLC0415  as above

    # The index begins with the provider: each known one is asked for.
    known = {one.id for one in registry.get_class_list()}
    known.update(filter(None, SocialApp.objects.values_list("provider_id", flat=True)[:1000]))
    exact = rows.filter(provider__in=known, uid=term).order_by().values_list("pk", flat=True)[:_ALIKE]
    return rows.filter(Q(pk__in=list(exact))) if exact else _of_people(rows, term)


@dataclass(frozen=True, slots=True)
class Listing:
    """How a list of another app is shown: what it is narrowed to by an index, sorted by, and searched by."""

    filters: tuple[str, ...] = ()
    ordering: tuple[str, ...] = ("-pk",)
    search: Search | None = None
    help_text: str | Promise = ""
    related: tuple[str, ...] = ()


_PEOPLE = _("An exact user name or e-mail address, or how a user name begins.")
LISTINGS = {
    "account.EmailAddress": Listing(search=_of_people, help_text=_PEOPLE, related=("user",)),
    "auth.Group": Listing(ordering=("name",)),
    # The project's migration has the indexes.
    "django_tasks_database.DBTaskResult": Listing(filters=("status",), ordering=("-enqueued_at",)),
    "mfa.Authenticator": Listing(search=_of_people, help_text=_PEOPLE, related=("user",)),
    "socialaccount.SocialAccount": Listing(
        search=_accounts_elsewhere,
        help_text=_("An exact ID at the provider, user name or e-mail address, or how a user name begins."),
        related=("user",),
    ),
}
PEOPLE = Listing(
    filters=("is_staff", "is_superuser", "is_active", "groups"),
    ordering=("username",),
    search=_themselves,
    help_text=_PEOPLE,
)


def paged(own: type[admin.ModelAdmin[Any]], listing: Listing) -> type[admin.ModelAdmin[Any]]:
    """Return a ModelAdmin like ``own`` whose list is paged by key."""

    class Paged(KeysetAdmin, own):  # type: ignore[misc, valid-type]  # chosen when the admin is set up
        list_filter = listing.filters
        ordering = listing.ordering
        list_select_related = listing.related or own.list_select_related
        search_help_text = listing.help_text or None

        def get_search_fields(self, request: HttpRequest) -> Any:
            """Show the field where there is a search."""
            return ("pk",) if listing.search is not None else ()

        def get_search_results(
            self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
        ) -> tuple[QuerySet[Any], bool]:
            """Search by what has an index, where Django's compares every row with the words."""
            term = search_term.strip()
            if not term or listing.search is None:
                return queryset, False
            return (listing.search(queryset, term) if "\x00" not in term else queryset.none()), False

    Paged.__name__ = Paged.__qualname__ = own.__name__
    Paged.__doc__ = own.__doc__
    return Paged


def replace(site: admin.AdminSite) -> None:
    """Put a list that is paged by key in the place of each that is not: those named above, and whatever else is there.

    What nobody has looked at is shown by its primary key, without filters and without a search.
    """
    registered: list[tuple[type[Model], Any]] = list(site._registry.items())
    for model, shown in registered:
        if isinstance(shown, KeysetAdmin):
            continue
        site.unregister(model)
        site.register(model, paged(type(shown), LISTINGS.get(model._meta.label, Listing())))
