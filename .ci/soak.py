"""Run the tests marked `soak`, which take minutes to hours, on PostgreSQL and Redis; called by `make soak`.

Arguments go to pytest; how long a test goes on is in the environment (SOAK_ROUNDS and the like, named where a test
reads them). What the tests print is shown: their figures.
"""

import os
import subprocess
import sys
from pathlib import Path

import packages

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests import engines  # noqa: E402 - found on the path named above

# The deployment's own settings are none of the tests' business.
FOREIGN = ("SITES", "PROVIDER_URL", "CONSUMER_URL", "PORT", "DEBUG", "DJANGO_SETTINGS_MODULE")
NAMES = ("PostgreSQL", "Redis", "PgBouncer", "nginx")


def main(arguments: list[str]) -> int:
    """Return 0 when everything marked has passed."""
    programs = [program for program in packages.PROGRAMS if program.name in NAMES]
    for program in packages.provide(programs):
        print(f"{program.name} is missing (Debian package {program.package})", file=sys.stderr)
    (ROOT / "var" / "test").mkdir(parents=True, exist_ok=True)
    with engines.postgresql() as database_url, engines.redis() as cache_url:
        environment = {name: value for name, value in os.environ.items() if name not in FOREIGN}
        environment |= {"DATABASE_URL": database_url, "CACHE_URL": cache_url, "PYTHONPATH": str(ROOT)}
        environment["VAR_DIR"] = str(ROOT / "var" / "test")
        # Skipped for want of a program, a soak would look like a pass.
        environment["CI"] = "true"
        command = [sys.executable, "-m", "pytest", "-m", "soak", "-s", "--durations=0", *arguments]
        return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
