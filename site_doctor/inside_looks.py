"""What only the server itself sees, of any Django site: database, migrations, cache, tasks, files, settings."""

from __future__ import annotations

import os
import secrets
import time
from typing import Any

from django.apps import apps
from django.core import checks
from django.core.cache import caches
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from site_doctor import host_rules
from site_doctor.findings import Doubtful, Look, NotLookedAt, NotWell

_NAMED = 8
_WAITS_WARN, _WAITS_FAIL = 120, 900


def system_checks() -> str:
    """Look at what ``check --deploy`` says."""
    found = [one for one in checks.run_checks(include_deployment_checks=True) if not one.is_silenced()]
    serious = [str(one.id) for one in found if one.level >= checks.ERROR]
    doubtful = [str(one.id) for one in found if checks.WARNING <= one.level < checks.ERROR]
    if serious:
        raise NotWell(", ".join(serious[:_NAMED]))
    if doubtful:
        raise Doubtful(", ".join(doubtful[:_NAMED]))
    return "nothing to report"


def database() -> str:
    """Look whether the database answers, and how fast."""
    began = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    told = f"{connection.vendor} {'.'.join(map(str, connection.get_database_version()))}"
    return f"{told}, {1000 * (time.perf_counter() - began):.1f} ms"


def isolation() -> str:
    """Look whether transactions see what others have committed, as the conditional updates here expect."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA journal_mode")
            mode = str(cursor.fetchone()[0]).lower()
            if mode not in {"wal", "memory"}:
                raise Doubtful(f"journal_mode is {mode}: who reads waits for who writes")
            return f"journal_mode {mode}"
        if connection.vendor != "postgresql":
            raise NotLookedAt(f"not known for {connection.vendor}")
        cursor.execute("SHOW transaction_isolation")
        level = str(cursor.fetchone()[0])
    if level != "read committed":
        raise NotWell(f"transactions are {level}: two that meet fail, where one should wait")
    return level


def migrations() -> str:
    """Look whether the tables are those of this release."""
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        names = [f"{migration.app_label}.{migration.name}" for migration, _backwards in waiting]
        raise NotWell(f"{len(names)} to apply: {', '.join(names[:_NAMED])}")
    return "all applied"


def database_clock() -> str:
    """Look how far the database's clock is from this machine's."""
    if connection.vendor != "postgresql":
        raise NotLookedAt("the database has no clock of its own")
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        apart = abs((cursor.fetchone()[0] - timezone.now()).total_seconds())
    if apart > 30:
        raise NotWell(f"{apart:.0f} seconds apart")
    return f"{apart:.1f} seconds apart"


def cache() -> str:
    """Look whether the cache keeps what it is given, and whether all processes have the same one."""
    chosen, name, word = caches["default"], f"site_doctor.{secrets.token_hex(8)}", secrets.token_hex(8)
    if isinstance(chosen, DummyCache):
        raise NotWell("it keeps nothing: guesses are not limited")
    chosen.set(name, word, 30)
    kept = chosen.get(name)
    chosen.delete(name)
    # A cache may have something of its own to answer by while its server is away.
    if getattr(chosen, "is_gone", False):
        raise NotWell("its server does not answer")
    if kept != word:
        raise NotWell("it forgets at once")
    if isinstance(chosen, LocMemCache):
        if host_rules.workers(os.environ) > 1:
            raise NotWell("each process has one of its own: limits hold in each alone")
        raise Doubtful("each process has one of its own: right for one process only")
    return type(chosen).__name__


def tasks() -> str:
    """Look whether a worker takes tasks."""
    if not apps.is_installed("django_tasks_db"):
        raise NotLookedAt("tasks are not in the database")
    models: Any = apps.get_app_config("django_tasks_database")
    rows = models.get_model("DBTaskResult")._default_manager
    oldest = rows.ready().order_by("enqueued_at").values_list("enqueued_at", flat=True).first()
    if oldest is None:
        last = rows.exclude(finished_at=None).order_by("-finished_at").values_list("finished_at", flat=True).first()
        return "none waits" + (f"; the last was done {last:%Y-%m-%d %H:%M} UTC" if last else "; none was ever done")
    waits = (timezone.now() - oldest).total_seconds()
    if waits > _WAITS_FAIL:
        raise NotWell(f"the oldest has waited for {waits / 60:.0f} minutes: no worker is alive")
    if waits > _WAITS_WARN:
        raise Doubtful(f"the oldest has waited for {waits:.0f} seconds")
    return f"the oldest has waited for {waits:.0f} seconds"


def files() -> str:
    """Look whether uploads can be written."""
    if not isinstance(default_storage, FileSystemStorage) and not hasattr(default_storage, "location"):
        raise NotLookedAt("they are not on this machine")
    place = str(default_storage.location)
    there = place
    while there and not os.path.exists(there):  # noqa: PTH110 - the directory is made with the first upload
        there = os.path.dirname(there)  # noqa: PTH120
    if not os.access(there, os.W_OK):
        raise NotWell(f"{place} can't be written")
    return place


LOOKS = (
    Look("settings", "", "manage.py check --deploy; docs/checks.md", system_checks),
    Look("database", "", "DATABASE_URL, and whether the server is up.", database),
    Look("isolation", "RFC 6749 10.5", "OPTIONS without isolation_level; SQLite: PRAGMA journal_mode=WAL", isolation),
    Look("migrations", "", "manage.py migrate", migrations),
    Look("database-clock", "", "Set both clocks by NTP.", database_clock),
    Look("cache", "RFC 6749 10.10", "CACHE_URL=redis://… on every host the same", cache),
    Look("tasks", "", "Run manage.py db_worker --queue-name '*', twice or more.", tasks),
    Look("files", "", "MEDIA_ROOT, and the rights of its directory.", files),
)
