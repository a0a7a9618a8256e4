"""Nothing on a page of the run-books is left out of the rehearsals, and no page is left out of the list."""

import re
from pathlib import Path

import pytest

PAGES = sorted((Path(__file__).resolve().parents[2] / "docs" / "runbooks").glob("*.md"))
REHEARSED = [page for page in PAGES if page.name != "README.md"]
FENCE = re.compile(r"(?:<!-- ([\w-]+) -->\s*\n[ ]*)?```sh$", re.MULTILINE)
TESTS = "".join(path.read_text() for path in sorted(Path(__file__).parent.glob("test_*.py")))


def steps(text: str) -> list[str]:
    """Return the name of each fence of commands, empty for one without."""
    return [str(name) for name in FENCE.findall(text)]


def rehearsed(step: str) -> bool:
    """Tell whether a test follows the step; those of an engine are named by its vendor."""
    stem, _dash, vendor = step.rpartition("-")
    by_vendor = f'f"{stem}-{{connection.vendor}}"' if vendor in {"postgresql", "sqlite"} else ""
    return f'"{step}"' in TESTS or bool(by_vendor and by_vendor in TESTS)


@pytest.mark.parametrize("page", REHEARSED, ids=lambda page: page.stem)
def test_every_step_is_rehearsed(page: Path) -> None:
    found = steps(page.read_text())
    assert found
    assert "" not in found
    assert [step for step in found if not rehearsed(step)] == []


def test_step_that_nobody_rehearses_is_found() -> None:
    assert steps("<!-- one -->\n```sh\nls\n```\n\n   ```sh\nls\n```\n") == ["one", ""]
    assert not rehearsed("un" + "heard-of")


def test_list_leads_to_every_page() -> None:
    text = (PAGES[0].parent / "README.md").read_text()
    assert {page.name for page in REHEARSED} == set(re.findall(r"\]\(([a-z-]+\.md)\)", text))


def test_every_page_says_what_people_notice_and_how_to_see_that_it_worked() -> None:
    for page in REHEARSED:
        assert "t worked when" in page.read_text(), page.name
