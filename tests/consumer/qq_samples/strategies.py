"""Draw bytes that QQ never sent, from noise to an answer with one byte changed."""

from __future__ import annotations

import json
from urllib.parse import urlencode

from hypothesis import strategies as st

from tests.consumer.qq_samples.published import (
    ACCESS_TOKEN,
    APP_ID,
    OPENID,
    TOKENS,
    UNIONID,
    me,
    me_jsonp,
    profile,
    token,
)

KNOWN_NAMES = st.sampled_from(
    [
        *("access_token", "expires_in", "refresh_token", "error", "error_description", "code", "msg", "ret"),
        *("client_id", "openid", "unionid", "nickname", "figureurl_qq", "figureurl_qq_1"),
    ]
)
KNOWN_VALUES = st.sampled_from(
    [APP_ID, int(APP_ID), OPENID, UNIONID, ACCESS_TOKEN, 0, "0", -22, 100016, "", None, True]
)
FIELDS = st.dictionaries(KNOWN_NAMES, KNOWN_VALUES | st.text() | st.lists(st.integers(), max_size=2), max_size=8)


@st.composite
def answer_bytes(draw: st.DrawFn) -> bytes:
    """Draw noise, or something close to an answer of QQ, perhaps damaged."""
    if draw(st.integers(0, 4)) == 0:
        return draw(st.binary(max_size=200))
    fields = draw(FIELDS)
    text = draw(
        st.sampled_from([json.dumps(fields), f"callback( {json.dumps(fields)} );"])
        | st.just(urlencode(fields, doseq=True, errors="replace"))
    )
    body = text.encode(errors="replace")
    if draw(st.booleans()):
        cut = draw(st.integers(0, len(body)))
        body = body[:cut] + draw(st.binary(max_size=4)) + body[cut + draw(st.integers(0, 4)) :]
    return body


@st.composite
def near_answers(draw: st.DrawFn) -> bytes:
    """Draw noise, or a true answer with some bytes changed."""
    true = draw(st.sampled_from([token(), me(), me_jsonp(unionid=UNIONID), profile(), TOKENS[0][1]]))
    start = draw(st.integers(0, len(true)))
    end = draw(st.integers(start, min(len(true), start + 12)))
    return draw(st.one_of(st.binary(max_size=60), st.just(true[:start] + draw(st.binary(max_size=12)) + true[end:])))
