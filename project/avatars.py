"""Draw the pictures of the demonstration's people and applications."""

from io import BytesIO

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageDraw

SIZE = 256


def draw_avatar(*, background: str, skin: str, hair: str) -> SimpleUploadedFile:
    """Return a PNG of a simple face, as if it had been uploaded."""
    image = Image.new("RGB", (SIZE, SIZE), background)
    draw = ImageDraw.Draw(image)
    draw.ellipse((28, 188, 228, 360), fill=hair)
    draw.ellipse((64, 36, 192, 164), fill=hair)
    draw.ellipse((72, 60, 184, 196), fill=skin)
    for x in (104, 152):
        draw.ellipse((x - 7, 116, x + 7, 130), fill="#2b2b2b")
    draw.arc((100, 126, 156, 166), start=20, end=160, fill="#2b2b2b", width=5)
    return _uploaded("avatar.png", image)


def draw_logo(*, background: str, figure: str) -> SimpleUploadedFile:
    """Return a PNG of an application's logo, ``book`` or ``sun``, as if it had been uploaded."""
    image = Image.new("RGB", (SIZE, SIZE), background)
    draw = ImageDraw.Draw(image)
    if figure == "book":
        draw.polygon([(128, 88), (44, 68), (44, 176), (128, 196)], fill="#ffffff")
        draw.polygon([(128, 88), (212, 68), (212, 176), (128, 196)], fill="#e4dcf5")
    else:
        draw.ellipse((76, 64, 180, 168), fill="#ffd34d")
        draw.rounded_rectangle((52, 136, 204, 196), radius=30, fill="#ffffff")
    return _uploaded("logo.png", image)


def _uploaded(name: str, image: Image.Image) -> SimpleUploadedFile:
    file = BytesIO()
    image.save(file, "PNG")
    return SimpleUploadedFile(name, file.getvalue(), content_type="image/png")
