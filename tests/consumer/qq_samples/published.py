"""What QQ answers, as its own pages and other people's code and tests show it.

The form of each answer is as published, down to blanks, commas and types; identifiers, tokens and names are made up.
"""

from __future__ import annotations

import json

APP_ID = "101999001"
APP_KEY = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
ACCESS_TOKEN = "FE04A1B2C3D4E5F60718293A4B5CCCE2"
REFRESH_TOKEN = "88E4A1B2C3D4E5F60718293A4B5CBE14"
OPENID = "CF2A0B1C2D3E4F5061728394A5B69F4C"
UNIONID = "UID_7D3C2B1A09F8E7D6C5B4A3928170655E"


def _text(template: str) -> bytes:
    for name, value in {
        "APPID": APP_ID,
        "OPENID": OPENID,
        "UNIONID": UNIONID,
        "ACCESS": ACCESS_TOKEN,
        "REFRESH": REFRESH_TOKEN,
    }.items():
        template = template.replace(f"<{name}>", value)
    return template.encode()


def token(**changes: object) -> bytes:
    """Return a token answer with ``fmt=json``."""
    fields = {"access_token": ACCESS_TOKEN, "expires_in": "5184000", "refresh_token": REFRESH_TOKEN, **changes}
    return json.dumps(fields).encode()


def me(**changes: object) -> bytes:
    """Return an answer of ``/me`` with ``fmt=json``; a value of None leaves the field out."""
    fields = {"client_id": APP_ID, "openid": OPENID, **changes}
    return json.dumps({name: value for name, value in fields.items() if value is not None}).encode()


def me_jsonp(**changes: object) -> bytes:
    """Return an answer of ``/me`` in its default form."""
    return b"callback( " + me(**changes) + b" );\n"


PROFILE: dict[str, object] = {
    # wiki.connect.qq.com, get_user_info; the same fields in casdoor/casdoor idp/qq.go.
    "ret": 0,
    "msg": "",
    "is_lost": 0,
    "nickname": "飞翔的企鹅🐧",
    "gender": "男",
    "gender_type": 1,
    "province": "广东",
    "city": "深圳",
    "year": "1990",
    "constellation": "",
    "figureurl": f"http://qzapp.qlogo.cn/qzapp/{APP_ID}/{OPENID}/30",
    "figureurl_1": f"http://qzapp.qlogo.cn/qzapp/{APP_ID}/{OPENID}/50",
    "figureurl_2": f"http://qzapp.qlogo.cn/qzapp/{APP_ID}/{OPENID}/100",
    "figureurl_qq_1": "http://thirdqq.qlogo.cn/g?b=oidb&k=QtAu5OiaSfqGD0k&s=40&t=1557635654",
    "figureurl_qq_2": "http://thirdqq.qlogo.cn/g?b=oidb&k=QtAu5OiaSfqGD0k&s=100&t=1557635654",
    "figureurl_qq": "http://thirdqq.qlogo.cn/g?b=oidb&k=QtAu5OiaSfqGD0k&s=640&t=1557635654",
    "figureurl_type": "1",
    "is_yellow_vip": "0",
    "vip": "0",
    "yellow_vip_level": "0",
    "level": "0",
    "is_yellow_year_vip": "0",
}


def profile(**changes: object) -> bytes:
    """Return a profile in UTF-8, not escaped; a value of None leaves the field out."""
    fields = {**PROFILE, **changes}
    return json.dumps({k: v for k, v in fields.items() if v is not None}, ensure_ascii=False).encode()


# --- Token answers that must be understood: (name, bytes, seconds of life or None) ---------------------------------

