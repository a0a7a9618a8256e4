"""The browsers' own sessions, which Django keeps: all of them ended at once."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.conf import settings
from django.core.cache import caches
from django.utils import timezone

from provider_site.models import Profile
from provider_site.storage import batches

BATCH = 1000


def end_every() -> int:
    """Sign every browser out; return how many sessions there were rows of.

    On every site that keeps its sessions in this database. Where they have no rows, as in signed cookies, those of
    people with a profile end by the moment that it names.
    """
    Profile.objects.update(signed_out_at=timezone.now())
    store: Any = import_module(settings.SESSION_ENGINE).SessionStore
    if not hasattr(store, "get_model_class"):
        return 0
    rows = store.get_model_class()._default_manager.all()
    ended = 0
    for keys in batches.of_keys(rows, "session_key", size=BATCH):
        ended += rows.filter(session_key__in=keys).delete()[0]
        if prefix := getattr(store, "cache_key_prefix", ""):
            # After the rows: what is read anew from now on finds none.
            caches[settings.SESSION_CACHE_ALIAS].delete_many([prefix + key for key in keys])
    return ended
