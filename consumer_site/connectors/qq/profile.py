"""Take from QQ's profile what may be kept: a nickname and the address of a picture.

Gender, province, city and year are officially not real data; they are never looked at.
"""

from __future__ import annotations

import unicodedata
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

# QQ's own, largest first: 640, 100, 40 pixels; then Qzone's, which QQ names also for people who have none there.
# Only figureurl_qq_1 is sure to exist.
_AVATAR_FIELDS = ("figureurl_qq", "figureurl_qq_2", "figureurl_qq_1", "figureurl_2", "figureurl_1", "figureurl")
_MAX_NICKNAME = 64
_MAX_ADDRESS = 2000
# Controls and lone surrogates, which a database may refuse to store, and what is in no script.
_DROPPED_CATEGORIES = frozenset({"Cc", "Cs", "Co", "Cn"})
# Marks that turn the writing direction around, also of the page's text that follows the name.
_DIRECTION_MARKS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Profile(NamedTuple):
    """What a person's QQ profile gives; either may be empty."""

    nickname: str
    avatar: str


def profile_from(fields: dict[str, object], *, base_url: str) -> Profile:
    """Return what may be kept of an answer of get_user_info, made safe to store and to show."""
    return Profile(nickname=_nickname(fields.get("nickname")), avatar=_avatar(fields, base_url=base_url))


def _nickname(value: object) -> str:
    if not isinstance(value, str):
        return ""
    kept = (
        character
        for character in value
        if unicodedata.category(character) not in _DROPPED_CATEGORIES and character not in _DIRECTION_MARKS
    )
    return "".join(kept).strip()[:_MAX_NICKNAME].strip()


def _avatar(fields: dict[str, object], *, base_url: str) -> str:
    for field in _AVATAR_FIELDS:
        address = _safe_address(fields.get(field), base_url=base_url)
        if address:
            return address
    return ""


def _safe_address(value: object, *, base_url: str) -> str:
    """Return the address over https, or empty: QQ still writes ``http://``, which would show the openid to the network.

    The one exception is an address on the API's own origin, when that is itself plain http (an emulator on loopback).
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
