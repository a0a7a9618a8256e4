"""The link of a view to oauthlib, made for each view class from its own settings."""

from __future__ import annotations

from typing import Any

from oauth2_provider.views import mixins


class OAuthLibMixin(mixins.OAuthLibMixin):
    """DOT's mixin, but that a subclass with a server or validator of its own does not go on with its parent's core."""

    @classmethod
    def get_oauthlib_core(cls) -> Any:
        """Return the core of this very class, made at its first use: DOT asks ``hasattr``, which finds a parent's."""
        if "_oauthlib_core" not in vars(cls):
            cls._oauthlib_core = cls.get_oauthlib_backend_class()(cls.get_server())
        return super().get_oauthlib_core()
