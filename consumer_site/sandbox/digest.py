"""Make what is opaque: digests of secrets, and identifiers that never change."""

import base64
import hashlib


def digest(value: str) -> str:
    """Return the SHA-256 digest under which a code or token is stored."""
    return hashlib.sha256(value.encode()).hexdigest()


def letters(*parts: str, length: int) -> str:
    """Return letters and digits, at most 40 of them, that are always the same for the same parts."""
    raw = base64.b64encode(hashlib.sha256("\0".join(parts).encode()).digest()).decode()
    return "".join(character for character in raw if character.isalnum())[:length].ljust(length, "0")
