"""Read what WeChat answers: JSON in UTF-8, whatever the content type and the charset it declares.

WeChat says ``text/plain`` with or without a charset, and reports errors with HTTP 200 and ``errcode``. Nothing here
trusts a value: callers check each one they use.
"""

from __future__ import annotations

import json

from consumer_site.provider_calls import as_code


class Unreadable(ValueError):
    """The bytes are no JSON object."""


def parse(body: bytes) -> dict[str, object]:
    """Return the fields of an answer; raise Unreadable when it has none.

    Bytes that are no UTF-8 become U+FFFD: a damaged nickname must not cost the sign-in, and every identifier is
    checked against an ASCII pattern by its user.
    """
    try:
        # Not strict: nicknames hold control characters that WeChat does not escape.
        fields = json.loads(body.decode("utf-8-sig", errors="replace"), strict=False)
    # RecursionError: thousands of nested brackets; ValueError also covers integers of absurd length.
    except (ValueError, RecursionError):
        raise Unreadable from None
    if not isinstance(fields, dict):
        raise Unreadable
    return fields


def error_of(fields: dict[str, object]) -> tuple[str, str] | None:
    """Return (code, text) when the answer reports an error, None when it does not.

    The code is safe to log; the text is whatever WeChat wrote.
    """
    value = fields.get("errcode")
    # bool is an int to Python; True is not error number one.
    if value is None or value is False:
        return None
    code = as_code(value)
    if code == "0":
        return None
    text = fields.get("errmsg")
    return code, text if isinstance(text, str) else ""
