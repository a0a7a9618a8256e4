"""Uploaded pictures, drawn anew, so that nothing of a file but its pixels is kept; and their files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from io import BytesIO

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile, File
from django.db import transaction
from django.db.models.fields.files import FieldFile
from django.utils.translation import gettext_lazy as _

from provider_site.conf import provider_settings
from provider_site.crypto import random_text
from provider_site.models.profile import avatar_storage

AVATARS = "provider_site/avatars"
LOGOS = "provider_site/logos"
PIXELS = 256
_MAX_SOURCE_PIXELS = 25_000_000  # 100 MB while it is decoded: what one upload may cost
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF")


def reencode(upload: File[bytes]) -> bytes:
    """Return the upload as a square PNG of 256 by 256 pixels, without metadata.

    Raises ValidationError with code ``too_large``, ``too_many_pixels`` or ``not_an_image``.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError  # noqa: PLC0415 - megabytes that most processes never use

    bombs = (Image.DecompressionBombError, Image.DecompressionBombWarning)  # raised where warnings are errors
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
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, *bombs) as error:
        raise ValidationError(
            _("This file is not a picture we can read. Use PNG, JPEG, WebP or GIF."), code="not_an_image"
        ) from error
    square = ImageOps.fit(upright, (PIXELS, PIXELS), Image.Resampling.LANCZOS)
    square.info.clear()  # Pillow would write the upload's colour profile, whose bytes are the sender's, into the PNG
    output = BytesIO()
    square.save(output, "PNG", optimize=True)
    return output.getvalue()


@contextmanager
def written(picture: bytes | None, *, directory: str) -> Iterator[tuple[str, str]]:
    """Write a picture's file before its row; yield its key and name, empty without a picture.

    A storage may be another machine, and no transaction waits for one. The file is taken back when the block raises.
    """
    if picture is None:
        yield "", ""
        return
    storage, key = avatar_storage(), random_text()
    name = storage.save(f"{directory}/{key}.png", ContentFile(picture))
    try:
        yield key, name
    except BaseException:
        storage.delete(name)
        raise


def delete_on_commit(picture: FieldFile) -> None:
    """Delete a picture's file, if there is one, once the transaction that lets go of it is through."""
    if picture.name:
        transaction.on_commit(partial(picture.storage.delete, picture.name), robust=True)
