"""Applications found by what an administrator types: by the beginning of a name or client ID, which indexes answer."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from provider_site.services.applications import application_model

HELP = _("An exact client ID, or how a client ID or a name begins.")
_ALIKE = 100


def keys_of(term: str) -> list[Any]:
    """Return the keys of the application of this very client ID, else of some whose name or client ID begins so.

    A name is sought as typed, in small letters and with capitals: a comparison that ignores case reads every row.
    """
    term = term.strip()
    if not term or "\x00" in term:
        return []
    rows = application_model()._default_manager.order_by()
    if exact := list(rows.filter(client_id=term).values_list("pk", flat=True)):
        return exact
    spellings = {term, term.lower(), term.upper(), term.title(), term[:1].upper() + term[1:], term.capitalize()}
    alike = reduce(or_, (Q(name__startswith=spelling) for spelling in sorted(spellings)))
    found = [*rows.filter(alike).values_list("pk", flat=True)[:_ALIKE]]
    found += rows.filter(client_id__startswith=term).values_list("pk", flat=True)[:_ALIKE]
    return found
