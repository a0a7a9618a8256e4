"""Where a run keeps its files, and the programs it is given."""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_HERE = ROOT / "benchmarks"


@dataclass(frozen=True)
class Work:
    """A directory outside the checkout, one for each checkout: PostgreSQL's own user has to reach it."""

    directory: Path

    @classmethod
    def of_checkout(cls) -> "Work":
        """Return the directory of this checkout, kept between runs."""
        name = hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]
        work = cls(Path(tempfile.gettempdir()) / f"oauth-sites-benchmarks-{os.getuid()}-{name}")
        work.directory.mkdir(mode=0o755, exist_ok=True)
        if work.directory.stat().st_uid != os.getuid():
            raise RuntimeError(f"{work.directory} belongs to somebody else")
        return work

    @property
    def keys(self) -> Path:
        """The directory of the signing keys of those that take theirs from files."""
        return self.directory / "keys"

    @property
    def peer(self) -> Path:
        """The directory of the peer and its packages."""
        return self.directory / "peer"

    @property
    def generator(self) -> Path:
        """The load generator."""
        return self.directory / "lg"

    @property
    def environment(self) -> dict[str, str]:
        """What every Python process is given: modules are found in the checkout."""
        return {"PYTHONPATH": str(ROOT)}

    @property
    def earlier(self) -> Path:
        """An earlier state of the checkout, where the run was given one."""
        return self.directory / "earlier"

    def variables(self, subject: str) -> Path:
        """Return where a subject's cookies and tokens are; the peer chooses its own name."""
        return self.directory / "vars" / ("node-pg" if subject == "peer" else subject)


def digest(paths: Iterable[Path]) -> str:
    """Return the hash of files, and of the Python files below directories."""
    found = hashlib.sha256()
    for path in paths:
        for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
            found.update(file.name.encode() + b"\0" + file.read_bytes())
    return found.hexdigest()


def make_keys(work: Work) -> None:
    """Make an RSA and an EC key, once."""
    work.keys.mkdir(exist_ok=True)
    kinds = {"rsa": ["RSA", "rsa_keygen_bits:2048"], "ec": ["EC", "ec_paramgen_curve:P-256"]}
    for name, (algorithm, option) in kinds.items():
        path = work.keys / f"{name}.pem"
        if not path.exists():
            command = ["openssl", "genpkey", "-algorithm", algorithm, "-pkeyopt", option, "-out", str(path)]
            subprocess.run(command, check=True, capture_output=True)


def make_generator(work: Work) -> None:
    """Compile the load generator when its source is newer."""
    source = _HERE / "lg.c"
    if not work.generator.exists() or work.generator.stat().st_mtime < source.stat().st_mtime:
        compiler = shutil.which("cc") or shutil.which("gcc")
        if compiler is None:
            raise RuntimeError("A C compiler is not installed (Debian package: gcc)")
        subprocess.run([compiler, "-O2", "-pthread", "-w", "-o", work.generator, source], check=True)


def unpack(work: Work, commit: str) -> None:
    """Unpack the tree of a commit. Raises CalledProcessError for one that this clone doesn't have."""
    shutil.rmtree(work.earlier, ignore_errors=True)
    work.earlier.mkdir()
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
    subprocess.run(["tar", "-x", "-C", work.earlier], input=archive, check=True)


def peer_version(work: Work) -> str:
    """Return the installed peer's version, empty without it."""
    package = work.peer / "node_modules" / "oidc-provider" / "package.json"
    return str(json.loads(package.read_text())["version"]) if package.exists() else ""


def install_peer(work: Work) -> None:
    """Install the peer's packages from its lock file, once; no script of theirs runs."""
    stamp, lock = work.peer / ".lock", _HERE / "peer" / "package-lock.json"
    work.peer.mkdir(exist_ok=True)
    for path in (_HERE / "peer").iterdir():
        shutil.copy(path, work.peer)
    if stamp.exists() and stamp.read_text() == lock.read_text():
        return
    npm = shutil.which("npm")
    if npm is None:
        raise RuntimeError("npm is not installed (Debian package: npm)")
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run(command, cwd=work.peer, check=True)
    stamp.write_text(lock.read_text())
