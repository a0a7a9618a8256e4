"""A database that was restored from a backup, made fit to serve: what had ended since must not live again."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.cache import caches
from django.db import transaction

from consumer_site.logout.sessions import store_class
from consumer_site.models import SessionLink, StoredToken


def restored() -> dict[str, int]:
    """End every session and forget every token of a provider's; return how many of each. Safe to repeat.

    Refresh tokens have been renewed since the backup, and one that is used twice looks stolen to its provider. Accounts
    that were disconnected since are connected again, without tokens.
    """
    with transaction.atomic():
        tokens = StoredToken.objects.all().delete()[0]
        links = SessionLink.objects.all().delete()[0]
        store: Any = store_class()
        # Sessions in a cookie have no row; those that an account opened end with their link.
        rows = store.get_model_class()._default_manager.all() if hasattr(store, "get_model_class") else None
        sessions = rows.delete()[0] if rows is not None else links
    for alias in settings.CACHES:
        # It knows sessions of rows that are not there.
        caches[alias].clear()
    return {"sessions": sessions, "stored tokens": tokens}
