"""What a deletion takes along, read within bounds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.admin.utils import quote
from django.db.models import CASCADE, PROTECT, RESTRICT
from django.db.models.deletion import get_candidate_relations_to_delete
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.text import capfirst

LISTED = 10


class _Found:
    """The rows one deletion takes, by model; at most ``bound`` and one of each are read."""

    def __init__(self, *, bound: int, spared: Iterable[Any]) -> None:
        self.bound = bound
        self.spared = frozenset(spared)
        self.rows: dict[Any, dict[Any, Any]] = {}
        self.protected: list[Any] = []

    def add(self, model: Any, rows: Iterable[Any]) -> None:
        """Note rows of a model and, once each, what hangs on them."""
        known = self.rows.setdefault(model, {})
        new = [row for row in rows if row.pk not in known]
        known.update({row.pk: row for row in new})
        if new:
            self._follow(model, new)

    def _follow(self, model: Any, parents: list[Any]) -> None:
        relations: Iterable[Any] = get_candidate_relations_to_delete(model._meta)
        for relation in relations:
            field, related = relation.field, relation.related_model
            on_delete = field.remote_field.on_delete
            if on_delete not in {CASCADE, PROTECT, RESTRICT} or field in self.spared:
                continue
            room = self.bound + 1 - len(self.rows.get(related, {}))
            if room <= 0:
                continue
            # By the primary key of few parents: the index of the foreign key answers, and the database stops early.
            rows = related._base_manager.filter(**{f"{field.name}__in": parents})[:room]
            if on_delete is CASCADE:
                self.add(related, rows)
            else:
                self.protected.extend(rows[:LISTED])
        generic: Iterable[Any] = model._meta.private_fields
        for field in generic:
            if hasattr(field, "bulk_related_objects"):  # a generic relation cascades too
                self.add(field.related_model, field.bulk_related_objects(parents)[: self.bound + 1])


def _shown(site: AdminSite, row: Any) -> Any:
    """Return a row in words, with a link where it has a page."""
    meta = row._meta
    kind = capfirst(meta.verbose_name)
    if site.is_registered(type(row)):
        try:
            address = reverse(f"{site.name}:{meta.app_label}_{meta.model_name}_change", args=(quote(row.pk),))
        except NoReverseMatch:
            return f"{kind}: {row}"
        return format_html('{}: <a href="{}">{}</a>', kind, address, row)
    return f"{kind}: {row}"


def _lacking(site: AdminSite, request: HttpRequest, rows: dict[Any, dict[Any, Any]]) -> set[Any]:
    """Return the kinds this person may not delete, asked as Django does: of each row that has an admin."""
    return {
        model._meta.verbose_name
        for model, found in rows.items()
        if site.is_registered(model)
        and not all(site.get_model_admin(model).has_delete_permission(request, row) for row in found.values())
    }


def get_deleted_objects(
    objs: Any, request: HttpRequest, admin_site: AdminSite, *, bound: int, spared: Iterable[Any] = ()
) -> tuple[list[Any], dict[Any, Any], set[Any], list[Any]]:
    """Return what ``django.contrib.admin.utils.get_deleted_objects`` does, reading at most ``bound`` rows a kind.

    Counts above it read "1,000+"; of each kind ten rows are named. What is protected is found as long as it hangs on
    one of the rows read. ``spared`` are foreign keys whose rows the caller keeps.
    """
    roots = list(objs[: bound + 1])
    if not roots:
        return [], {}, set(), []
    found = _Found(bound=bound, spared=spared)
    found.add(type(roots[0]), roots)

    def count(number: int) -> Any:
        return f"{bound:,}+" if number > bound else number

    tree: list[Any] = []
    for model, rows in found.rows.items():
        if not rows:
            continue
        names = [_shown(admin_site, row) for row in list(rows.values())[:LISTED]]
        if len(rows) > LISTED:
            names = [f"{capfirst(model._meta.verbose_name_plural)}: {count(len(rows))}", [*names, "…"]]
        tree.extend(names)
    counts = {model._meta.verbose_name_plural: count(len(rows)) for model, rows in found.rows.items() if rows}
    protected = [_shown(admin_site, row) for row in found.protected[:LISTED]]
    return tree, counts, _lacking(admin_site, request, found.rows), protected
