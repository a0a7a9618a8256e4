"""Texts on the wire: which characters they may have, how long and how random they are."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from urllib.parse import urlsplit

ERROR = re.compile(r"[\x20-\x21\x23-\x5B\x5D-\x7E]+")
ERROR_URI = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+")
VSCHAR = re.compile(r"[\x20-\x7E]+")
SCOPE_TOKEN = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+")
# 128 bits are demanded; what a text shows of its randomness is less than what it has.
BITS, SHOWN_BITS = 128, 96


def holds_characters_of_a_token(text: str) -> None:
    """An access token or a refresh token has visible characters and spaces alone (RFC 6749 A.12, A.17)."""
    assert VSCHAR.fullmatch(text), f"not VSCHAR: {text!r}"


def is_long_and_random(text: str) -> None:
    """A code or token can't be guessed: 128 bits at least (RFC 6749 10.10, RFC 6819 5.1.4.2)."""
    assert len(text.encode()) * 8 >= BITS, f"too short: {text!r}"
    counts = Counter(text)
    entropy = -sum(count * math.log2(count / len(text)) for count in counts.values())
    assert entropy > SHOWN_BITS, f"{entropy:.0f} bits of Shannon entropy: {text!r}"


def error_is_well_formed(parameters: Mapping[str, object]) -> None:
    """`error`, `error_description` and `error_uri` keep to their characters (RFC 6749 4.1.2.1, 5.2).

    The suite warns of a description with CR, LF or TAB; a provider can do without.
    """
    error = parameters.get("error")
    assert isinstance(error, str), f"no error: {dict(parameters)}"
    assert ERROR.fullmatch(error), f"error has other characters: {error!r}"
    if description := parameters.get("error_description"):
        assert isinstance(description, str), description
        assert ERROR.fullmatch(description), f"error_description has other characters: {description!r}"
    if uri := parameters.get("error_uri"):
        assert isinstance(uri, str), uri
        assert ERROR_URI.fullmatch(uri), uri
        assert urlsplit(uri).scheme, uri
