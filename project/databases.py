"""Read the database and the cache from the environment, with what keeps their connections cheap and sound.

docs/deployment.md says which to choose when. What the query of DATABASE_URL says wins over all of this.
"""

import os
from collections.abc import Mapping
from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from project.environment import read_flag

SQLITE = "django.db.backends.sqlite3"
POSTGRESQL = "django.db.backends.postgresql"
# Our own, among those of psycopg: after so many seconds without use a connection is asked whether it lives.
IDLE_OPTION = "health_check_idle_seconds"
# A connection whose other end is gone without a word is given up after these, instead of after two hours.
_TCP = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
# Variable, PostgreSQL's own name of the limit.
_LIMITS = {
    "DATABASE_STATEMENT_TIMEOUT": "statement_timeout",
    "DATABASE_LOCK_TIMEOUT": "lock_timeout",
    "DATABASE_IDLE_TRANSACTION_TIMEOUT": "idle_in_transaction_session_timeout",
}


def read_database(*, default_url: str, environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Return DATABASES["default"]; raise ImproperlyConfigured for a variable that can't be meant.

    DATABASE_URL; CONN_MAX_AGE (seconds); DATABASE_POOL ("8" or "2-8" connections per process, which CONN_MAX_AGE is
    not for then); DATABASE_HEALTH_CHECK_SECONDS; DATABASE_PREPARE_THRESHOLD (uses of a statement before PostgreSQL
    keeps its plan; "off" behind a pooler that hands out a connection for each transaction and keeps no statements);
    DISABLE_SERVER_SIDE_CURSORS; and in seconds DATABASE_STATEMENT_TIMEOUT, DATABASE_LOCK_TIMEOUT,
    DATABASE_IDLE_TRANSACTION_TIMEOUT.
    """
    url = environ.get("DATABASE_URL", "").strip() or default_url
    database: dict[str, Any] = dict(dj_database_url.parse(url, conn_health_checks=True))
    database["CONN_MAX_AGE"] = _number("CONN_MAX_AGE", default=60, environ=environ)
    database["DISABLE_SERVER_SIDE_CURSORS"] = read_flag("DISABLE_SERVER_SIDE_CURSORS", default=False, environ=environ)
    own = dict(database.get("OPTIONS") or {})
    if database["ENGINE"] == SQLITE:
        # IMMEDIATE takes the write lock where the transaction begins: a later upgrade of a read lock fails at once
        # instead of waiting for `timeout` seconds.
        database["OPTIONS"] = {
            **own,
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        }
    elif database["ENGINE"] == POSTGRESQL:
        database["ENGINE"] = "project.postgresql"
        database["OPTIONS"] = {**_postgresql_options(environ), **own}
        if pool := _pool(environ):
            database["OPTIONS"]["pool"] = pool
            # Django refuses both together, and would ask each connection of a pool by a round trip.
            database |= {"CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": False}
    return database


def _postgresql_options(environ: Mapping[str, str]) -> dict[str, Any]:
    idle = _number("DATABASE_HEALTH_CHECK_SECONDS", default=30, environ=environ)
    options: dict[str, Any] = {**_TCP, IDLE_OPTION: idle}
    limits = {name: _number(variable, default=0, environ=environ) for variable, name in _LIMITS.items()}
    if any(limits.values()):
        options["options"] = " ".join(f"-c {name}={seconds}s" for name, seconds in limits.items() if seconds)
    # What is sent with its parameters apart is prepared: the provider's statements by hand, not those of the ORM.
    if environ.get("DATABASE_PREPARE_THRESHOLD", "").strip() != "off":
        options["prepare_threshold"] = _number("DATABASE_PREPARE_THRESHOLD", default=5, environ=environ)
    return options


def _pool(environ: Mapping[str, str]) -> dict[str, Any] | None:
    text = environ.get("DATABASE_POOL", "").strip()
    if not text:
        return None
    least, _dash, most = text.partition("-")
    if not (least.isdecimal() and (most or least).isdecimal() and 0 < int(most or least) >= int(least)):
        raise ImproperlyConfigured(f"DATABASE_POOL must be a number of connections, or two as in 2-8, not {text!r}.")
    return {"min_size": int(least), "max_size": int(most or least), "timeout": 10}


def _number(variable: str, *, default: int, environ: Mapping[str, str]) -> int:
    text = environ.get(variable, "").strip()
    if not text:
        return default
    if not text.isascii() or not text.isdecimal():
        raise ImproperlyConfigured(f"{variable} must be a whole number of 0 or more, not {text!r}.")
    return int(text)


def read_caches(*, environ: Mapping[str, str] = os.environ) -> dict[str, dict[str, Any]]:
    """Return CACHES: Redis or Valkey at CACHE_URL, apart for copies of sessions; or the memory of each process."""
    if url := environ.get("CACHE_URL", "").strip():
        # One that hangs must not hold the workers; a connection idle for half a minute is tried before it is used.
        waits = {"socket_connect_timeout": 2, "socket_timeout": 2, "health_check_interval": 30}
        backends = {"default": "RedisCache", "sessions": "SessionCopies"}
        return {
            alias: {"BACKEND": f"project.caches.{name}", "LOCATION": url, "OPTIONS": waits}
            for alias, name in backends.items()
        }
    return {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
