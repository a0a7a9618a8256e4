"""Write docs/settings.md from the docstrings of the two apps' settings: `python -m scripts.settings_reference`."""

import inspect
import re
import textwrap
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from django.utils.functional import cached_property as django_cached_property

from consumer_site.conf import ConsumerSettings
from provider_site.conf import ProviderSettings

TARGET = Path(__file__).resolve().parent.parent / "docs" / "settings.md"
HEAD = """\
# Settings

Written by `python -m scripts.settings_reference` from the docstrings in `provider_site/conf.py` and
`consumer_site/conf.py`. `python manage.py check` names a setting that is missing or cannot work, with the line to add;
`check --deploy` also what is unsafe ([all checks](checks.md)), and [`doctor`](doctor.md) looks at the running site.
"""
SECTIONS = (("PROVIDER_SITE", ProviderSettings), ("CONSUMER_SITE", ConsumerSettings))
_ENTRY = re.compile(r"``([A-Z][A-Z_]+)``: ")


def entries(settings_class: type) -> Iterator[tuple[str, list[str]]]:
    """Yield each setting's key and the paragraphs about it, as Markdown."""
    members = {name: member for owner in reversed(settings_class.__mro__) for name, member in vars(owner).items()}
    for name, member in members.items():
        if not isinstance(member, property | cached_property | django_cached_property):
            continue
        text = inspect.getdoc(member) or ""
        found = _ENTRY.match(text)
        key = found[1] if found else name
        if key.isupper():
            yield key, [_markdown(paragraph) for paragraph in _ENTRY.sub("", text, count=1).split("\n\n")]


def _markdown(paragraph: str) -> str:
    if paragraph.startswith("- "):
        return "\n".join("- " + _wrapped(item, hanging="  ") for item in paragraph[2:].split("\n- "))
    return _wrapped(paragraph)


def _wrapped(paragraph: str, hanging: str = "") -> str:
    words = " ".join(paragraph.split()).replace("``", "`").replace("Raises ImproperlyConfigured", "Refused")
    text = words if hanging else words[:1].upper() + words[1:]
    return textwrap.fill(
        text, 118 if hanging else 120, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False
    )


def reference() -> str:
    """Return the whole page."""
    parts = [HEAD]
    for setting, settings_class in SECTIONS:
        parts.append(f"## `{setting}`\n")
        for key, paragraphs in sorted(entries(settings_class)):
            parts.append("\n\n".join([f"### `{key}`", *paragraphs]) + "\n")
    return "\n".join(parts)


if __name__ == "__main__":
    TARGET.write_text(reference(), encoding="utf-8")
