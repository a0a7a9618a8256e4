"""What a site needs in order to serve: each need has a name and a function that raises where it isn't met."""

from __future__ import annotations

import pkgutil
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from django.apps import apps
from django.core.cache import cache
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder


class NotReady(Exception):
    """A need isn't met; the words go to the log, and hold no secret."""


@dataclass(frozen=True, slots=True)
class Check:
    """A need. Where one that is not `required` isn't met, the site is slower and serves all the same."""

    name: str
    run: Callable[[], None]
    required: bool = True


_registered: dict[str, Check] = {}


def register(name: str, run: Callable[[], None], *, required: bool = True) -> None:
    """Have `run` called at each question whether the site is ready; it raises, and what is not NotReady counts too.

    It runs in a thread of its own, with a database connection of its own.
    """
    _registered[name] = Check(name, run, required)


def registered() -> tuple[Check, ...]:
    """Return all checks, those that every site has first."""
    return (*_EVERY_SITES, *_registered.values())


def ask_database() -> None:
    """Raise unless the database answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()


def ask_cache() -> None:
    """Raise unless the cache keeps what it is given."""
    word = secrets.token_hex(8)
    cache.set("site_monitoring.probe", word, 10)
    if cache.get("site_monitoring.probe") is None:
        raise NotReady("the cache forgets at once")
    # A cache may have something of its own to answer by while its server is away.
    if getattr(cache, "is_gone", False):
        raise NotReady("the cache's server is gone")


class _Migrated:
    """What was applied once stays applied for as long as this process lives: it asks until then."""

    done = False


_migrated = _Migrated()


def ask_migrations() -> None:
    """Raise unless every migration of this release is recorded; one more in the database is a newer release's.

    Names are compared, and no migration is imported: `migrate` records the name of a squashed one as well.
    """
    if _migrated.done:
        return
    missing = _names() - set(MigrationRecorder(connection).applied_migrations())
    if missing:
        label, name = min(missing)
        raise NotReady(f"{len(missing)} migrations are not applied, {label}.{name} among them")
    _migrated.done = True


def forget() -> None:
    """Ask for everything anew, as a process that has just begun does."""
    _migrated.done = False


def _names() -> set[tuple[str, str]]:
    names = set()
    for config in apps.get_app_configs():
        module_name, _explicit = MigrationLoader.migrations_module(config.label)
        if module_name is None or (config.module is not None and not _has_migrations(config.name, module_name)):
            continue
        for module in pkgutil.iter_modules(import_module(module_name).__path__):
            if not module.ispkg and module.name[0] not in "_~":
                names.add((config.label, module.name))
    return names


def _has_migrations(app: str, module_name: str) -> bool:
    """Tell whether there is such a package: an app need not have migrations."""
    if not module_name.startswith(f"{app}."):
        return True  # chosen by MIGRATION_MODULES, so it is there
    own = module_name.removeprefix(f"{app}.")
    return any(module.name == own for module in pkgutil.iter_modules(import_module(app).__path__))


_EVERY_SITES = (
    Check("database", ask_database),
    # Sessions are read from their rows, and limits counted by each process, while there is none.
    Check("cache", ask_cache, required=False),
    Check("migrations", ask_migrations),
)
