"""The text of tokens and secrets: a recognisable prefix, the payload, and a checksum that secret scanners can verify.

``osat_<authorization 22><secret 43><crc 6>`` is an access token, ``osrt_<secret 43><crc 6>`` a refresh token,
``oscs_<secret 43><crc 6>`` a client secret, ``osdc_<secret 43><crc 6>`` a device code; letters and digits only, so that
a double click selects all of it. The checksum is the CRC-32 of all before it, in six digits of base 62 (0-9, A-Z, a-z).

An access token may be a JWT instead (RFC 9068); then its ``jti`` is ``<authorization 22><random 22>``.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import uuid
import zlib
from typing import Any

from provider_site.crypto import random_text

ACCESS_TOKEN = "osat_"
REFRESH_TOKEN = "osrt_"
CLIENT_SECRET = "oscs_"
DEVICE_CODE = "osdc_"

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
# What a secret scanner looks for; the checksum then tells a find from a coincidence.
PATTERNS = {
    ACCESS_TOKEN: rf"{ACCESS_TOKEN}([0-9A-Za-z]{{22}})[0-9A-Za-z]{{43}}[0-9A-Za-z]{{6}}",
    REFRESH_TOKEN: rf"{REFRESH_TOKEN}[0-9A-Za-z]{{43}}[0-9A-Za-z]{{6}}",
    CLIENT_SECRET: rf"{CLIENT_SECRET}[0-9A-Za-z]{{43}}[0-9A-Za-z]{{6}}",
    DEVICE_CODE: rf"{DEVICE_CODE}[0-9A-Za-z]{{43}}[0-9A-Za-z]{{6}}",
}
_NOBODY = uuid.UUID(int=0)
_TOKEN_ID = re.compile(r"([0-9A-Za-z]{22})[0-9A-Za-z]{22}")


def _base62(number: int, width: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 62)
        digits = _ALPHABET[digit] + digits
    return digits.rjust(width, "0")


def _with_checksum(text: str) -> str:
    return text + _base62(zlib.crc32(text.encode()), 6)


def new_access_token(authorization_id: uuid.UUID | None) -> str:
    """Return the text of an access token that names its authorization; ``None`` for a machine's own token."""
    return _with_checksum(ACCESS_TOKEN + _family(authorization_id) + random_text())


def new_token_id(authorization_id: uuid.UUID | None) -> str:
    """Return the ``jti`` of an access token that is a JWT: it names the authorization as an opaque token does."""
    return _family(authorization_id) + random_text(bits=128)


def _family(authorization_id: uuid.UUID | None) -> str:
    return _base62((authorization_id or _NOBODY).int, 22)


def new_refresh_token() -> str:
    """Return the text of a refresh token."""
    return _with_checksum(REFRESH_TOKEN + random_text())


def new_client_secret() -> str:
    """Return the text of a client secret: 256 random bits."""
    return _with_checksum(CLIENT_SECRET + random_text())


def new_device_code() -> str:
    """Return the text of a device code: 256 random bits (RFC 8628 5.2)."""
    return _with_checksum(DEVICE_CODE + random_text())


def authorization_id(access_token: str) -> uuid.UUID | None:
    """Return the authorization an access token names, or ``None`` where it names none.

    The text is trusted only together with its digest: who alters the name has another token.
    """
    match = re.fullmatch(PATTERNS[ACCESS_TOKEN], access_token)
    if match is None:
        match = _TOKEN_ID.fullmatch(str(claims(access_token).get("jti")))
    if match is None:
        return None
    number = 0
    for character in match[1]:
        number = number * 62 + _ALPHABET.index(character)
    return uuid.UUID(int=number) if 0 < number < 1 << 128 else None


def claims(access_token: str) -> dict[str, Any]:
    """Return what an access token that is a JWT says; nothing for an opaque one.

    The signature is not looked at: only for a text whose digest is stored, which is one that was issued here.
    """
    parts = access_token.split(".")
    if len(parts) != 3:
        return {}
    try:
        found = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def recognised(text: str) -> str | None:
    """Return the prefix of the kind of credential ``text`` is by its shape and checksum, or ``None``: not one of ours.

    It says nothing of whether the credential exists.
    """
    for prefix, pattern in PATTERNS.items():
        if re.fullmatch(pattern, text) and _with_checksum(text[:-6]) == text:
            return prefix
    return None


def is_generated_client_secret(text: str) -> bool:
    """Tell whether ``text`` is of the shape ``new_client_secret`` makes, checksum included."""
    return recognised(text) == CLIENT_SECRET
