"""Which addresses people may be sent to from an application's pages: those that lead where they seem to."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import urlsplit

# Python takes the address for the host, whatever stands behind it.
_BRACKETED = re.compile(r"\[[^\[\]]*\](:[0-9]*)?\Z")


def misleads(url: str) -> bool:
    """Tell whether an address may lead elsewhere than it looks, or is none of a web page.

    Control, direction and invisible characters show other than they are written; browsers take a backslash for a
    slash, while others read what is before it as a user name; a user name is made to look like a host.
    """
    if any(char == "\\" or unicodedata.category(char)[0] in "CZ" for char in url):
        return True
    try:
        parts = urlsplit(url)
        _port = parts.port
    except ValueError:  # such as a full-width slash within the host, or a port that is none
        return True
    if "[" in parts.netloc and not _BRACKETED.match(parts.netloc):
        return True
    return parts.scheme not in {"http", "https"} or "@" in parts.netloc or not parts.hostname
