"""Get the programs that some tests need from Debian's packages, where this machine lets us."""

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Program:
    """What tests need, the package that has it, and how to see whether it is there."""

    name: str
    package: str
    present: Callable[[], bool]


def on_path(*names: str) -> Callable[[], bool]:
    """Return a check for any of the commands."""
    return lambda: any(shutil.which(name) for name in names)


def has_postgresql() -> bool:
    """Look for the server's programs too where Debian keeps them, off PATH."""
    return bool(shutil.which("initdb") or list(Path("/usr/lib/postgresql").glob("*/bin/initdb")))


def has_pgbouncer() -> bool:
    """Look too where Debian keeps it, off people's PATH."""
    return bool(shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin"))


def has_nginx() -> bool:
    """Look too where Debian keeps it, off people's PATH."""
    return bool(shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin"))


def has_chromium() -> bool:
    """Look where CHROMIUM points, then on PATH."""
    return any(shutil.which(name) for name in (os.environ.get("CHROMIUM") or "", "chromium", "google-chrome") if name)


def has_chinese_font() -> bool:
    """Look where Debian keeps it, or ask fontconfig for any font that covers Chinese."""
    if list(Path("/usr/share/fonts").glob("**/NotoSansCJK*")):
        return True
    if not shutil.which("fc-list"):
        return False
    return bool(subprocess.run(["fc-list", ":lang=zh-cn"], capture_output=True, check=False).stdout.strip())


def has_node() -> bool:
    """Ask for version 20: the clients that tests drive need it, and an older Debian has an older one."""
    if not shutil.which("node"):
        return False
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout
    return version.startswith("v") and int(version[1:].partition(".")[0]) >= 20


PROGRAMS = (
    Program("Chromium", "chromium", has_chromium),
    Program("PostgreSQL", "postgresql", has_postgresql),
    Program("Redis", "redis-server", on_path("redis-server", "valkey-server")),
    Program("PgBouncer", "pgbouncer", has_pgbouncer),
    Program("nginx", "nginx-light", has_nginx),
    Program("curl", "curl", on_path("curl")),
    Program("faketime", "faketime", on_path("faketime")),
    Program("OpenSSL", "openssl", on_path("openssl")),
    Program("GNU gettext", "gettext", on_path("msgfmt")),
    Program("Node.js", "nodejs", has_node),
    Program("npm", "npm", on_path("npm")),
    Program("Chinese fonts", "fonts-noto-cjk", has_chinese_font),
)


def apt_get() -> list[str] | None:
    """Return the command that may install packages here without asking anybody, or None."""
    if not shutil.which("apt-get"):
        return None
    if os.geteuid() == 0:
        return ["apt-get"]
    if (
        shutil.which("sudo")
        and subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0
    ):
        return ["sudo", "-n", "apt-get"]
    return None


def missing(programs: Sequence[Program] = PROGRAMS) -> list[Program]:
    """Return what is not there."""
    return [program for program in programs if not program.present()]


def provide(programs: Sequence[Program] = PROGRAMS) -> list[Program]:
    """Install what is missing if we may; return what is still missing afterwards."""
    wanted = missing(programs)
    command = apt_get()
    if not wanted or command is None:
        return wanted
    names = [program.package for program in wanted]
    print(f"Installing Debian packages: {', '.join(names)} …", flush=True)
    # A package that starts its server on installation would take a port and keep running after the tests.
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for arguments in (["update", "-qq"], ["install", "-qq", "--yes", "--no-install-recommends", *names]):
        subprocess.run([*command, *arguments], stdout=subprocess.DEVNULL, env=environment, check=False)
    return missing(programs)
