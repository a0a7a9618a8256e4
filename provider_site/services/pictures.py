"""Uploaded pictures, drawn anew, so that nothing of a file but its pixels is kept."""

from __future__ import annotations

from io import BytesIO

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps, UnidentifiedImageError

from provider_site.conf import provider_settings

PIXELS = 256
_MAX_SOURCE_PIXELS = 25_000_000  # 100 MB while it is decoded: what one upload may cost
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
_BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)  # raised where warnings are errors


def reencode(upload: File[bytes]) -> bytes:
    """Return the upload as a square PNG of 256 by 256 pixels, without metadata.

    Raises ValidationError with code ``too_large``, ``too_many_pixels`` or ``not_an_image``.
    """
    limit = provider_settings.avatar_max_bytes
    if upload.size > limit:
        raise ValidationError(
            _("The picture is too large: at most %(megabytes)s MB."),
            code="too_large",
            params={"megabytes": f"{limit / 1048576:g}"},
        )
    try:
        image = Image.open(BytesIO(upload.read(limit + 1)), formats=_FORMATS)
        if image.width * image.height > _MAX_SOURCE_PIXELS:  # read from the header, before anything is decoded
            raise ValidationError(_("The picture has too many pixels."), code="too_many_pixels")
        image.draft("RGB", (PIXELS * 2, PIXELS * 2))
        upright = ImageOps.exif_transpose(image).convert("RGBA")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, *_BOMBS) as error:
        raise ValidationError(
            _("This file is not a picture we can read. Use PNG, JPEG, WebP or GIF."), code="not_an_image"
        ) from error
    square = ImageOps.fit(upright, (PIXELS, PIXELS), Image.Resampling.LANCZOS)
    square.info.clear()  # Pillow would write the upload's colour profile, whose bytes are the sender's, into the PNG
    output = BytesIO()
    square.save(output, "PNG", optimize=True)
    return output.getvalue()
