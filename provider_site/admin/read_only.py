"""Pages that show and never change."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # django-stubs' generic is not subscriptable at run time
    """Show records that only the site's own services write."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: records come from what happened."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: what happened does not change."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse here; deleting the account or application a record belongs to takes it along."""
        return not self._is_own_page(request) and super().has_delete_permission(request, obj)

    def _is_own_page(self, request: HttpRequest) -> bool:
        match = request.resolver_match
        model = f"{self.opts.app_label}_{self.opts.model_name}_"
        return match is not None and (match.url_name or "").startswith(model)
