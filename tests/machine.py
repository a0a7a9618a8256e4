"""Find the programs some tests need, and say by name which one is missing."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest


def missing(name: str, package: str) -> NoReturn:
    """Skip the running test for want of `name`; fail it instead where CI=true promises that everything is there."""
    message = f"{name} is not installed (Debian package: {package})"
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


def chromium() -> str:
    """Return the path of Chromium; CHROMIUM in the environment comes first."""
    for candidate in (os.environ.get("CHROMIUM"), "chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(candidate) if candidate else None
        if found:
            return found
    missing("Chromium", "chromium")


def redis_server() -> str:
    """Return the path of a Redis or Valkey server."""
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    return found or missing("Redis", "redis-server")


def postgresql_programs() -> Path:
    """Return the directory of PostgreSQL's newest initdb and postgres, which Debian keeps off PATH."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if versions:
        return versions[-1].parent
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    missing("PostgreSQL", "postgresql")


def pgbouncer() -> str:
    """Return the path of PgBouncer, which Debian keeps off people's PATH."""
    found = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    return found or missing("PgBouncer", "pgbouncer")


def node(clients: Path) -> str:
    """Return the path of Node.js, once the npm packages that `clients` locks are installed there."""
    found = shutil.which("node")
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout if found else "v0"
    if found is None or int(version[1:].partition(".")[0]) < 20:
        missing("Node.js 20", "nodejs")
    if not (clients / "node_modules" / ".lock-digest").exists():
        missing("What package-lock.json in tests/interop names", "npm, and then .ci/clients.py")
    return found


def gettext(program: str) -> str:
    """Return the path of one of GNU gettext's programs."""
    return shutil.which(program) or missing("GNU gettext", "gettext")


def nginx() -> str:
    """Return the path of nginx, which Debian keeps off people's PATH."""
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    return found or missing("nginx", "nginx-light")


def faketime() -> Path:
    """Return the library that gives a process another clock."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    return found[0] if found else missing("faketime", "faketime")