TOKENS: list[tuple[str, bytes, int | None]] = [
    # wiki.connect.qq.com; social-core (python-social-auth/social-core social_core/backends/qq.py) reads this form only.
    ("default", _text("access_token=<ACCESS>&expires_in=7776000&refresh_token=<REFRESH>"), 7776000),
    # A C# reader of both forms (Mstm.OAuth.QQ, DefaultQQResponseAnalysis) and a Scala test (CommonResponseExtractor).
    ("without refresh token", _text("access_token=<ACCESS>&expires_in=7776000"), 7776000),
    # synctv-org/synctv issue 329: the string that broke a strict reader.
    (
        "fmt=json, lifetime a string",
        _text('{"access_token":"<ACCESS>","expires_in":"5184000","refresh_token":"<REFRESH>"}'),
        5184000,
    ),
    (
        "fmt=json, lifetime a number",
        _text('{"access_token":"<ACCESS>","expires_in":7776000,"refresh_token":"<REFRESH>"}'),
        7776000,
    ),
    # aspnet-contrib/AspNet.Security.OAuth.Providers test/.../QQ/bundle.json: no lifetime at all.
    ("no lifetime", _text('{"access_token":"<ACCESS>","token_type":"access","refresh_token":"<REFRESH>"}'), None),
    # need_openid=1: the openid beside the token is not the one that is checked, and is not used.
    (
        "with openid",
        _text('{"access_token":"<ACCESS>","expires_in":"5184000","openid":"<OPENID>","refresh_token":"<REFRESH>"}'),
        5184000,
    ),
    ("jsonp", _text('callback( {"access_token":"<ACCESS>","expires_in":"5184000"} );\n'), 5184000),
    ("byte order mark", b"\xef\xbb\xbf" + token(), 5184000),
    ("blank lines", b"\r\n\r\n" + token() + b"\r\n", 5184000),
    ("no error is no error", token(error=0, code="0", msg="ok"), 5184000),
]

# --- Answers of /me that must be understood: (name, bytes, unionid) ------------------------------------------------

IDENTITIES: list[tuple[str, bytes, str]] = [
    # wiki.connect.qq.com; kaichen/omniauth-qq-connect lib/omniauth/strategies/qq_connect.rb shows the trailing newline.
    ("default", _text('callback( {"client_id":"<APPID>","openid":"<OPENID>"} );\n'), ""),
    # wiki.connect.qq.com, UnionID.
    ("unionid", _text('callback( {"client_id":"<APPID>","openid":"<OPENID>","unionid":"<UNIONID>"} );'), UNIONID),
    ("over several lines", _text('callback(\n{\n"client_id":"<APPID>",\n"openid":"<OPENID>"\n}\n);\n'), ""),
    # justauth/JustAuth AuthQqRequest strips "callback(" and ");" without blanks.
    ("without blanks", _text('callback({"client_id":"<APPID>","openid":"<OPENID>"});'), ""),
    ("without semicolon", _text('callback( {"client_id":"<APPID>","openid":"<OPENID>"} )'), ""),
    ("fmt=json", _text('{"client_id":"<APPID>","openid":"<OPENID>","unionid":"<UNIONID>"}'), UNIONID),
    ("app id a number", _text('{"client_id":<APPID>,"openid":"<OPENID>"}'), ""),
    ("empty unionid", _text('{"client_id":"<APPID>","openid":"<OPENID>","unionid":""}'), ""),
    # The former phone gateway graph.z.qq.com/moc2/me answered with fields.
    ("form", _text("client_id=<APPID>&openid=<OPENID>"), ""),
]

# --- Errors: (name, bytes, QQ's code) ------------------------------------------------------------------------------

TOKEN_ERRORS: list[tuple[str, bytes, str]] = [
    # wiki.connect.qq.com.
    ("jsonp", b'callback( {"error":100020,"error_description":"code is reused error"} );', "100020"),
    # The comments of a Drupal module and of a PHP class keep the blank before the closing quote.
    (
        "blank in text",
        b'callback( {"error":100004,"error_description":"param grant_type is wrong or lost "} );',
        "100004",
    ),
    ("wrong key", b'callback( {"error":100009,"error_description":"client secret is illegal"} );', "100009"),
    ("exchange", b'callback( {"error":100019,"error_description":"code to access token error"} )', "100019"),
    ("fmt=json", b'{"error":100019,"error_description":"code to access token error"}', "100019"),
    # justauth/JustAuth AuthQqRequest: an answer with `code` is an error whose text is `msg`.
    ("old fields", b"code=100020&msg=code+is+reused+error", "100020"),
    ("old fields, json", b'{"code":100020,"msg":"code is reused error"}', "100020"),
    ("old fields, jsonp", b'callback( {"code":"100020","msg":"code is reused error"} );', "100020"),
    # tourze/qq-connect-oauth2-bundle tests/Service/QQOAuth2ServiceEdgeCasesTest.php: a word instead of a number.
    ("a word", b"error=invalid_grant&error_description=Invalid authorization code", "invalid_grant"),
    ("a token in place of a code", _text('{"error":"<ACCESS>"}'), "unreadable"),
    ("not a number nor a word", b'{"error":{"code":100020}}', "unreadable"),
]

