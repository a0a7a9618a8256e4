"""Make what a provider says of a person safe to store and to show: a line of text, the address of a picture."""

from __future__ import annotations

import unicodedata
from urllib.parse import SplitResult, urlsplit

_MAX_ADDRESS = 2000
# Controls and lone surrogates, which a database may refuse to store, and what is in no script.
_DROPPED_CATEGORIES = frozenset({"Cc", "Cs", "Co", "Cn"})
# Marks that turn the writing direction around, also of the page's text that follows the name.
_DIRECTION_MARKS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_INVISIBLE_CATEGORIES = frozenset({"Cf", "Mn", "Me", "Zs", "Zl", "Zp"})
# Letters by their category, and blank to the eye: Hangul fillers and the empty Braille pattern.
_INVISIBLE_LETTERS = frozenset("\u115f\u1160\u3164\uffa0\u2800")


def one_line(value: object, *, limit: int) -> str:
    """Return one line of at most `limit` characters; empty for what is no text, or shows nothing to the eye."""
    if not isinstance(value, str):
        return ""
    kept = (
        character
        for character in value[: 16 * limit]
        if character.isspace()
        or (unicodedata.category(character) not in _DROPPED_CATEGORIES and character not in _DIRECTION_MARKS)
    )
    line = " ".join("".join(kept).split())[:limit].strip()
    return line if any(_is_visible(character) for character in line) else ""


def _is_visible(character: str) -> bool:
    return unicodedata.category(character) not in _INVISIBLE_CATEGORIES and character not in _INVISIBLE_LETTERS


def picture_address(value: object, *, base_url: str) -> str:
    """Return the address over https, or empty; plain http would show to the network who is signed in.

    The one exception is an address on the origin of `base_url`, when that is itself plain http, as an emulator's is.
    """
    if not isinstance(value, str) or not value.isascii() or len(value) > _MAX_ADDRESS:
        return ""
    if any(character <= " " or character in "\\\x7f" for character in value):
        return ""
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
        return ""
    if parts.scheme == "https" or _origin(parts) == _origin(urlsplit(base_url)):
        return value
    # An http server on a port of its own doesn't speak TLS there, and its picture elsewhere is unknown.
    return parts._replace(scheme="https", netloc=parts.hostname).geturl() if port in {None, 80} else ""


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port
