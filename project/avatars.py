"""Draw the pictures of the demonstration's people."""

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
    file = BytesIO()
    image.save(file, "PNG")
    return SimpleUploadedFile("avatar.png", file.getvalue(), content_type="image/png")
