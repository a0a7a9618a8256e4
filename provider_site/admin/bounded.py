"""Admin pages that stay quick whatever the size of the tables: no page counts, sorts or lists without a bound."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from keyset_lists import AtLeast, KeysetAdmin
from provider_site.admin.bounded_deletion import get_deleted_objects

BOUND = 1000
WORDS = 16
# Said by keyset_lists; marked here, they are extracted into our catalogue.
SAID_BY_THE_LISTS = (gettext_noop("First page"), gettext_noop("Previous"), gettext_noop("Next"))
_SUFFIXES = ("", "__exact", "__isnull", "__isempty", "__gte", "__lt")


class BoundedPaginator(Paginator):  # type: ignore[type-arg]  # no generic at run time
    """Count and page within the first ``bound`` rows; a page behind them is none (``EmptyPage``).

    For what Django pages by numbers beside its lists, such as the history of a row. The database stops at the bound.
    """

    bound = BOUND

    @cached_property
    def count(self) -> int:
        """The number of rows, or ``AtLeast(bound)`` where there are more."""
        rows = self.object_list
        if not isinstance(rows, QuerySet):
            return len(rows)
        # Neither order nor joined columns change a count.
        found = rows.order_by().select_related(None)[: self.bound + 1].count()
        return AtLeast(self.bound) if found > self.bound else found


class BoundedDeletion:
    """For a ModelAdmin: a deletion's confirmation counts each kind of row up to a bound, and lists a few."""

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Return what Django's ``get_deleted_objects`` returns, read within bounds."""
        return get_deleted_objects(objs, request, self.admin_site, bound=BOUND)  # type: ignore[attr-defined]  # the admin's


class BoundedAdmin(BoundedDeletion, KeysetAdmin, admin.ModelAdmin):  # type: ignore[type-arg]  # no generic at run time
    """A ModelAdmin whose pages have bounds. Subclasses answer for their filters and their order being indexed.

    ``linked_lookups`` names query parameters that other pages link to, such as ``application__id__exact``; beyond these
    and the filters no lookup is let in from an address.
    """

    paginator = BoundedPaginator
    linked_lookups: ClassVar[tuple[str, ...]] = ()

    def _filter_names(self, request: HttpRequest) -> Iterator[str]:
        for entry in self.get_list_filter(request):
            named = entry[0] if isinstance(entry, tuple | list) else entry
            yield named if isinstance(named, str) else str(getattr(named, "parameter_name", ""))

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Allow what the filters and other pages ask for; Django's allows any lookup of a column of one's own."""
        if "\x00" in value:  # PostgreSQL refuses the query
            return False
        if lookup in self.linked_lookups:
            return True
        names = self._filter_names(request) if request is not None else iter(())
        return any(lookup == name + suffix for name in names if name for suffix in _SUFFIXES)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Search the first words: each is one more condition on every row, and a database refuses a thousand."""
        words = search_term.split()
        return super().get_search_results(
            request, queryset, " ".join(words[:WORDS]) if len(words) > WORDS else search_term
        )

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **kwargs: Any
    ) -> HttpResponse | None:
        """Run an action on the rows ticked, or on all that match while they are within the bound."""
        if request.POST.get("select_across", "0") not in {"", "0"}:
            keys = list(queryset.order_by().values_list("pk", flat=True)[: BOUND + 1])
            if len(keys) > BOUND:
                text = _("These are more than %(bound)s: narrow the list by a search or a filter first.")
                self.message_user(request, text % {"bound": f"{BOUND:,}"}, messages.WARNING, fail_silently=True)
                return None
        return super().response_action(request, queryset, *args, **kwargs)
