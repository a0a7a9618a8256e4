"""docs/standards.md names every test of a specification, and the pages' links lead somewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")


def named(text: str) -> list[str]:
    return re.findall(r"`(test_\w+\.py)`", text)


def test_page_names_every_test_of_a_specification_once() -> None:
    found = named((ROOT / "docs" / "standards.md").read_text(encoding="utf-8"))
    assert sorted(found) == sorted(path.name for path in (ROOT / "tests" / "spec").glob("test_*.py"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files_that_are_there(page: Path) -> None:
    links = LINK.findall(page.read_text(encoding="utf-8"))
    assert not [link for link in links if not (page.parent / link).exists()]
