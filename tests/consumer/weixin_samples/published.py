"""What WeChat answers, as its own pages and other people's code and tests show it.

The form of each answer is as published, down to types and order; identifiers, tokens and names are made up.
"""

from __future__ import annotations

import json

APP_ID = "wx5f3a9c01d2e4b678"
APP_SECRET = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
INSIDE_APP_ID = "wxa1b2c3d4e5f60718"
INSIDE_SECRET = "f0e1d2c3b4a5968778695a4b3c2d1e0f"
ACCESS_TOKEN = "57_Zx1Kq0Vb8nT-aC_dEfGhIjKlMnOpQrStUvWxYz0123456789abcdefghij"
REFRESH_TOKEN = "57_r9Qp8Om7Nl6Kj5Ih4Gf3Ed2Cb1-Az_0YxWvUtSrQpOnMlKjIhGfEdCbA98"
OPENID = "oLVPpjqs9BhvzwPj5A-vTYAX3GLc"
INSIDE_OPENID = "oK4xP1mF0a7-Qw_eRtYuIoPzXcVb"
UNIONID = "o6_bmasdasdsad6_2sgVt7hMZOPfL"

TOKEN = "/sns/oauth2/access_token"
REFRESH = "/sns/oauth2/refresh_token"
PROFILE_PATH = "/sns/userinfo"
AUTHORIZE_PATHS = {"website": "/connect/qrconnect", "inside": "/connect/oauth2/authorize"}


def token(**changes: object) -> bytes:
    """Return a token answer; a value of None leaves the field out."""
    fields = {
        # developers.weixin.qq.com, website sign-in; social-core's backend and test have the same fields.
        "access_token": ACCESS_TOKEN,
        "expires_in": 7200,
        "refresh_token": REFRESH_TOKEN,
        "openid": OPENID,
        "scope": "snsapi_login",
        "unionid": UNIONID,
        **changes,
    }
    return json.dumps({name: value for name, value in fields.items() if value is not None}).encode()


PROFILE: dict[str, object] = {
    # developers.weixin.qq.com, website sign-in, "get the person's profile".
    "openid": OPENID,
    "nickname": "张三🐼",
    "sex": 1,
    "language": "zh_CN",
    "city": "深圳",
    "province": "广东",
    "country": "中国",
    "headimgurl": "http://thirdwx.qlogo.cn/mmopen/g3MonUZtNHkdmzicIlibx6iaFqAc56vxLSUfpb6n5WKSYVY0ChQKkiaJSgQ1dZuTOgvLLrhJbERQQ/132",
    "privilege": ["PRIVILEGE1", "PRIVILEGE2"],
    "unionid": UNIONID,
}


def profile(**changes: object) -> bytes:
    """Return a profile in UTF-8, not escaped; a value of None leaves the field out."""
    fields = {**PROFILE, **changes}
    return json.dumps({k: v for k, v in fields.items() if v is not None}, ensure_ascii=False).encode()


def _text(template: str) -> bytes:
    values = {"OPENID": OPENID, "UNIONID": UNIONID, "ACCESS": ACCESS_TOKEN, "REFRESH": REFRESH_TOKEN}
    for name, value in values.items():
        template = template.replace(f"<{name}>", value)
    return template.encode()


# --- Token answers that must be understood: (name, bytes, seconds of life or None) ---------------------------------

