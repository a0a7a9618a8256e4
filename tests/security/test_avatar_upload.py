"""Upload something else than a picture, or more than one, or guess somebody's (OWASP file upload)."""

import contextlib
import random
import struct
import zlib
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageCms, PngImagePlugin

from provider_site.models import Profile
from tests.provider.driver import Driver

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"
MARK = b"attackers-own-bytes"
FAKES = {
    "svg": SVG,
    "html": HTML,
    "xml bomb": b'<!DOCTYPE x [<!ENTITY a "aaaa">]><svg>&a;</svg>',
    "gif with html": b"GIF89a/*" + HTML + b"*/",
    "png header alone": b"\x89PNG\r\n\x1a\n" + HTML,
    "jpeg header alone": b"\xff\xd8\xff\xe0" + HTML,
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
    "tiff": b"II*\x00\x08\x00\x00\x00",
    "bmp": b"BM" + b"\x00" * 60,
    "ico": b"\x00\x00\x01\x00\x01\x00" + b"\x00" * 40,
    "pdf": b"%PDF-1.7",
    "zip": b"PK\x03\x04" + b"\x00" * 40,
    "empty": b"",
}


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 30), **options: Any) -> bytes:
    """Return a real picture."""
    file = BytesIO()
    Image.new("RGB", size, "teal").save(file, kind, **options)
    return file.getvalue()


def bomb(width: int, height: int) -> bytes:
    """Return a small PNG that says it is large."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\x00" * 4096)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def upload(driver: Driver, content: bytes, name: str = "me.png", kind: str = "image/png") -> Any:
    """Send the profile form."""
    form = {"nickname": "Ada", "avatar": SimpleUploadedFile(name, content, content_type=kind)}
    return driver.browser.post("/o/profile/", form)


def served(driver: Driver) -> Any:
    """Return the picture as anybody gets it."""
    return driver.backchannel.get(f"/o/avatar/{Profile.objects.get(avatar__gt='').avatar_key}.png")


class TestAvatarUpload:
    @pytest.mark.parametrize("content", FAKES.values(), ids=FAKES.keys())
    @pytest.mark.parametrize("kind", ["image/png", "image/svg+xml"])
    def test_what_is_no_picture_is_refused_and_nothing_is_saved(
        self, driver: Driver, content: bytes, kind: str
    ) -> None:
        assert upload(driver, content, kind=kind).status_code == 400
        assert not Profile.objects.filter(nickname="Ada").exists()
        assert not Profile.objects.filter(avatar__gt="").exists()

    @pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
    def test_what_is_served_is_a_new_png_whatever_came(self, driver: Driver, kind: str) -> None:
        name = "../../evil.html"
        assert upload(driver, picture(kind) + HTML, name=name, kind="text/html").status_code == 302
        answer = served(driver)
        content = b"".join(answer.streaming_content)
        image = Image.open(BytesIO(content))
        assert (image.format, image.size) == ("PNG", (256, 256))
        assert b"script" not in content
        assert answer["Content-Type"] == "image/png"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert "evil" not in Profile.objects.get(avatar__gt="").avatar.name

    def test_nothing_of_the_file_but_its_pixels_is_kept(self, driver: Driver) -> None:
        """Place and camera would be the person's secrets, and a colour profile is bytes of the sender's choice."""
        text, exif = PngImagePlugin.PngInfo(), Image.Exif()
        text.add_text("Comment", MARK.decode())
        exif[0x010E] = MARK.decode()
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes() + MARK
        upload(driver, picture(pnginfo=text, exif=exif, icc_profile=profile))
        content = b"".join(served(driver).streaming_content)
        image = Image.open(BytesIO(content))
        image.load()
        assert set(image.info) == set()
        for chunk in (b"iCCP", b"eXIf", b"tEXt", b"zTXt", b"iTXt", MARK):
            assert chunk not in content

    def test_oversized_file_is_refused(self, driver: Driver) -> None:
        assert upload(driver, picture() + b"\x00" * (2 * 1024 * 1024)).status_code == 400

    @pytest.mark.parametrize("size", [(5001, 5000), (12000, 9000), (30000, 30000), (2**31 - 1, 1), (1, 2**31 - 1)])
    def test_decompression_bomb_is_refused_by_its_header(self, driver: Driver, size: tuple[int, int]) -> None:
        assert upload(driver, bomb(*size)).status_code == 400

    def test_whole_picture_with_too_many_pixels_is_refused(self, driver: Driver) -> None:
        file = BytesIO()
        Image.new("1", (5200, 5000)).save(file, "PNG")
        assert len(file.getvalue()) < 100_000
        assert upload(driver, file.getvalue()).status_code == 400

    def test_broken_pictures_are_refused_by_the_page_and_never_crash(self) -> None:
        from django.core.exceptions import ValidationError
        from django.core.files.base import ContentFile

        from provider_site.services.pictures import reencode

        chance = random.Random(20)
        whole = [picture(kind) for kind in ("PNG", "JPEG", "WEBP", "GIF")]
        for _ in range(300):
            broken = bytearray(chance.choice(whole))
            for _ in range(chance.choice([1, 4, 16])):
                broken[chance.randrange(len(broken))] = chance.randrange(256)
            with contextlib.suppress(ValidationError):
                assert reencode(ContentFile(bytes(broken), name="x"))[:4] == b"\x89PNG"

    def test_address_cannot_be_guessed(self, driver: Driver, user: Any) -> None:
        upload(driver, picture())
        key = Profile.objects.get(user=user).avatar_key
        assert len(key) >= 43
        assert str(user.pk) != key
        for guess in (str(user.pk), user.username, key[:-1], key[:-1] + "~", "", "-", key.swapcase()):
            assert driver.backchannel.get(f"/o/avatar/{guess}.png").status_code == 404

    def test_storage_is_served_under_no_other_address(self, driver: Driver) -> None:
        upload(driver, picture())
        name = Profile.objects.get(avatar__gt="").avatar.name
        for address in (f"/media/{name}", f"/static/{name}", f"/{name}", f"/o/avatar/../../{name}"):
            assert driver.backchannel.get(address).status_code == 404

    def test_replaced_picture_is_gone(self, driver: Driver) -> None:
        upload(driver, picture())
        first = Profile.objects.get(avatar__gt="").avatar_key
        upload(driver, picture("JPEG"))
        assert driver.backchannel.get(f"/o/avatar/{first}.png").status_code == 404
        assert Profile.objects.get(avatar__gt="").avatar_key != first

    def test_form_without_its_token_saves_nothing(self, driver: Driver) -> None:
        form = {"nickname": "Eve", "avatar": SimpleUploadedFile("x.png", picture())}
        driver.backchannel.cookies = driver.browser.cookies
        assert driver.backchannel.post("/o/profile/", form).status_code == 403
        assert not Profile.objects.filter(nickname="Eve").exists()
