"""Pages that show and never change."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_noop

# Said by keyset_lists; marked here, they are extracted into our catalogue.
SAID_BY_THE_LISTS = (gettext_noop("First page"), gettext_noop("Previous"), gettext_noop("Next"))


class ReadOnly:
    """For the admin of records that come from what happened."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: records come from what happened."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: what happened does not change."""
        return False
