"""Read what QQ answers, whichever of its forms and content types it comes in.

QQ sends JSON, JSONP (``callback( {...} );``) or form-encoded fields for the same request, often as ``text/html``
without a charset, so the bytes decide and the headers are not looked at. Nothing here trusts a value: callers check
each one they use.
"""

from __future__ import annotations

import json
import re
from urllib.parse import parse_qsl

from consumer_site.provider_calls import as_code

# The wrapper of a JSONP answer; old gateways name the function otherwise than "callback".
_JSONP = re.compile(r"\A[\w$.]+\s*\((?P<inside>.*)\)\s*;?\Z", re.DOTALL)
# QQ's own documentation shows error objects that end with a comma, which JSON forbids.
_TRAILING_COMMA = re.compile(r",\s*\}\Z")
_MAX_FIELDS = 50

# Where a code may stand, and the text beside it: today's fields, those of old answers, those of the profile API.
_ERROR_FIELDS = (("error", "error_description"), ("code", "msg"), ("ret", "msg"))


class Unreadable(ValueError):
    """The bytes are none of the forms in which QQ answers."""


def parse(body: bytes) -> dict[str, object]:
    """Return the fields of an answer; raise Unreadable when it has none.

    Bytes that are no UTF-8 become U+FFFD: a damaged nickname must not cost the sign-in, and every identifier is
    checked against an ASCII pattern by its user.
    """
    text = body.decode("utf-8-sig", errors="replace").strip()
    wrapped = _JSONP.match(text)
    if wrapped:
        text = wrapped["inside"].strip()
    if text.startswith("{"):
        return _parse_object(text)
    if wrapped or not text or text[0] in '<["':
        raise Unreadable
    return _parse_form(text)


def _parse_object(text: str) -> dict[str, object]:
    for candidate in (text, _TRAILING_COMMA.sub("}", text)):
        try:
            # Not strict: a nickname may hold a control character that QQ forgot to escape.
            fields = json.loads(candidate, strict=False)
        # RecursionError: thousands of nested brackets; ValueError also covers integers of absurd length.
        except (ValueError, RecursionError):
            continue
        if isinstance(fields, dict):
            return fields
    raise Unreadable


def _parse_form(text: str) -> dict[str, object]:
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=True, max_num_fields=_MAX_FIELDS)
    except ValueError:
        raise Unreadable from None
    return dict(pairs)


def error_of(fields: dict[str, object]) -> tuple[str, str] | None:
    """Return (code, text) when the answer reports an error, None when it does not.

    The code is safe to log; the text is whatever QQ wrote.
    """
    for code_field, text_field in _ERROR_FIELDS:
        value = fields.get(code_field)
        # bool is an int to Python; True is not error number one.
        if value is None or value is False:
            continue
        code = as_code(value)
        if code == "0":
            continue
        text = fields.get(text_field)
        return code, text if isinstance(text, str) else ""
    return None
