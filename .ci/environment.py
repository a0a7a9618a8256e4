"""Make .venv hold exactly what the requirement files name; do nothing when it does already.

Usage: environment.py [--into DIRECTORY] FILE…, with any Python of the machine. Nothing beside the standard library is
there yet.
"""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STAMP = "requirements.json"


def digest(name: str) -> str:
    """Return the hash of a requirement file."""
    return hashlib.sha256((ROOT / name).read_bytes()).hexdigest()


def works(venv: Path) -> bool:
    """Say whether the environment's interpreter runs: one copied from elsewhere, or whose Python is gone, doesn't."""
    python = venv / "bin" / "python"
    if not python.exists():
        return False
    result = subprocess.run([python, "-c", "import pip"], capture_output=True, check=False)
    return result.returncode == 0


def installed(venv: Path) -> dict[str, str]:
    """Return the hashes of the files that were installed last."""
    try:
        return json.loads((venv / STAMP).read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}


def main(names: list[str]) -> int:
    """Bring the environment up to date."""
    venv = ROOT / ".venv"
    if names[:1] == ["--into"]:
        venv, names = ROOT / names[1], names[2:]
    wanted = {name: digest(name) for name in names}
    usable = works(venv)
    have = installed(venv) if usable else {}
    if all(have.get(name) == value for name, value in wanted.items()):
        return 0
    if not usable:
        print(f"Making the virtual environment {venv.name} …", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", venv], check=True)
    print(f"Installing {' and '.join(names)} (once; again only when they change) …", flush=True)
    files = [argument for name in names for argument in ("-r", name)]
    pip = [venv / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    if subprocess.run([*pip, "--require-hashes", *files], cwd=ROOT, check=False).returncode:
        print(
            "The installation failed: see pip's message above. It needs a package index, or a mirror.", file=sys.stderr
        )
        return 1
    # What else was installed stays as it was only if its file did not change.
    (venv / STAMP).write_text(
        json.dumps({**{name: have[name] for name in have if have[name] == digest(name)}, **wanted})
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
