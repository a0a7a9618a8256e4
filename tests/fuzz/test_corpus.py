"""Every input that is kept goes through its parser: refused as documented, or read as its oracle says."""

from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache

from tests.fuzz.registry import TARGETS
from tests.fuzz.watching import steps_of

CORPUS = Path(__file__).parent / "corpus"
NAMES = sorted(TARGETS)
IN_DATABASE = [name for name in NAMES if TARGETS[name].needs_database]
# Together; an input that is larger than this one would be a picture of a megabyte.
_MOST_BYTES, _MOST_FILES = 1_500_000, 900


@pytest.mark.parametrize("name", [name for name in NAMES if name not in IN_DATABASE])
def test_every_kept_input_is_read_or_refused_in_bounded_work(name: str) -> None:
    _replay(name)


@pytest.mark.django_db
@pytest.mark.parametrize("name", IN_DATABASE)
def test_every_kept_input_is_read_or_refused_beside_a_database(name: str) -> None:
    _replay(name)


def _replay(name: str) -> None:
    run = TARGETS[name].build()
    kept = [path.read_bytes() for path in sorted((CORPUS / name).glob("*"))]
    for data in [*TARGETS[name].seeds, *kept]:
        cache.clear()
        _try(lambda data=data: run(data), data)


def _try(call: Any, data: bytes) -> None:
    try:
        steps_of(call)
    except Exception as error:
        error.add_note(f"input: {data[:2000]!r}")
        raise


def test_every_corpus_has_a_target() -> None:
    assert {directory.name for directory in CORPUS.iterdir()} <= set(NAMES)


def test_corpus_stays_small_enough_for_a_checkout() -> None:
    files = [path for path in CORPUS.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < _MOST_BYTES
    assert len(files) < _MOST_FILES
