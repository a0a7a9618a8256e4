"""Serve scripts, foreign machines' bytes or other people's pictures through the copy of an avatar."""

import gzip
import io
import logging
import re
from typing import Any

import pytest
from django.test import Client
from PIL import Image

from consumer_site.models import AvatarCopy
from tests import factories
from tests.consumer.journey import HOST, Journey, sign_in_as
from tests.consumer.openid_provider import PICTURE, Answer
from tests.consumer.scripted_server import OK, serving

pytestmark = pytest.mark.django_db

SCRIPT = b"<script>alert(document.domain)</script>"


def drawn(format_name: str, **options: Any) -> bytes:
    """Return a small picture of a format that browsers show."""
    written = io.BytesIO()
    Image.new("RGB", (2, 2), "teal").save(written, format_name, **options)
    return written.getvalue()


# Real pictures, for others are no pictures: each is a script as well to whoever reads it as one.
POLYGLOTS = {
    "png": drawn("PNG") + SCRIPT,
    "gif": drawn("GIF", comment=SCRIPT),
    "jpeg": drawn("JPEG", comment=SCRIPT),
    "webp": drawn("WEBP") + SCRIPT,
}
NO_PICTURES = [
    b"GIF89a/*" + SCRIPT + b"*/=1;alert(1)",
    b"\xff\xd8\xff\xe0" + SCRIPT,
    b"RIFF\x10\x00\x00\x00WEBP" + SCRIPT,
    b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    b"<?xml version='1.0'?><svg/>",
    b"<!DOCTYPE html>" + SCRIPT,
    b" " + PICTURE,
    b"%PDF-1.7",
    b"BM" + b"\x00" * 60,
    b"\x00\x00\x01\x00",
    b"",
    b"GIF88a",
    b"RIFF\x10\x00\x00\x00WAVE",
]


def picture_of(browser: Client) -> str:
    """Return the address of the picture on the calendar's page, empty for none."""
    found = re.search(r'<img class="avatar"\s+src="([^"]*)"', browser.get("/calendar/").content.decode())
    return found[1] if found else ""


@pytest.mark.parametrize("content", POLYGLOTS.values(), ids=POLYGLOTS)
@pytest.mark.parametrize("declared", ["text/html", "image/svg+xml", "application/javascript"])
def test_picture_that_is_also_a_script_is_a_picture_and_nothing_else(
    journey: Journey, content: bytes, declared: str
) -> None:
    journey.house.replies["/picture"] = Answer(content, headers={"Content-Type": declared})
    journey.sign_in()
    answer = journey.visitor.get(picture_of(journey.visitor))
    assert answer["Content-Type"] == "image/png"
    assert SCRIPT in content
    assert b"<script" not in answer.content, "what is kept is drawn anew, and holds what can be seen alone"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "private" in answer["Cache-Control"]


@pytest.mark.parametrize("content", NO_PICTURES)
def test_what_is_no_picture_is_not_kept(journey: Journey, content: bytes) -> None:
    journey.house.replies["/picture"] = Answer(content, headers={"Content-Type": "image/png"})
    journey.sign_in()
    assert picture_of(journey.visitor) == ""
    assert bytes(AvatarCopy.objects.get().content) == b""


@pytest.mark.parametrize("encoding", ["gzip", "gzip, gzip"])
def test_picture_that_swells_is_not_read_to_its_end(
    journey: Journey, caplog: pytest.LogCaptureFixture, encoding: str
) -> None:
    caplog.set_level(logging.INFO)
    body = PICTURE + b"\x00" * 30_000_000
    for _layer in range(encoding.count("gzip")):
        body = gzip.compress(body, 9)
    headers = {"Content-Type": "image/png", "Content-Encoding": encoding}
    journey.house.replies["/picture"] = Answer(body, headers=headers)
    journey.sign_in()
    assert picture_of(journey.visitor) == ""
    assert "/picture answer_too_large" in caplog.text


@pytest.mark.parametrize("excess", [0, 1])
def test_picture_is_bounded(journey: Journey, settings: Any, excess: int) -> None:
    settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, "AVATAR_MAX_BYTES": 1000}
    journey.house.replies["/picture"] = Answer(PICTURE + b"\x00" * (1000 - len(PICTURE) + excess))
    journey.sign_in()
    assert bool(picture_of(journey.visitor)) is not bool(excess)


@pytest.mark.parametrize(
    "address",
    ["https://169.254.169.254/latest/meta-data/", "https://10.0.0.1/x.png", "https://[fd00::1]/", "https://0.0.0.0/",
     "http://192.168.1.1/router.png", "file:///etc/passwd", "javascript:alert(1)", "data:image/png;base64,iVBO", 5],
)  # fmt: skip
def test_picture_of_a_private_machine_is_not_asked_for(journey: Journey, address: object) -> None:
    journey.house.userinfo["picture"] = address
    journey.sign_in()
    page = journey.visitor.get("/calendar/")
    assert page.status_code == 200
    assert str(address) not in page.content.decode() or address == 5
    assert picture_of(journey.visitor) == ""


def test_picture_that_redirects_to_a_private_machine_is_not_followed(journey: Journey) -> None:
    target = "https://169.254.169.254/latest/meta-data/"
    journey.house.replies["/picture"] = Answer(b"", status=302, headers={"Location": target})
    journey.sign_in()
    assert picture_of(journey.visitor) == ""


def test_picture_is_asked_for_without_tokens_or_cookies(journey: Journey) -> None:
    with serving(OK) as elsewhere:
        journey.house.userinfo["picture"] = f"http://127.0.0.1:{elsewhere.port}/x.png"
        journey.sign_in()
        journey.visitor.get("/calendar/")
        (request,) = elsewhere.seen
    assert not re.search(rb"(?im)^(authorization|cookie|referer|origin):", request)


def test_picture_is_its_owners_alone(journey: Journey, victim: Any) -> None:
    journey.sign_in()
    address = picture_of(journey.visitor)
    other = Client(headers={"host": HOST})
    assert other.get(address).status_code == 404
    sign_in_as(other, factories.make_user("nosy"))
    assert other.get(address).status_code == 404
    assert journey.visitor.get(address).status_code == 200


@pytest.mark.parametrize("name", ["", "x", "0" * 64, "..%2f..%2fetc%2fpasswd", "%00", "é" * 64])
def test_made_up_name_is_no_picture(journey: Journey, name: str) -> None:
    journey.house.replies["/picture"] = Answer(b"no picture")
    journey.sign_in()
    journey.visitor.get("/calendar/")
    assert journey.visitor.get(f"/calendar/avatar/{name}").status_code == 404
