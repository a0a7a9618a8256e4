"""Read ``settings.PROVIDER_SITE`` and refuse what can't be meant."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


class SettingsReader:
    """The setting as written, and the kinds of values in it."""

    @cached_property
    def _user(self) -> Mapping[str, Any]:
        value = getattr(settings, "PROVIDER_SITE", {})
        if not isinstance(value, Mapping):
            raise ImproperlyConfigured("PROVIDER_SITE must be a dictionary.")
        return value

    def _whole(self, name: str, default: int, *, least: int, most: int) -> int:
        value = self._user.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ImproperlyConfigured(
                f"PROVIDER_SITE['{name}'] is a whole number from {least} to {most}, not {value!r}."
            )
        return value

    def _seconds(self, name: str, default: int) -> timedelta:
        value = self._user.get(name, default)
        return value if isinstance(value, timedelta) else timedelta(seconds=int(value))

    def reload(self) -> None:
        """Forget every computed value, so that the next access reads the settings again."""
        for name in [name for name in vars(self) if hasattr(type(self), name)]:
            delattr(self, name)
