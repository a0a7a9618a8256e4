"""The settings of claims: what a host knows of people beyond what is kept here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from provider_site.settings_reader import SettingsReader


class ClaimSettings(SettingsReader):
    """Where claims come from that this app has no column for, and who proves what people say of themselves."""

    @cached_property
    def host_claims(self) -> Callable[[Any], Mapping[str, Any]] | None:
        """``CLAIMS``: callable or dotted path, user to a dictionary of claims of the host's own data; none.

        They take the place of what is known here (``None``: nothing is told); a nickname and an avatar that the person
        chose stay. An application is told those that a scope it was allowed opens: for other claims than those of
        OpenID Core 5.1, add a scope to ``SCOPES``. Whoever returns ``email`` or ``phone_number`` says beside it whether
        it is verified; otherwise it is not. A value of the wrong type is left out, and logged without the value.

        Raises ImproperlyConfigured for what can't be called, ImportError for a path that leads nowhere.
        """
        return self._callable("CLAIMS")

    @cached_property
    def phone_verified(self) -> Callable[[Any, str], bool]:
        """``PHONE_VERIFIED``: callable or dotted path, user and number to bool: is it proven theirs? Default: never.

        The number is the one people gave in their profile, as E.164 (``+4930123456``): they may change it at any time,
        so it has to be that very number which was proven.

        Raises ImproperlyConfigured for what can't be called, ImportError for a path that leads nowhere.
        """
        return self._callable("PHONE_VERIFIED") or (lambda _user, _number: False)

    def _callable(self, name: str) -> Callable[..., Any] | None:
        value = self._user.get(name)
        if value is None:
            return None
        found: Any = import_string(value) if isinstance(value, str) else value
        if not callable(found):
            raise ImproperlyConfigured(f"PROVIDER_SITE['{name}'] is a function, or the dotted path of one.")
        known: Callable[..., Any] = found
        return known
