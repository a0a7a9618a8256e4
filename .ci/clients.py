"""Make tests/interop/node_modules hold what its lock file names; do nothing when it does already.

The interoperability tests drive OpenID Connect clients of other languages. Their packages come from whatever registry
npm is configured for, are checked against the lock's hashes, and run no scripts when installed.
"""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

DIRECTORY = Path(__file__).resolve().parent.parent / "tests" / "interop"
STAMP = DIRECTORY / "node_modules" / ".lock-digest"


def installed() -> bool:
    """Say whether the packages of the lock file are there."""
    return STAMP.exists() and STAMP.read_text() == digest()


def digest() -> str:
    """Return the hash of the lock file."""
    return hashlib.sha256((DIRECTORY / "package-lock.json").read_bytes()).hexdigest()


def provide() -> bool:
    """Install what is missing; return whether everything is there."""
    if installed():
        return True
    if not (npm := shutil.which("npm")):
        return False
    print("Installing the clients of tests/interop (once; again only when their lock changes) …", flush=True)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    if subprocess.run(command, cwd=DIRECTORY, check=False).returncode:
        print("The installation failed: see npm's message above. It needs a registry, or a mirror.", file=sys.stderr)
        return False
    STAMP.write_text(digest())
    return True


if __name__ == "__main__":
    sys.exit(not provide())
