"""User codes: made to be typed from another screen, read with every mistake people make (RFC 8628 6.1)."""

from __future__ import annotations

import secrets
import unicodedata

# Consonants alone, so that no code is a word; twenty of them in eight places are 25.6 billion codes (34.5 bits).
ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
LENGTH = 8

# What people type for a letter they read: digits, vowels, and the same shapes of Cyrillic and Greek keyboards.
_LOOK_ALIKES = str.maketrans(
    {
        **{"8": "B", "6": "G", "1": "L", "I": "L", "|": "L", "0": "Q", "O": "Q", "5": "S", "U": "V", "2": "Z"},
        **dict(zip("ВСНКМРТХ", "BCHKMPTX", strict=True)),
        **dict(zip("ΒΗΚΜΝΤΧΖ", "BHKMNTXZ", strict=True)),
    }
)


def new() -> str:
    """Return a random code, as it is stored: eight letters."""
    return "".join(secrets.choice(ALPHABET) for _index in range(LENGTH))


def display(code: str) -> str:
    """Return a code as people see it: ``XXXX-XXXX``."""
    return f"{code[: LENGTH // 2]}-{code[LENGTH // 2 :]}"


def read(typed: str) -> str | None:
    """Return the code that was meant, whatever the case, the hyphens and the spaces, or ``None``: none can be meant."""
    if len(typed) > 100:
        return None
    text = unicodedata.normalize("NFKC", typed).upper().translate(_LOOK_ALIKES)
    # Dashes and spaces of every script, and the underscore and dot of phone keyboards.
    letters = "".join(char for char in text if unicodedata.category(char)[0] not in "PZC" and char != "−")
    return letters if len(letters) == LENGTH and set(letters) <= set(ALPHABET) else None
