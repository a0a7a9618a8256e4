"""What every template keeps to."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# What a host, as our own project does, adds to the head of every page.
HEAD = re.compile(r"{% block extra_head %}(?P<inside>.*?){% endblock", re.DOTALL)
FRAMES = {"provider_site/base.html"}
# A button lays its parts out side by side, and text around a name would be two parts.
BUTTON = re.compile(r'<(a|button)\b[^>]*class="(?:[^"]* )?button(?: [^"]*)?"[^>]*>(?P<inside>.*?)</\1>', re.DOTALL)
WHOLE = re.compile(r"<span.*?</span>", re.DOTALL)


def pages() -> list[Path]:
    return sorted((ROOT / "provider_site" / "templates").rglob("*.html"))


@pytest.mark.parametrize("path", pages(), ids=lambda path: str(path.relative_to(ROOT / "provider_site" / "templates")))
def test_page_keeps_what_a_host_adds_to_its_head(path: Path) -> None:
    found = HEAD.search(path.read_text(encoding="utf-8"))
    if found is not None and not any(str(path).endswith(frame) for frame in FRAMES):
        assert "{{ block.super }}" in found["inside"]


@pytest.mark.parametrize("path", pages(), ids=lambda path: str(path.relative_to(ROOT / "provider_site" / "templates")))
def test_name_in_a_button_stays_in_the_text_around_it(path: Path) -> None:
    for found in BUTTON.finditer(path.read_text(encoding="utf-8")):
        assert "<bdi>" not in WHOLE.sub("", found["inside"]), found[0]
