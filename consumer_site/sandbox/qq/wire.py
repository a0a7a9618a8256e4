"""Write QQ Connect's answers byte by byte, oddities included.

Shapes are those of recorded answers: JSONP with blanks inside the parentheses and a line feed at the end; a
pretty-printed profile in which ``is_lost`` lacks its blank and only the oldest three picture addresses escape their
slashes.
"""

import json
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from django.http import HttpResponse

from consumer_site.sandbox.qq.codes import QQError

Value = str | int

PLAIN: Final = "text/html"
"""QQ's type for what isn't JSON; no charset on purpose."""


def compact(fields: Mapping[str, Value]) -> str:
    """Return JSON without blanks."""
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def jsonp(fields: Mapping[str, Value]) -> str:
    """Return the fields as QQ's JSONP: ``callback( {…} );`` and a line feed."""
    return f"callback( {compact(fields)} );\n"


def answer(text: str, content_type: str) -> HttpResponse:
    """Return HTTP 200 with the text as UTF-8 and exactly this Content-Type."""
    return HttpResponse(text.encode(), content_type=content_type)


def token(fields: Mapping[str, Value], *, as_json: bool, json_type: str) -> HttpResponse:
    """Return the token answer: urlencoded by default, JSON on demand."""
    if as_json:
        return answer(compact(fields), json_type)
    return answer(urlencode(fields), PLAIN)


def identity(fields: Mapping[str, Value], *, as_json: bool, json_type: str) -> HttpResponse:
    """Return the ``/me`` answer: JSONP by default, JSON on demand."""
    if as_json:
        return answer(compact(fields), json_type)
    return answer(jsonp(fields), PLAIN)


def error(fault: QQError, *, as_json: bool, json_type: str, old: bool = False) -> HttpResponse:
    """Return an error of the token or ``/me`` endpoint; the old form is ``code`` and ``msg``, urlencoded."""
    if old:
        fields: dict[str, Value] = {"code": fault.code, "msg": fault.words}
        return answer(compact(fields), json_type) if as_json else answer(urlencode(fields), PLAIN)
    return identity({"error": fault.code, "error_description": fault.words}, as_json=as_json, json_type=json_type)


def profile_error(fault: QQError, *, json_type: str) -> HttpResponse:
    """Return an error of the profile endpoint: HTTP 200 with ``ret`` and ``msg``."""
    return answer(compact({"ret": fault.code, "msg": fault.words}), json_type)


_SLASHES_ESCAPED: Final = frozenset({"figureurl", "figureurl_1", "figureurl_2"})


def profile(fields: Mapping[str, Value]) -> str:
    """Return the profile in QQ's own layout."""
    lines = []
    for name, value in fields.items():
        written = json.dumps(value, ensure_ascii=False)
        if name in _SLASHES_ESCAPED:
            written = written.replace("/", "\\/")
        blank = "" if name == "is_lost" else " "
        lines.append(f'    "{name}":{blank}{written}')
    return "{\n" + ",\n".join(lines) + "\n}\n"
