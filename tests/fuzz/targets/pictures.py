"""Uploaded logos and avatars, and pictures fetched from elsewhere."""

import io
import struct
import zlib

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from PIL import Image

from consumer_site.calendar.pictures import NotAPicture, redrawn
from provider_site.services.pictures import reencode
from tests.fuzz.target import Target, pure, refused

_KEPT = {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS"}
_EXIF = b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00"


def picture(data: bytes) -> None:
    """Draw it anew in both apps: a square PNG of nothing but pixels, or a refusal."""
    for drawn in (
        refused(lambda: reencode(ContentFile(data)), ValidationError),
        refused(lambda: redrawn(data), NotAPicture),
    ):
        if drawn is not None:
            _check(drawn)


def _check(drawn: bytes) -> None:
    """Read the file chunk by chunk, by no library (PNG 5.3)."""
    assert drawn[:8] == b"\x89PNG\r\n\x1a\n"
    assert len(drawn) < 600_000
    at, kinds = 8, []
    while at < len(drawn):
        length, kind = struct.unpack(">I4s", drawn[at : at + 8])
        body = drawn[at + 8 : at + 8 + length]
        assert zlib.crc32(kind + body) == struct.unpack(">I", drawn[at + 8 + length : at + 12 + length])[0]
        if kind == b"IHDR":
            assert struct.unpack(">II", body[:8]) == (256, 256)
        kinds.append(kind)
        at += 12 + length
    assert at == len(drawn)
    assert kinds[0] == b"IHDR"
    assert kinds[-1] == b"IEND"
    assert set(kinds) <= _KEPT, kinds


def _sample(kind: str, mode: str = "RGB", **options: object) -> bytes:
    output = io.BytesIO()
    Image.new(mode, (5, 3), 1).save(output, kind, **options)
    return output.getvalue()


def _claiming(width: int, height: int) -> bytes:
    """Return a PNG of a few bytes that says it is so large."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\x00" * 16)
    data = b"IDAT" + body
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header)),
            struct.pack(">I", len(body)) + data + struct.pack(">I", zlib.crc32(data)),
        ]
    )


TARGETS = [
    Target(
        "picture",
        pure(picture),
        "logos, avatars and pictures fetched from elsewhere",
        "a PNG of 256 by 256 pixels that holds pixels alone, read chunk by chunk; of bounded size",
        (
            _sample("PNG"),
            _sample("PNG", "P"),
            _sample("PNG", "I;16"),
            _sample("JPEG", exif=_EXIF),
            _sample("JPEG", "CMYK"),
            _sample("GIF", "P"),
            _sample("WEBP"),
            _sample("WEBP", lossless=True, exif=_EXIF),
            _claiming(30_000, 30_000),
            _claiming(4_000, 4_000),
            _claiming(1, 2**31 - 1),
            b"GIF89a",
            b"\xff\xd8\xff\xe0",
        ),
        longest=2048,
    )
]
