"""Draw the test persons' pictures: a face on their colour, as PNG, with nothing but zlib."""

import struct
import zlib
from functools import lru_cache
from math import sqrt

# Each shape is (palette index, centre x, centre y, radius x, radius y) in fractions of the picture's side.
_FACE: tuple[tuple[int, float, float, float, float], ...] = (
    (1, 0.50, 0.52, 0.32, 0.34),
    (2, 0.39, 0.45, 0.045, 0.06),
    (2, 0.61, 0.45, 0.045, 0.06),
    (2, 0.50, 0.64, 0.15, 0.08),
    (1, 0.50, 0.60, 0.15, 0.07),
)


@lru_cache(maxsize=64)
def draw(colour: tuple[int, int, int], side: int) -> bytes:
    """Return a square PNG of ``side`` pixels."""
    rows = bytearray()
    for y in range(side):
        rows += b"\0" + _row(y, side)
    palette = bytes((*colour, 255, 247, 232, 40, 40, 48))
    header = struct.pack(">IIBBBBB", side, side, 8, 3, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"PLTE", palette), (b"IDAT", zlib.compress(bytes(rows), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def _row(y: int, side: int) -> bytearray:
    row = bytearray(side)
    for index, centre_x, centre_y, radius_x, radius_y in _FACE:
        distance = ((y + 0.5) / side - centre_y) / radius_y
        if abs(distance) >= 1:
            continue
        half = radius_x * sqrt(1 - distance * distance)
        left, right = round((centre_x - half) * side), round((centre_x + half) * side)
        row[left:right] = bytes((index,)) * (right - left)
    return row


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
