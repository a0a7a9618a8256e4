"""Fuzz every parser of outside data, then every endpoint; called by `make fuzz` with the virtual environment's Python.

Arguments name targets of tests/fuzz/registry.py, or "endpoints"; without any it is all of them. FUZZ_SECONDS is for
each target (600), FUZZ_JOBS how many run at once (1). What reaches further is kept in tests/fuzz/corpus, what was done
is added to docs/fuzzing.json and docs/fuzzing.md; a fault is in var/fuzz/faults, and ends its target.
"""

import importlib.util
import json
import os
import re
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FOUND, FAULTS = ROOT / "var" / "fuzz" / "found", ROOT / "var" / "fuzz" / "faults"
FIGURES = ROOT / "docs" / "fuzzing.json"
SECONDS = int(os.environ.get("FUZZ_SECONDS") or 600)
# An input that takes longer, or a process that grows beyond it, is a fault.
LIMITS = ["-timeout=10", "-rss_limit_mb=1500", "-malloc_limit_mb=1000"]
FOREIGN = (
    "SITES",
    "PROVIDER_URL",
    "CONSUMER_URL",
    "DATABASE_URL",
    "CACHE_URL",
    "PORT",
    "DEBUG",
    "DJANGO_SETTINGS_MODULE",
)
ENDPOINTS = "endpoints"
# So many times the examples of an ordinary run for each minute.
EXAMPLES_A_MINUTE = 5


def environment() -> dict[str, str]:
    """Return the environment of a process that knows nothing of a deployment."""
    own = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    return own | {"PYTHONPATH": str(ROOT)}


def run(*command: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run Python, giving way to whoever works at the machine."""
    nice = ["nice", "-n", "10", sys.executable, *command]
    return subprocess.run(nice, cwd=ROOT, env=environment() | options.pop("env", {}), text=True, check=False, **options)


def fuzz(name: str) -> dict[str, Any]:
    """Fuzz one target; return what was done."""
    found, figures = FOUND / name, FOUND.parent / f"{name}.figures"
    found.mkdir(parents=True, exist_ok=True)
    FAULTS.mkdir(parents=True, exist_ok=True)
    before = set(FAULTS.glob(f"{name}-*"))
    options = [
        f"-max_total_time={SECONDS}",
        *LIMITS,
        f"-artifact_prefix={FAULTS}/{name}-",
        "-dict=tests/fuzz/words.dict",
    ]
    kept = [path] if (path := f"tests/fuzz/corpus/{name}") and (ROOT / path).is_dir() else []
    done = run("-m", "tests.fuzz.run", name, str(figures), str(found), *kept, *options, capture_output=True)
    (FOUND.parent / f"{name}.log").write_text(done.stdout + done.stderr)
    faults = set(FAULTS.glob(f"{name}-*")) - before
    if done.returncode and not faults:
        print(done.stderr[-3000:], file=sys.stderr)
        raise SystemExit(f"{name} could not be run")
    inputs, octets = struct.unpack("<QQ", figures.read_bytes())
    ran = re.search(r"Done \d+ runs in (\d+) second", done.stderr)
    seconds = int(ran[1]) if ran else SECONDS  # without the start, in which every module is instrumented
    edges = [int(text) for text in re.findall(r"\bcov: (\d+)", done.stderr)]
    print(
        f"{name}: {inputs} inputs, {octets} bytes, {seconds} s, {max(edges, default=0)} edges, {len(faults)} faults",
        flush=True,
    )
    for fault in faults:
        print(f"  {fault.relative_to(ROOT)}\n" + done.stdout[-1500:] + done.stderr[-3000:], flush=True)
    if SECONDS >= 30:
        run("-m", "tests.fuzz.distil", name, str(found), env={"PYTHONWARNINGS": "ignore"})
    return {
        "inputs": inputs,
        "bytes": octets,
        "seconds": seconds,
        "edges": max(edges, default=0),
        "faults": len(faults),
    }


def endpoints() -> bool:
    """Send odd requests to every address of both sites; return whether all were answered as they should be."""
    factor = max(1, SECONDS * EXAMPLES_A_MINUTE // 60)
    paths = [
        "tests/fuzz/endpoints",
        *(str(path.relative_to(ROOT)) for path in (ROOT / "tests" / "security").glob("test_any_*.py")),
    ]
    own = {"HYPOTHESIS_FACTOR": str(factor), "VAR_DIR": str(ROOT / "var" / "test")}
    (ROOT / "var" / "test").mkdir(parents=True, exist_ok=True)
    return run("-m", "pytest", "-q", "-s", "--durations=0", *paths, env=own).returncode == 0


def add(name: str, done: dict[str, Any]) -> None:
    """Add one run to the figures: edges are of the last one, all else is the sum."""
    figures = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    known = figures.get(name, {})
    figures[name] = {key: done[key] if key == "edges" else known.get(key, 0) + done[key] for key in done}
    FIGURES.write_text(json.dumps(dict(sorted(figures.items())), indent=1) + "\n")


def main(names: list[str]) -> int:
    """Return 0 when nothing was found."""
    if importlib.util.find_spec("atheris") is None:
        print("atheris is not there: it has wheels for Linux and Python 3.11 to 3.13.", file=sys.stderr)
        return 1
    known = run("-m", "tests.fuzz.alone", stdout=subprocess.PIPE).stdout.split()
    wanted = [name for name in names or known if name in known]
    if unknown := set(names) - {*known, ENDPOINTS}:
        print(f"no such target: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    results = {}
    with ThreadPoolExecutor(int(os.environ.get("FUZZ_JOBS") or 1)) as pool:
        for ended in as_completed(pool.submit(lambda name=name: (name, fuzz(name))) for name in wanted):
            name, done = ended.result()
            results[name] = done
            # At once: whoever stops in between has what was done until then.
            add(name, done)
    if results:
        run("-m", "scripts.fuzzing_table")
    whole = endpoints() if ENDPOINTS in names or not names else True
    faults = sum(done["faults"] for done in results.values())
    print(f"{len(results)} targets, {sum(done['inputs'] for done in results.values())} inputs, {faults} faults")
    return 0 if whole and not faults else 1


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
