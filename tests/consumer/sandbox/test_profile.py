import json
import struct
import zlib
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.consumer.sandbox.visitor import CALLBACK, Visitor

pytestmark = pytest.mark.django_db

NUMBERS = {"ret", "is_lost", "gender_type"}
NAMES = [
    *("ret", "msg", "is_lost", "nickname", "gender", "gender_type", "province", "city", "year", "constellation"),
    *("figureurl", "figureurl_1", "figureurl_2", "figureurl_qq_1", "figureurl_qq_2", "figureurl_qq", "figureurl_type"),
    *("is_yellow_vip", "vip", "yellow_vip_level", "level", "is_yellow_year_vip"),
]


def picture_size(png: bytes) -> tuple[int, int]:
    """Decode the picture far enough to know that it is one, and return its size."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    data, position = b"", 8
    while position < len(png):
        (length,) = struct.unpack(">I", png[position : position + 4])
        name, chunk = png[position + 4 : position + 8], png[position + 8 : position + 8 + length]
        (check,) = struct.unpack(">I", png[position + 8 + length : position + 12 + length])
        assert check == zlib.crc32(name + chunk)
        data += chunk if name == b"IDAT" else b""
        position += 12 + length
    assert len(zlib.decompress(data)) == height * (width + 1)
    return width, height


def test_profile_has_qqs_fields_in_qqs_types(visitor: Visitor) -> None:
    answer = visitor.profile(visitor.access_token()).json()
    assert list(answer) == NAMES
    for name, value in answer.items():
        assert isinstance(value, int if name in NUMBERS else str), name
    assert answer["nickname"] == "小企鹅"
    assert (answer["gender"], answer["gender_type"]) == ("男", 1)


def test_profile_has_qqs_layout(visitor: Visitor) -> None:
    response = visitor.profile(visitor.access_token())
    text = response.content.decode()
    assert text.startswith('{\n    "ret": 0,\n    "msg": "",\n    "is_lost":0,\n    "nickname": "小企鹅",\n')
    assert '"figureurl": "http:\\/\\/testserver\\/sandbox\\/qq\\/avatar\\/qzapp\\/100000001\\/' in text
    assert '"figureurl_qq_1": "http://testserver/sandbox/qq/avatar/g?b=oidb&k=' in text
    assert response["Content-Type"] == "application/json; charset=utf-8"


def test_content_type_may_be_html_without_charset(visitor: Visitor, qq_app: dict[str, Any]) -> None:
    qq_app["json_content_type"] = "text/html"
    token = visitor.access_token("emoji")
    response = visitor.profile(token, openid=json.loads(visitor.me(access_token=token, fmt="json").content)["openid"])
    assert response["Content-Type"] == "text/html"
    assert json.loads(response.content.decode())["nickname"].startswith("🐧")


@pytest.mark.parametrize(
    ("person", "nickname"),
    [("rtl", "محمد الطيّار"), ("markup", '<b>O\'Neil</b> & "引号"'), ("blank", " "), ("twin", "小企鹅")],
)
def test_nickname_survives_as_it_is(visitor: Visitor, person: str, nickname: str) -> None:
    assert visitor.profile(visitor.access_token(person)).json()["nickname"] == nickname


def test_every_picture_of_an_ordinary_person_is_there_and_over_http(visitor: Visitor) -> None:
    answer = visitor.profile(visitor.access_token()).json()
    sizes = {"": 30, "_1": 50, "_2": 100, "_qq_1": 40, "_qq_2": 100, "_qq": 640}
    for suffix, side in sizes.items():
        address = answer["figureurl" + suffix]
        assert urlsplit(address).scheme == "http"
        picture = visitor.client.get(address)
        assert picture["Content-Type"] == "image/png"
        assert picture_size(picture.content) == (side, side)


def test_person_without_a_large_picture_has_only_the_40_pixel_one(visitor: Visitor) -> None:
    answer = visitor.profile(visitor.access_token("small")).json()
    assert answer["figureurl_qq_2"] == answer["figureurl_qq"] == ""
    assert visitor.client.get(answer["figureurl_qq_1"]).status_code == 200
    assert visitor.client.get(answer["figureurl_qq_1"].replace("s=40", "s=100")).status_code == 404
    assert visitor.client.get(answer["figureurl_2"]).status_code == 404


@pytest.mark.parametrize("path", ["g", "g?k=x&s=40", "qzapp/1/x/30", "face/nobody"])
def test_unknown_picture_is_not_found(visitor: Visitor, path: str) -> None:
    assert visitor.client.get(f"/sandbox/qq/avatar/{path}").status_code == 404


@pytest.mark.parametrize(
    ("changes", "ret", "msg"),
    [
        ({"oauth_consumer_key": None}, -1, "client request's parameters are invalid"),
        ({"oauth_consumer_key": "123"}, 100008, "client request's app is not existed"),
        ({"access_token": None}, 1002, "请先登录"),
        ({"access_token": "invalid"}, 100013, "access token is illegal"),
        ({"access_token": "A" * 32}, 100016, "access token check failed"),
        ({"openid": None}, -1, "client request's parameters are invalid, invalid openid"),
        ({"openid": "xyz"}, -1, "client request's parameters are invalid, invalid openid"),
        ({"openid": "A" * 32}, -22, "openid is invalid"),
    ],
)
def test_each_fault_is_http_200_with_its_ret(
    visitor: Visitor, changes: dict[str, str | None], ret: int, msg: str
) -> None:
    response = visitor.profile(visitor.access_token(), **changes)
    assert response.status_code == 200
    assert response.content.decode() == f'{{"ret":{ret},"msg":"{msg}"}}'


def test_token_of_another_app_is_invalid(visitor: Visitor, settings: Any) -> None:
    settings.CONSUMER_SITE["SANDBOX"]["QQ_APPS"]["100000002"] = {"key": "other", "callbacks": [CALLBACK]}
    assert visitor.profile(visitor.access_token(), oauth_consumer_key="100000002").json()["ret"] == -23


def test_profile_needs_the_persons_permission_and_the_apps(visitor: Visitor, qq_app: dict[str, Any]) -> None:
    token = visitor.access_token(scope="list_album,add_topic")
    assert visitor.profile(token).json()["ret"] == 100030
    qq_app["apis"] = ["list_album"]
    assert visitor.profile(token).json()["ret"] == 100031
    qq_app["apis"] = "get_user_info,list_album"
    assert visitor.profile(visitor.access_token(scope="list_album, get_user_info")).json()["ret"] == 0
