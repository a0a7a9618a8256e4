"""The consumer's table in docs/attacks.md names every file of attacks and every build, and nothing else."""

import re

from tests.security.weakened.registry import SECURITY, load

TABLE = (SECURITY.parents[1] / "docs" / "attacks.md").read_text(encoding="utf-8").partition("## The consumer")[2]


def test_table_names_every_file_and_no_other() -> None:
    assert set(re.findall(r"`(test_\w+\.py)`", TABLE)) == {
        path.name for path in (SECURITY / "consumer").glob("test_*.py")
    }


def test_table_names_every_build_and_no_other() -> None:
    assert set(re.findall(r"`(consumer-[a-z-]+)`", TABLE)) == {name for name in load() if name.startswith("consumer-")}
