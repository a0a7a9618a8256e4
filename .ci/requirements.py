"""Write the requirements*.txt: every version pinned, every file by its hash.

Called by `make requirements`. The files hold for Python 3.11 and later on every platform, and name no package index.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OPTIONS = [
    "--universal",
    "--python-version",
    "3.11",
    "--generate-hashes",
    "--no-emit-index-url",
    "--no-emit-find-links",
]
HEADER = ["--custom-compile-command", "make requirements"]
EXTRAS = ["--extra", "provider", "--extra", "consumer", "--extra", "postgres", "--extra", "redis"]


def compile_file(output: str, *inputs: str) -> None:
    """Resolve `inputs` anew into `output`."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--upgrade", *OPTIONS, *HEADER]
    subprocess.run([*command, "--output-file", output, *inputs], cwd=ROOT, check=True)


if __name__ == "__main__":
    compile_file("requirements.txt", *EXTRAS, "pyproject.toml", "requirements.in")
    compile_file("requirements-test.txt", "requirements-test.in")
    compile_file("requirements-bench.txt", "requirements-bench.in")
    compile_file("requirements-fuzz.txt", "requirements-fuzz.in")
    compile_file("requirements-release.txt", "requirements-release.in")
