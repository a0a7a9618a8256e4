"""Make .venv hold exactly what the requirement files name; do nothing when it does already.

Usage: environment.py FILE…, with any Python of the machine. Nothing beside the standard library is there yet.
"""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "requirements.json"


def digest(name: str) -> str:
    """Return the hash of a requirement file."""
    return hashlib.sha256((ROOT / name).read_bytes()).hexdigest()


def works() -> bool:
    """Say whether the environment's interpreter runs: one copied from elsewhere, or whose Python is gone, doesn't."""
    python = VENV / "bin" / "python"
    if not python.exists():
        return False
    result = subprocess.run([python, "-c", "import pip"], capture_output=True, check=False)
    return result.returncode == 0


def installed() -> dict[str, str]:
    """Return the hashes of the files that were installed last."""
    try:
        return json.loads(STAMP.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}


def main(names: list[str]) -> int:
    """Bring the environment up to date."""
    wanted = {name: digest(name) for name in names}
    usable = works()
    have = installed() if usable else {}
    if all(have.get(name) == value for name, value in wanted.items()):
        return 0
    if not usable:
        print("Making the virtual environment .venv …", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=True)
    print(f"Installing {' and '.join(names)} (once; again only when they change) …", flush=True)
    files = [argument for name in names for argument in ("-r", name)]
    pip = [VENV / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    if subprocess.run([*pip, "--require-hashes", *files], cwd=ROOT, check=False).returncode:
        print(
            "The installation failed: see pip's message above. It needs a package index, or a mirror.", file=sys.stderr
        )
        return 1
    # What else was installed stays as it was only if its file did not change.
    STAMP.write_text(json.dumps({**{name: have[name] for name in have if have[name] == digest(name)}, **wanted}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
