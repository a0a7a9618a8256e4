"""Texts that look like others: what a reviewer has to be told about them."""

from __future__ import annotations

import unicodedata

# Letters that show as nothing, though Unicode calls them letters or marks.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
_ALPHABETS = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC"})


def hidden(text: str) -> list[str]:
    """Return the characters of a text that nobody sees, each once, as ``U+200B ZERO WIDTH SPACE``."""
    found = [char for char in dict.fromkeys(text) if char in _BLANK or _is_unseen(char)]
    return [f"U+{ord(char):04X} {unicodedata.name(char, '')}".strip() for char in found]


def _is_unseen(char: str) -> bool:
    return unicodedata.category(char)[0] == "C" and char not in "\r\n\t"


def mixed(text: str) -> list[str]:
    """Return the words whose letters come from alphabets that share their looks, such as Latin and Cyrillic."""
    return [word for word in dict.fromkeys(text.split()) if len(_alphabets(word)) > 1]


def _alphabets(word: str) -> set[str]:
    return {unicodedata.name(char, "").partition(" ")[0] for char in word if char.isalpha()} & _ALPHABETS
