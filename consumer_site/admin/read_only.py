"""Pages that show and never change."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest


class ReadOnly:
    """For the admin of records that come from what happened."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: records come from what happened."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: what happened does not change."""
        return False
