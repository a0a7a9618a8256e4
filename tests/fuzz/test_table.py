"""docs/fuzzing.md says what the targets and the figures say."""

from scripts.fuzzing_table import TARGET, lines
from tests.fuzz.registry import TARGETS


def test_document_is_what_the_script_writes() -> None:
    assert TARGET.read_text() == "".join(lines(TARGETS)), "run python -m scripts.fuzzing_table"
