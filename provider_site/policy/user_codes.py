"""User codes: made to be typed from another screen, read with every mistake people make (RFC 8628 6.1)."""

from __future__ import annotations

import secrets
import unicodedata

# Consonants alone, so that no code is a word; twenty of them in eight places are 25.6 billion codes (34.5 bits).
ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
LENGTH = 8

# What people type for a letter they read: digits, vowels, and the same shapes on Cyrillic and Greek keyboards.
_DIGITS_AND_VOWELS = ("8610OI|52U", "BGLQQLLSZV")
_CYRILLIC = (
    (
        "\N{CYRILLIC CAPITAL LETTER VE}\N{CYRILLIC CAPITAL LETTER ES}\N{CYRILLIC CAPITAL LETTER EN}"
        "\N{CYRILLIC CAPITAL LETTER KA}\N{CYRILLIC CAPITAL LETTER EM}\N{CYRILLIC CAPITAL LETTER ER}"
        "\N{CYRILLIC CAPITAL LETTER TE}\N{CYRILLIC CAPITAL LETTER HA}"
    ),
    "BCHKMPTX",
)
_GREEK = (
    (
        "\N{GREEK CAPITAL LETTER BETA}\N{GREEK CAPITAL LETTER ETA}\N{GREEK CAPITAL LETTER KAPPA}"
        "\N{GREEK CAPITAL LETTER MU}\N{GREEK CAPITAL LETTER NU}\N{GREEK CAPITAL LETTER TAU}"
        "\N{GREEK CAPITAL LETTER CHI}\N{GREEK CAPITAL LETTER ZETA}"
    ),
    "BHKMNTXZ",
)
_LOOK_ALIKES = {
    ord(typed): meant
    for typed_ones, meant_ones in (_DIGITS_AND_VOWELS, _CYRILLIC, _GREEK)
    for typed, meant in zip(typed_ones, meant_ones, strict=True)
}
# Separators, punctuation and invisible characters of every script.
_BETWEEN = ("P", "Z", "C")
_MINUS = "\N{MINUS SIGN}"
_LONGEST = 100


def new() -> str:
    """Return a random code, as it is stored: eight letters."""
    return "".join(secrets.choice(ALPHABET) for _index in range(LENGTH))


def display(code: str) -> str:
    """Return a code as people see it: ``XXXX-XXXX``."""
    return f"{code[: LENGTH // 2]}-{code[LENGTH // 2 :]}"


def read(typed: str) -> str | None:
    """Return the code that was meant, whatever the case, the hyphens and the spaces, or ``None``: none can be meant."""
    if len(typed) > _LONGEST:
        return None
    text = unicodedata.normalize("NFKC", typed).upper().translate(_LOOK_ALIKES)
    letters = "".join(char for char in text if not unicodedata.category(char).startswith(_BETWEEN) and char != _MINUS)
    return letters if len(letters) == LENGTH and set(letters) <= set(ALPHABET) else None
