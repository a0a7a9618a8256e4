"""Whom a command is about."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError

from provider_site.services import people


def person(name: str) -> Any:
    """Return the account of a user name. Raises CommandError for nobody's."""
    found = people.named(name=name)
    if found is None:
        raise CommandError(f"Nobody has the user name {name!r}.")
    return found
