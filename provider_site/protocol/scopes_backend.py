"""DOT's scopes backend over this site's catalogue and each application's registered scopes."""

from __future__ import annotations

from typing import Any

from oauth2_provider.scopes import BaseScopes

from provider_site.policy.scopes import catalog, in_order


class ScopesBackend(BaseScopes):
    """Offer an application the scopes it is registered for, and nothing by default (RFC 6749 3.3)."""

    def get_all_scopes(self) -> dict[str, str]:
        """Return every scope of the site with its words."""
        return {name: str(scope.title) for name, scope in catalog().items()}

    def get_available_scopes(
        self, application: Any = None, request: Any = None, *args: Any, **kwargs: Any
    ) -> list[str]:
        """Return the scopes ``application`` may ask for; without one (discovery), every scope of the site."""
        if application is None:
            return list(catalog())
        if not hasattr(application, "_registered_scope_names"):
            application._registered_scope_names = in_order(
                application.registered_scopes.values_list("scope", flat=True)
            )
        names: list[str] = application._registered_scope_names
        return names

    def get_default_scopes(self, application: Any = None, request: Any = None, *args: Any, **kwargs: Any) -> list[str]:
        """Return no scope: an application asks for what it wants by name."""
        return []
