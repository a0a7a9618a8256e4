"""Django admin's lists, paged by key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import PAGE_VAR, ChangeList
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.utils.html import conditional_escape
from django.utils.translation import gettext_lazy as _

from keyset_lists.order import BadPlace, columns
from keyset_lists.pages import AtLeast, KeysetPage, page_of

if TYPE_CHECKING:
    _Base = admin.ModelAdmin[Any]
else:  # a mixin, put before the class it is for
    _Base = object


class _Step:
    """A page beside this one: an address names it by its place, the link says which way it lies."""

    def __init__(self, place: str, label: Any) -> None:
        self.place, self.label = place, label

    def __str__(self) -> str:
        return self.place

    def __html__(self) -> str:
        return conditional_escape(self.label)


class _Steps:
    """What Django's template of the pages asks of a paginator."""

    ELLIPSIS = Paginator.ELLIPSIS
    num_pages = None  # nobody counts them

    def __init__(self, page: KeysetPage[Any]) -> None:
        self.page = page

    def get_elided_page_range(self, number: int) -> list[_Step]:
        """Return the links beside a list."""
        steps = []
        if self.page.previous:
            steps = [_Step("", _("First page")), _Step(self.page.previous, _("Previous"))]
        if self.page.next:
            steps.append(_Step(self.page.next, _("Next")))
        return steps


class KeysetChangeList(ChangeList):
    """A list that goes on from the row where the last page ended, sorted only by columns offered for it.

    Django's counts all rows and skips over those of earlier pages, and ``?o=`` sorts it by any column.
    """

    def get_ordering_field(self, field_name: Any) -> Any:
        """Return what the column is sorted by; ``None`` for a column that is not among ``sortable_by``."""
        if self.sortable_by is not None and field_name not in self.sortable_by:
            return None
        return super().get_ordering_field(field_name)

    def get_ordering(self, request: HttpRequest, queryset: Any) -> list[Any]:
        """Return the order by which rows can be told apart."""
        return [column.term for column in columns(self.lookup_opts, super().get_ordering(request, queryset))]

    def get_results(self, request: HttpRequest) -> None:
        """Read one page. Raises IncorrectLookupParameters for an address that names none."""
        try:
            page = page_of(self.queryset, request.GET.get(PAGE_VAR, ""), size=self.list_per_page)
        except BadPlace as error:
            raise IncorrectLookupParameters(error) from error
        self.paginator: Any = _Steps(page)
        self.result_list: Any = page.rows
        self.multi_page = not page.is_whole
        self.result_count = AtLeast(self.list_per_page) if self.multi_page else len(page)
        narrowed = bool(self.query) or self.has_active_filters
        # Where they are the same Django's search form says neither, and offers no way back to the whole list.
        self.full_result_count: Any = None if narrowed else self.result_count
        self.show_full_result_count = self.show_all = self.can_show_all = False
        self.show_admin_actions = True


class KeysetAdmin(_Base):
    """Mixed into a ModelAdmin: its list is paged by key. Subclasses answer for their filters and order being indexed.

    ``sortable_by`` names the columns with an index (none by default); an order is made of columns that are never empty.
    ``date_hierarchy`` stays unset, as it asks for the least and the greatest of all dates.
    """

    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    sortable_by: ClassVar[Any] = ()
    ordering: ClassVar[Any] = ("-pk",)
    date_hierarchy: ClassVar[Any] = None

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Return the list that is paged by key."""
        return KeysetChangeList
