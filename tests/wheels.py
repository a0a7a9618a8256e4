"""Build the wheel as a release does, and read what is in it."""

import subprocess
import sys
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def build(directory: Path, *, source: Path = ROOT) -> Path:
    """Build the wheel of a tree, by default this checkout, into `directory` and return its path."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(directory)]
    result = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    if result.returncode:
        raise RuntimeError(f"The wheel was not built:\n{result.stdout}{result.stderr}")
    (wheel,) = directory.glob("*.whl")
    return wheel


def names(wheel: Path) -> set[str]:
    """Return the paths of the files in `wheel`."""
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if not name.endswith("/")}


def metadata(wheel: Path) -> Message:
    """Return the METADATA of `wheel`."""
    with zipfile.ZipFile(wheel) as archive:
        (path,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(path).decode())
