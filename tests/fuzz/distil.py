"""Keep of many inputs those that reach further: ``python -m tests.fuzz.distil NAME FOUND`` writes corpus/NAME anew.

An input stays when it takes a step through the project's code that none before it took: the target's own seeds first,
then what is kept already, then what was found, the shortest first. So a corpus stays small, and what is in it lasts.
"""

import hashlib
import sys
from pathlib import Path

from tests.fuzz.alone import build
from tests.fuzz.target import Run, Target
from tests.fuzz.watching import TooMuchWork, steps_of

CORPUS = Path(__file__).parent / "corpus"
_MOST = 24


def reaching(target: Target, run: Run, kept: list[bytes], found: list[bytes]) -> list[bytes]:
    """Return which of the inputs to keep, at most _MOST. One that fails is no corpus but a fault, and is left out."""
    from django.core.cache import cache

    seen = set()
    for seed in target.seeds:
        cache.clear()
        seen |= steps_of(lambda seed=seed: run(seed))
    good: list[bytes] = []
    for data in [*kept, *sorted(found, key=lambda one: (len(one), one))]:
        cache.clear()
        try:
            steps = steps_of(lambda data=data: run(data))
        except (Exception, TooMuchWork):  # noqa: BLE001 - whatever it is, it was reported when it was found
            continue
        if steps - seen and len(good) < _MOST:
            good.append(data)
            seen |= steps
    return good


def main(name: str, found: str) -> None:
    """Write the target's corpus anew."""
    run, target = build(name)
    directory = CORPUS / name
    directory.mkdir(parents=True, exist_ok=True)
    before = sorted(directory.iterdir())
    kept = [path.read_bytes() for path in before]
    new = [path.read_bytes() for path in Path(found).iterdir() if path.is_file()]
    good = reaching(target, run, kept, new)
    for path in before:
        path.unlink()
    for data in good:
        (directory / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
    print(f"{name}: {len(good)} inputs, {sum(map(len, good))} bytes")  # noqa: T201 - a script's output


if __name__ == "__main__":
    main(*sys.argv[1:])
