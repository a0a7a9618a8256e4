"""Describe what was measured on, without naming the machine."""

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_DISTRIBUTIONS = ("Django", "django-oauth-toolkit", "oauthlib", "psycopg", "gunicorn", "granian")


def cpu_model(text: str) -> str:
    """Return the processor's name from the text of /proc/cpuinfo."""
    return next((line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")), "")


def memory_gib(text: str) -> int:
    """Return the memory in GiB from the text of /proc/meminfo."""
    line = next(line for line in text.splitlines() if line.startswith("MemTotal:"))
    return round(int(line.split()[1]) / 2**20)


def node_version() -> str:
    """Return Node.js's version, empty without it."""
    try:
        return subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    except (FileNotFoundError, subprocess.CalledProcessError):
        return ""


def describe(postgresql: str, peer: str) -> dict[str, str]:
    """Return words for the processor, the memory, and the version of everything that takes part."""
    found = {
        "processor": cpu_model(Path("/proc/cpuinfo").read_text()) or platform.machine(),
        "cores": str(os.cpu_count()),
        "memory": f"{memory_gib(Path('/proc/meminfo').read_text())} GiB",
        "Linux": platform.release().partition("-")[0],
        "Python": platform.python_version(),
        "PostgreSQL": postgresql,
        "Node.js": node_version(),
        "oidc-provider": peer,
    }
    for name in _DISTRIBUTIONS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return {name: words for name, words in found.items() if words}
