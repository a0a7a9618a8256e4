"""What people and their browsers send: user codes, languages, the way back to this site."""

import unicodedata
from datetime import date

from django.conf import settings
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import QueryDict
from django.test import RequestFactory
from django.utils import translation

from consumer_site.calendar.month import parse_month
from consumer_site.connectors.house import answer
from consumer_site.connectors.house.initiate import _on_this_host
from consumer_site.errors import AnswerInvalid
from consumer_site.profile_fields import one_line, picture_address
from provider_site.policy import user_codes
from provider_site.protocol.authorize import languages
from tests.fuzz.target import Target, lines, pure, refused

_HOST = "127.0.0.1:8000"
_FACTORY = RequestFactory(headers={"host": _HOST})
_NAMES = {code.lower() for code, _name in settings.LANGUAGES}


def user_code(data: bytes) -> None:
    """Read a typed code; what it means is one code, and typed as it is shown it means the same."""
    (typed,) = lines(data, 1)
    code = user_codes.read(typed)
    if code is None:
        return
    assert len(code) == user_codes.LENGTH
    assert set(code) <= set(user_codes.ALPHABET)
    assert user_codes.read(user_codes.display(code)) == code
    assert user_codes.read(code.lower()) == code
    assert len(typed) <= 100


def language(data: bytes) -> None:
    """Choose a language by ``ui_locales`` and by Accept-Language."""
    ui_locales, accepted = lines(data, 2)
    found = languages.wanted(ui_locales)
    assert found is None or found.lower() in _NAMES, found
    request = _FACTORY.get("/", headers={"accept-language": accepted})
    request.COOKIES[settings.LANGUAGE_COOKIE_NAME] = ui_locales
    assert translation.get_language_from_request(request).lower() in _NAMES


def callback(data: bytes) -> None:
    """Read an authorization response of an OpenID provider, and where somebody wants to be led afterwards."""
    query, target, month = lines(data, 3)
    sent = refused(lambda: QueryDict(query), SuspiciousOperation, BadRequest)
    if sent is not None:
        found = refused(lambda: answer.read(sent), AnswerInvalid)
        for name, value in (found or {}).items():
            assert sent.getlist(name) == [value]
            assert len(value) <= 4096
            assert "\x00" not in value
    local = _on_this_host(_FACTORY.get("/"), [target])
    assert not local or (local.startswith("/") and not local.replace("\\", "/").startswith("//")), local
    assert not any(char in local for char in "\t\r\n"), local
    assert isinstance(parse_month(month, today=date(2026, 1, 31)), date)


def name(data: bytes) -> None:
    """Clean a name and the address of a picture."""
    text, address = lines(data, 2)
    line = one_line(text, limit=64)
    assert len(line) <= 64
    assert line == line.strip()
    assert not any(unicodedata.category(char) in {"Cc", "Cs", "Co", "Cn", "Zl", "Zp"} for char in line), line
    assert not set(line) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    assert one_line(line, limit=64) == line
    shown = picture_address(address, base_url="https://id.example.com")
    assert not shown or shown.startswith(("https://", "HTTPS://", "Https://")) or shown[:8].lower() == "https://", shown
    assert shown.isascii()
    assert "@" not in shown.partition("//")[2].partition("/")[0].partition("?")[0].partition("#")[0], shown


TARGETS = [
    Target(
        "user_code",
        pure(user_code),
        "user codes as people type them",
        "one code of eight letters or none; as it is shown, and in small letters, the same",
        (
            b"BCDF-GHJK",
            b"bcdf ghjk",
            b"8CDF-6HJK",
            "ВСНК\u00a0МРТХ".encode(),
            "ＢＣＤＦ．ＧＨＪＫ".encode(),
            "ΒΗΚΜΝΤΧΖ".encode(),
            b"A" * 101,
        ),
        longest=512,
    ),
    Target(
        "languages",
        pure(language),
        "ui_locales, Accept-Language and the language cookie",
        "a language of the site",
        (
            b"zh-Hans en\nzh-CN,zh;q=0.8,en;q=0.5",
            b"zh-Hant-TW x-klingon\n*;q=0.1",
            b"../../x\nen;q=1e9",
            b"de-AT-1901\n" + b"en," * 100,
        ),
    ),
    Target(
        "callback",
        pure(callback),
        "authorization responses of OpenID providers, target_link_uri, the month of the calendar",
        "one value for each parameter, bounded; the way back stays on this host for every browser",
        (
            b"code=abc&state=s&iss=http%3A%2F%2Flocalhost%3A8000\nhttp://127.0.0.1:8000/x?y=1\n2026-01",
            b"code=a&code=b\nhttp://127.0.0.1:8000//evil.example/\n9999-12",
            b"error=access_denied&state=%00\n//evil.example\\@127.0.0.1:8000/\n0000-00",
            b"a=" + b"&a=" * 300 + b"\nhttp://127.0.0.1:8000/\\evil.example\n10000-1",
        ),
    ),
    Target(
        "profile_texts",
        pure(name),
        "names and picture addresses that providers tell of a person",
        "one visible line without direction marks, cleaned again the same; a picture over https, without user name",
        (
            "小明 \u202egpj.exe\nhttps://img.example/a.png".encode(),
            "\u3164\u200b\nhttp://img.example:80/a.png".encode(),
            b"a\x00b\tc\nhttp://user@img.example/",
            b"x\nhttps://[::1\n",
            b"x\nhttps://a:b/",
        ),
    ),
]
