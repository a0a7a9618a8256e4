"""Lists of any length, paged by key: no page counts the rows or skips over those before it. A leaf of both apps."""

from keyset_lists.admin import KeysetAdmin, KeysetChangeList
from keyset_lists.order import BadPlace
from keyset_lists.pages import AtLeast, KeysetPage, page_of

__all__ = ["AtLeast", "BadPlace", "KeysetAdmin", "KeysetChangeList", "KeysetPage", "page_of"]
