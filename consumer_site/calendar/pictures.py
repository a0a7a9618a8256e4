"""Draw a picture from elsewhere anew, so that nothing of its file but the pixels is kept and served."""

from __future__ import annotations

from io import BytesIO

from PIL import Image, ImageOps

PIXELS = 256
# 100 MB while it is decoded: what one person's picture may cost.
_MAX_SOURCE_PIXELS = 25_000_000
_FORMATS = ("PNG", "JPEG", "GIF", "WEBP")
# What Pillow raises for damaged files, of which UnidentifiedImageError is an OSError; the last two are for bombs.
_DAMAGED = (
    OSError,
    ValueError,
    SyntaxError,
    IndexError,
    OverflowError,
    TypeError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


class NotAPicture(ValueError):
    """The bytes are no PNG, JPEG, GIF or WebP, are damaged, or would be too large when decoded."""


def redrawn(content: bytes) -> bytes:
    """Return a square PNG of 256 by 256 pixels without metadata, of a GIF its first frame; raise NotAPicture."""
    try:
        image = Image.open(BytesIO(content), formats=_FORMATS)
        # Read from the header, before anything is decoded.
        too_large = image.width * image.height > _MAX_SOURCE_PIXELS
        square = None if too_large else _square(image)
    except _DAMAGED as error:
        raise NotAPicture(type(error).__name__) from None
    if square is None:
        raise NotAPicture("too many pixels")
    # Pillow would write the sender's colour profile, whose bytes are the sender's, into the PNG.
    square.info.clear()
    output = BytesIO()
    square.save(output, "PNG", optimize=True)
    return output.getvalue()


def _square(image: Image.Image) -> Image.Image:
    image.draft("RGB", (PIXELS * 2, PIXELS * 2))
    upright = ImageOps.exif_transpose(image).convert("RGBA")
    return ImageOps.fit(upright, (PIXELS, PIXELS), Image.Resampling.LANCZOS)
