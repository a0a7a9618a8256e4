"""Texts of allauth and Django that the project's catalogue rewords: each must still be one of theirs."""

from importlib.util import find_spec
from pathlib import Path

import polib
from django.utils.translation import gettext, override

from project import borrowed_texts
from scripts import messages

PACKAGES = ("allauth", "django.conf", "django.contrib.admin", "django.contrib.auth")


def theirs() -> set[str]:
    found: set[str] = set()
    for name in PACKAGES:
        spec = find_spec(name)
        assert spec
        assert spec.origin
        found |= {entry.msgid for entry in polib.pofile(str(messages.po_file(Path(spec.origin).parent)))}
    return found


def test_every_borrowed_text_is_one_of_theirs() -> None:
    assert sorted(set(borrowed_texts.TEXTS) - theirs()) == [], "allauth or Django has reworded these: follow it"


def test_the_projects_own_words_win() -> None:
    with override("zh-hans"):
        assert gettext("You have signed out.") == "你已退出登录。"
