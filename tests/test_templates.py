"""What every template keeps to."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# What a host, as our own project does, adds to the head of every page.
HEAD = re.compile(r"{% block extra_head %}(?P<inside>.*?){% endblock", re.DOTALL)
FRAMES = {"provider_site/base.html"}


def pages() -> list[Path]:
    return sorted((ROOT / "provider_site" / "templates").rglob("*.html"))


@pytest.mark.parametrize("path", pages(), ids=lambda path: str(path.relative_to(ROOT / "provider_site" / "templates")))
def test_page_keeps_what_a_host_adds_to_its_head(path: Path) -> None:
    found = HEAD.search(path.read_text(encoding="utf-8"))
    if found is not None and not any(str(path).endswith(frame) for frame in FRAMES):
        assert "{{ block.super }}" in found["inside"]
