"""Run the journeys once more on PostgreSQL and Redis, as a deployment with more than one process has them.

Called by test.py with arguments for pytest; both servers live in temporary directories, on free ports, while it runs.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests import engines  # noqa: E402 - found on the path named above


def main(arguments: list[str]) -> int:
    """Return pytest's status."""
    with engines.postgresql() as database_url, engines.redis() as cache_url:
        environment = {**os.environ, "DATABASE_URL": database_url, "CACHE_URL": cache_url}
        command = [sys.executable, "-m", "pytest", *arguments]
        return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
