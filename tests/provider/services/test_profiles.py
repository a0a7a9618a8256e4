"""services/profiles.py: nicknames and avatars."""

import contextlib
import random
import warnings
import zipfile
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection
from PIL import Image, ImageCms

from provider_site.models import Profile
from provider_site.services import pictures, profiles, subjects

MARK = b"a secret place, 48.8583 N 2.2945 E"


def picture(format_: str = "PNG", size: tuple[int, int] = (40, 30), mode: str = "RGB", **options: Any) -> bytes:
    file = BytesIO()
    Image.new(mode, size, "red" if mode != "L" else 100).save(file, format_, **options)
    return file.getvalue()


def upload(content: bytes, name: str = "a.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="image/png")


def png_header(width: int, height: int) -> bytes:
    """Return a PNG that claims a size and holds almost nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\x00\x00\x00"
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\x00")) + chunk(b"IEND", b"")


def refusal(content: bytes) -> str | None:
    with pytest.raises(ValidationError) as raised:
        pictures.reencode(upload(content))
    return raised.value.code


# --- Avatars ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("format_", "mode"),
    [("PNG", "RGB"), ("PNG", "RGBA"), ("PNG", "P"), ("PNG", "L"), ("PNG", "1"), ("JPEG", "RGB"), ("JPEG", "CMYK"),
     ("JPEG", "L"), ("WEBP", "RGB"), ("WEBP", "RGBA"), ("GIF", "P")],
)  # fmt: skip
def test_picture_becomes_a_square_png(format_: str, mode: str) -> None:
    file = BytesIO()
    Image.new(mode, (70, 50)).save(file, format_)
    result = Image.open(BytesIO(pictures.reencode(upload(file.getvalue()))))
    assert (result.format, result.size) == ("PNG", (256, 256))


def test_moving_picture_stands_still() -> None:
    file = BytesIO()
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    result = Image.open(BytesIO(pictures.reencode(upload(file.getvalue()))))
    assert getattr(result, "n_frames", 1) == 1


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1)])
def test_extreme_shape_is_cut_square(size: tuple[int, int]) -> None:
    assert Image.open(BytesIO(pictures.reencode(upload(picture(size=size))))).size == (256, 256)


def test_picture_held_sideways_is_set_upright() -> None:
    image = Image.new("RGB", (100, 100), "red")
    image.paste("blue", (0, 0, 100, 50))
    exif = Image.Exif()
    exif[0x0112] = 3
    file = BytesIO()
    image.save(file, "PNG", exif=exif)
    result = Image.open(BytesIO(pictures.reencode(upload(file.getvalue())))).convert("RGB")
    assert result.getpixel((128, 250)) == (0, 0, 255)


def test_nothing_but_pixels_is_kept() -> None:
    exif = Image.Exif()
    exif[0x010E] = MARK.decode()
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes() + MARK
    for format_ in ("JPEG", "PNG", "WEBP"):
        content = picture(format_, exif=exif, icc_profile=profile)
        assert MARK in content
        result = pictures.reencode(upload(content + MARK))
        assert MARK not in result
        kinds = {name for name in (b"eXIf", b"tEXt", b"iTXt", b"zTXt", b"iCCP", b"tIME") if name in result}
        assert kinds == set()


def test_file_that_is_also_an_archive_or_a_page_is_only_a_picture_afterwards() -> None:
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("evil.html", "<script>alert(1)</script>")
    for tail in (archive.getvalue(), b"<script>alert(1)</script>", b"%PDF-1.4"):
        result = pictures.reencode(upload(picture("JPEG") + tail))
        assert result.startswith(b"\x89PNG")
        assert b"script" not in result
        assert not zipfile.is_zipfile(BytesIO(result))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a picture",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        b"%PDF-1.4",
        b"GIF89a",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff\xe0",
        b"RIFF\x10\x00\x00\x00WEBPVP8 ",
        b"BM" + b"\x00" * 100,
    ],
)
def test_what_only_claims_to_be_a_picture_is_refused(content: bytes) -> None:
    assert refusal(content) == "not_an_image"


@pytest.mark.parametrize("format_", ["BMP", "TIFF", "ICO", "TGA"])
def test_picture_of_another_format_is_refused(format_: str) -> None:
    assert refusal(picture(format_)) == "not_an_image"


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "WEBP"])
def test_truncated_picture_is_refused(format_: str) -> None:
    content = picture(format_, size=(300, 300))
    assert refusal(content[: len(content) // 2]) == "not_an_image"


@pytest.mark.parametrize("side", [5001, 9400, 12000, 14000, 2**31 - 1])
def test_picture_that_would_swell_is_refused_before_it_is_decoded(side: int) -> None:
    content = png_header(side, side)
    assert len(content) < 200
    assert refusal(content) in {"too_many_pixels", "not_an_image"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert refusal(content) in {"too_many_pixels", "not_an_image"}


def test_file_over_the_limit_is_refused_and_one_at_the_limit_is_not(settings: Any) -> None:
    content = picture()
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"AVATAR_MAX_BYTES": len(content)}
    assert pictures.reencode(upload(content))
    assert refusal(content + b"\x00") == "too_large"


def test_damaged_pictures_are_refused_or_read_and_nothing_else() -> None:
    chance = random.Random(2026)
    seeds = [picture(format_) for format_ in ("PNG", "JPEG", "WEBP")] + [picture("GIF", mode="P")]
    for _time in range(150):
        content = bytearray(chance.choice(seeds))
        for _change in range(chance.choice([1, 3, 9])):
            content[chance.randrange(len(content))] = chance.randrange(256)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with contextlib.suppress(ValidationError):
                assert pictures.reencode(upload(bytes(content))).startswith(b"\x89PNG")


def stored_files() -> list[Path]:
    from django.conf import settings

    return [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


def test_new_avatar_replaces_the_old_file_and_its_address(user: Any, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        first = profiles.set_avatar(user=user, upload=upload(picture())).avatar_key
    with django_capture_on_commit_callbacks(execute=True):
        second = profiles.set_avatar(user=user, upload=upload(picture("JPEG"))).avatar_key
    assert first != second
    assert [path.stem for path in stored_files()] == [second]


def test_refused_avatar_changes_nothing(user: Any) -> None:
    profiles.set_avatar(user=user, upload=upload(picture()))
    before = Profile.objects.values().get()
    with pytest.raises(ValidationError):
        profiles.set_avatar(user=user, upload=upload(b"nonsense"))
    with pytest.raises(ValidationError):
        profiles.set_profile(
            user=user, nickname="x" * 500, picture=pictures.reencode(upload(picture())), remove_picture=False
        )
    assert Profile.objects.values().get() == before
    assert len(stored_files()) == 1


def test_name_of_the_upload_is_not_used(user: Any) -> None:
    profile = profiles.set_avatar(user=user, upload=upload(picture(), name="../../evil.html"))
    assert profile.avatar.name == f"provider_site/avatars/{profile.avatar_key}.png"


def test_removed_avatar_is_gone(user: Any, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        profiles.set_avatar(user=user, upload=upload(picture()))
        profile = profiles.delete_avatar(user=user)
    assert (profile.avatar_key, stored_files()) == ("", [])


# --- Nicknames ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Ada  ", "Ada"),
        ("Ada\t\n Lovelace", "Ada Lovelace"),
        ("e\u0301", "é"),
        ("朝夕", "朝夕"),
        ("👩‍👩‍👧", "👩‍👩‍👧"),
        ("می‌خواهم", "می‌خواهم"),
        ("<b>&amp;", "<b>&amp;"),
        ("", ""),
        ("   ", ""),
        ("x" * 40, "x" * 40),
        ("e\u0301" * 40, "é" * 40),
    ],
)
def test_nickname_is_kept_tidied(typed: str, kept: str) -> None:
    assert profiles.clean_nickname(typed) == kept


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("x" * 41, "too_long"),
        ("👍" * 41, "too_long"),
        ("a\x00b", "control"),
        ("a\x07b", "control"),
        ("a\x7fb", "control"),
        ("a\u202eb", "control"),
        ("a\u2066b", "control"),
        ("a\ue000b", "control"),
        ("a\ud800b", "control"),
        ("\u200d\u200b", "invisible"),
        ("\u0301", "invisible"),
    ],
)
def test_nickname_too_long_or_with_what_deceives_is_refused(typed: str, code: str) -> None:
    with pytest.raises(ValidationError) as raised:
        profiles.clean_nickname(typed)
    assert raised.value.code == code


def test_refused_nickname_changes_nothing(user: Any) -> None:
    profiles.set_nickname(user=user, nickname="Ada")
    with pytest.raises(ValidationError):
        profiles.set_nickname(user=user, nickname="x" * 41)
    assert Profile.objects.get().nickname == "Ada"


def test_limit_is_a_setting(settings: Any) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"NICKNAME_MAX_LENGTH": 3}
    assert profiles.clean_nickname("Ada") == "Ada"
    with pytest.raises(ValidationError, match="at most 3 characters"):
        profiles.clean_nickname("Adaa")


def test_subject_stays_and_finds_its_person(user: Any, other_user: Any) -> None:
    subject = profiles.get_profile(user=user).subject
    assert profiles.get_profile(user=user).subject == subject
    assert profiles.get_profile(user=other_user).subject != subject
    assert subjects.user_for_subject(subject=subject) == user
    assert subjects.user_for_subject(subject="nobody") is None


def test_file_whose_row_could_not_be_written_is_taken_back(user: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise DatabaseError("disk full")

    profiles.get_profile(user=user)
    monkeypatch.setattr(Profile, "save", fail)
    with pytest.raises(DatabaseError):
        profiles.set_avatar(user=user, upload=upload(picture()))
    assert stored_files() == []


def test_no_transaction_is_open_while_a_file_is_written(
    transactional_db: None, user: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []
    save = FileSystemStorage.save

    def watched(self: Any, *args: Any, **kwargs: Any) -> Any:
        seen.append(connection.in_atomic_block)
        return save(self, *args, **kwargs)

    monkeypatch.setattr(FileSystemStorage, "save", watched)
    profiles.set_avatar(user=user, upload=upload(picture()))
    assert seen == [False]