TOKENS: list[tuple[str, bytes, int | None]] = [
    # developers.weixin.qq.com, website sign-in.
    (
        "website",
        _text(
            '{\n"access_token":"<ACCESS>",\n"expires_in":7200,\n"refresh_token":"<REFRESH>",\n"openid":"<OPENID>",\n'
            '"scope":"snsapi_login",\n"unionid": "<UNIONID>"\n}'
        ),
        7200,
    ),
    # pennersr/django-allauth tests/apps/socialaccount/providers/weixin/tests.py: one body for both answers.
    (
        "allauth's test",
        _text(
            '{"access_token":\n "<ACCESS>",\n "city": "Pudong New District",\n "country": "CN",\n "expires_in": 7200,\n'
            ' "headimgurl":\n "http://wx.qlogo.cn/mmopen/VkvLVEpo/0",\n "language": "zh_CN",\n "nickname": "某某某",\n'
            ' "openid": "<OPENID>",\n "privilege": [],\n "province": "Shanghai",\n "refresh_token":\n "<REFRESH>",\n'
            ' "scope": "snsapi_login",\n "sex": 1,\n "unionid": "<UNIONID>"}'
        ),
        7200,
    ),
    # social-core reads these two alone (python-social-auth/social-core social_core/backends/weixin.py).
    ("token and openid alone", _text('{"access_token": "<ACCESS>", "openid": "<OPENID>"}'), None),
    # developers.weixin.qq.com, web page authorization: the fields of the page in the WeChat app.
    (
        "inside",
        _text(
            '{"access_token":"<ACCESS>","expires_in":7200,"refresh_token":"<REFRESH>","openid":"<OPENID>",'
            '"scope":"snsapi_userinfo","unionid":"<UNIONID>"}'
        ),
        7200,
    ),
    ("lifetime a string", token(expires_in="7200"), 7200),
    ("no snapshot", token(is_snapshotuser=0), 7200),
    ("no error is no error", token(errcode=0, errmsg="ok"), 7200),
    ("byte order mark", b"\xef\xbb\xbf" + token(), 7200),
]

# --- Token answers that must never sign anybody in -----------------------------------------------------------------

NOBODY: list[tuple[str, bytes]] = [
    ("no openid", token(openid=None)),
    ("empty openid", token(openid="")),
    ("null openid", _text('{"access_token":"<ACCESS>","openid":null}')),
    ("openid a number", token(openid=12345678901234567890)),
    ("openid a list", token(openid=[OPENID])),
    ("openid true", token(openid=True)),
    ("openid of zeros", token(openid="0" * 28)),
    ("openid a word for nobody", token(openid="undefined")),
    ("openid with blanks", token(openid=f" {OPENID}")),
    ("openid with a newline", token(openid=f"{OPENID}\n")),
    ("openid too short", token(openid="o1")),
    ("openid too long", token(openid="oA1" * 200)),
    ("openid of full-width digits", token(openid="\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19")),
    ("only a unionid", token(openid=None, unionid=UNIONID)),
    ("no token", token(access_token=None)),
    ("token a list", token(access_token=["a"])),
    ("token with a newline", token(access_token="a\nb")),
    ("a form", _text("access_token=<ACCESS>&openid=<OPENID>")),
    ("JSONP", _text('callback({"access_token":"<ACCESS>","openid":"<OPENID>"})')),
    ("a page", b"<html><body>502 Bad Gateway</body></html>"),
    ("nothing", b""),
    ("null", b"null"),
    ("list", b"[]"),
    ("empty object", b"{}"),
    ("deep nesting", b'{"a":' + b"[" * 100_000),
    ("absurd number", b'{"openid":' + b"9" * 5000 + b"}"),
]

# --- Errors: (name, bytes, WeChat's code) --------------------------------------------------------------------------

ERRORS: list[tuple[str, bytes, str]] = [
    # developers.weixin.qq.com, website sign-in.
    ("code", b'{"errcode":40029,"errmsg":"invalid code"}', "40029"),
    # Logs that people post: the number of the request in the text makes it another one every time.
    ("used", b'{"errcode":40163,"errmsg":"code been used, rid: 65f1a2b3-1c2d3e4f-5a6b7c8d"}', "40163"),
    (
        "secret",
        b'{"errcode":40125,"errmsg":"invalid appsecret, view more at http://t.cn/RAEkdVq"}',
        "40125",
    ),
    ("a string", b'{"errcode":"40029","errmsg":"invalid code"}', "40029"),
    ("no text", b'{"errcode":40029}', "40029"),
    ("busy", b'{"errcode":-1,"errmsg":"system error"}', "-1"),
    ("a token in place of a code", _text('{"errcode":"<ACCESS>"}'), "unreadable"),
    ("not a number nor a word", b'{"errcode":{"code":40029}}', "unreadable"),
    ("true", b'{"errcode":true}', "unreadable"),
]
