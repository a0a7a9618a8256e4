"""Settings changed for longer than one test: pytest-django's fixture lives as long as its test."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.test import override_settings


class Overrides:
    """Set and read settings as attributes, until `restore`."""

    def __init__(self) -> None:
        object.__setattr__(self, "_enabled", [])

    def __getattr__(self, name: str) -> Any:
        return getattr(settings, name)

    def __setattr__(self, name: str, value: Any) -> None:
        override = override_settings(**{name: value})
        override.enable()
        self._enabled.append(override)

    def restore(self) -> None:
        """Put every setting back, the last one first."""
        while self._enabled:
            self._enabled.pop().disable()
