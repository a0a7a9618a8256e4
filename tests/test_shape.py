"""The ceilings and names of CONTRIBUTING.md, on the real tree and on planted violations."""

import ast
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = (
    "provider_site",
    "consumer_site",
    "outbound_http",
    "keyset_lists",
    "site_monitoring",
    "site_doctor",
    "project",
)
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc"}
METADATA = {"__all__", "__version__"}
OUTBOUND_CLIENT = "outbound_http"
OTHER_CLIENTS = {"aiohttp", "http.client", "httpx", "urllib.request", "urllib3"}
SENDERS = {"Session", "delete", "get", "head", "options", "patch", "post", "put", "request", "session"}

Check = Callable[[Path], Iterable[int]]


def source_files() -> list[Path]:
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def all_files() -> list[Path]:
    others = [path for name in ("tests", "scripts", "benchmarks") for path in sorted((ROOT / name).rglob("*.py"))]
    return source_files() + others


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def too_long(path: Path) -> Iterator[int]:
    """Yield the length of a file that is longer than the ceiling; makemigrations writes what it must."""
    if path.parent.name == "migrations":
        return
    lines = len(path.read_text(encoding="utf-8").splitlines())
    if lines > MAX_FILE_LINES:
        yield lines


def long_functions(path: Path) -> Iterator[int]:
    """Yield where a function longer than the ceiling begins; its decorators do not count."""
    for node in ast.walk(parsed(path)):
        is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if is_function and (node.end_lineno or node.lineno) - node.lineno + 1 > MAX_FUNCTION_LINES:
            yield node.lineno


def vague_name(path: Path) -> Iterator[int]:
    """Yield a line when a module or its package has a name that says nothing."""
    if VAGUE_NAMES & {path.stem, path.parent.name}:
        yield 1


def busy_init(path: Path) -> Iterator[int]:
    """Yield what a package's `__init__` does beside importing: whoever looks for it would not look there."""
    if path.name == "__init__.py":
        for node in parsed(path).body:
            if not (isinstance(node, ast.Import | ast.ImportFrom) or is_docstring(node) or assigned(node) in METADATA):
                yield node.lineno


def busy_ready(path: Path) -> Iterator[int]:
    """Yield what `ready()` does beside imports and calls: what decides belongs where it can be tested.

    Whether another app is installed is no decision of its own.
    """
    if path.name == "apps.py":
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.FunctionDef) and node.name == "ready":
                yield from (line.lineno for line in node.body if not wires(line))


def stray_requests(path: Path) -> Iterator[int]:
    """Yield where HTTP is sent past the one client; a library's exceptions and types are anybody's."""
    # The doctor's asks operators' own addresses, and has to see what the guarded one hides: TLS, lines of headers.
    if path.parent.name == OUTBOUND_CLIENT or path.parts[-2:] == ("site_doctor", "caller.py"):
        return
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            sends = bool({alias.name for alias in node.names} & OTHER_CLIENTS)
        elif isinstance(node, ast.ImportFrom):
            sends = imports_sender(node.module or "", {alias.name for alias in node.names})
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            sends = node.value.id == "requests" and node.attr in SENDERS
        else:
            continue
        if sends:
            yield node.lineno


def imports_sender(module: str, names: set[str]) -> bool:
    """Return whether `from module import names` brings a way to send a request."""
    if module in OTHER_CLIENTS or {f"{module}.{name}" for name in names} & OTHER_CLIENTS:
        return True
    return module in {"requests", "requests.api", "requests.sessions"} and bool(names & SENDERS)


def is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def assigned(node: ast.stmt) -> str:
    target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
    return target.id if isinstance(target, ast.Name) else ""


def wires(node: ast.stmt) -> bool:
    if isinstance(node, ast.If):
        asks_registry = "is_installed(" in ast.unparse(node.test)
        return asks_registry and not node.orelse and all(wires(line) for line in node.body)
    if isinstance(node, ast.Import | ast.ImportFrom) or is_docstring(node):
        return True
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)


# Check -> files it reads on the real tree, and a planted file (path, text) it must find.
CHECKS: dict[Check, tuple[Callable[[], list[Path]], str, str]] = {
    too_long: (all_files, "portal/consent/views.py", "x = 1\n" * (MAX_FILE_LINES + 1)),
    long_functions: (all_files, "portal/consent/views.py", "def view():\n" + "    x = 1\n" * MAX_FUNCTION_LINES),
    vague_name: (all_files, "portal/utils.py", ""),
    busy_init: (source_files, "portal/__init__.py", "def view(): ...\n"),
    busy_ready: (source_files, "apps.py", "def ready(self):\n    if True:\n        go()\n"),
    stray_requests: (source_files, "portal/logo.py", "import requests\nrequests.get('http://localhost/')\n"),
}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_real_tree_is_in_shape(check: Check) -> None:
    files = CHECKS[check][0]()
    assert [f"{path.relative_to(ROOT)}:{line}" for path in files for line in check(path)] == []


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_planted_fault_of_shape_is_found(check: Check, tmp_path: Path) -> None:
    _, name, text = CHECKS[check]
    planted = tmp_path / "provider_site" / name
    planted.parent.mkdir(parents=True, exist_ok=True)
    planted.write_text(text)
    assert list(check(planted))


@pytest.mark.parametrize(
    "line",
    [
        "import httpx",
        "import urllib.request",
        "from http import client",
        "from urllib import request",
        "from requests import Session",
        "from urllib3 import PoolManager",
    ],
)
def test_every_way_past_the_outbound_client_is_found(line: str, tmp_path: Path) -> None:
    planted = tmp_path / "planted.py"
    planted.write_text(f"{line}\n")
    assert list(stray_requests(planted)) == [1]


def test_exceptions_of_the_http_library_are_anybody_s(tmp_path: Path) -> None:
    planted = tmp_path / "planted.py"
    planted.write_text("import requests\nfrom urllib3.exceptions import HTTPError\nx = requests.RequestException\n")
    assert list(stray_requests(planted)) == []