ME_ERRORS: list[tuple[str, bytes, str]] = [
    ("jsonp", b'callback( {"error":100016,"error_description":"access token check failed"} );', "100016"),
    # wiki.connect.qq.com, UnionID: the comma before the brace is QQ's.
    (
        "trailing comma",
        b'callback(\n{\n"error":100016,\n"error_description":"access token check failed",\n}\n);',
        "100016",
    ),
    (
        "token missing",
        b'callback( {"error":100007,"error_description":"param access token is wrong or lost "} );',
        "100007",
    ),
    ("fmt=json", b'{"error":100016,"error_description":"access token check failed"}', "100016"),
]

PROFILE_ERRORS: list[tuple[str, bytes, str]] = [
    ("openid", b'{"ret":-22,"msg":"openid is invalid"}', "-22"),
    ("sign in first", '{"ret":1002,"msg":"请先登录"}'.encode(), "1002"),
    ("profile", b'{"ret":13002,"msg":"get qq info err"}', "13002"),
    # Seen in a PHP test of a Qq provider and in the comments of several clients.
    ("token", b'{"ret":-23,"msg":"token is invalid"}', "-23"),
    ("parameters", b'{"ret":-1,"msg":"client request\'s parameters are invalid, invalid openid"}', "-1"),
    # A Scala test (CommonResponseExtractor) has this older number for the same text.
    ("undocumented", '{"ret":2021,"msg":"请先登录"}'.encode(), "2021"),
    ("a string", b'{"ret":"13002","msg":"get qq info err"}', "13002"),
]

# --- Answers that must never sign anybody in -----------------------------------------------------------------------

NOBODY: list[tuple[str, bytes]] = [
    ("no openid", me(openid=None)),
    ("empty openid", me(openid="")),
    ("null openid", _text('callback( {"client_id":"<APPID>","openid":null} );')),
    ("openid a number", me(openid=12345678901234567890)),
    ("openid a list", me(openid=[OPENID])),
    ("openid of zeros", me(openid="0" * 32)),
    ("openid a word for nobody", me(openid="undefined")),
    ("openid with blanks", me(openid=f" {OPENID}")),
    ("openid with a newline", me(openid=f"{OPENID}\n")),
    ("openid too short", me(openid="1")),
    ("openid too long", me(openid="A1" * 200)),
    ("openid of full-width digits", me(openid="\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19")),
    ("another app", me(client_id="101999002")),
    ("no app", me(client_id=None)),
    ("empty app", me(client_id="")),
    ("app true", me(client_id=True)),
    # aspnet-contrib/AspNet.Security.OAuth.Providers test/.../QQ/bundle.json: no client_id, so nobody can say whose.
    ("no app, as in another's test", b'{"openid": "my-open-id", "unionid": "my-union-id"}'),
    ("only a unionid", me(openid=None, unionid=UNIONID)),
    # tourze/qq-connect-oauth2-bundle tests/Service/QQOAuth2ServiceEdgeCasesTest.php.
    ("no JSONP", b"not_a_jsonp_response"),
    ("broken JSON", b"callback( {invalid json} );"),
    ("nothing", b""),
    ("null", b"null"),
    ("list", b"[]"),
    ("empty object", b"callback( {} );"),
    ("a page", b"<html><body>502 Bad Gateway</body></html>"),
    ("deep nesting", b'{"a":' + b"[" * 100_000),
    ("absurd number", b'{"client_id":' + b"9" * 5000 + b"}"),
]
