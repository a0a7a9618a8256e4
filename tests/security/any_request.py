"""Requests that a broken or hostile client may send: pairs of already encoded names and values.

HYPOTHESIS_PROFILE=thorough tries fifty times as many examples, other ones in each run; HYPOTHESIS_FACTOR is another
number of times.
"""

import os
import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl, quote

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

Pairs = list[tuple[str, str]]

THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"
FACTOR = int(os.environ.get("HYPOTHESIS_FACTOR") or (50 if THOROUGH else 1))
EVIL = "https://evil.example"

TEXTS = [
    "", " ", "\x00", "a\x00b", "\r\nLocation: https://evil.example\r\n", "\n", "\u2028", "\ufeff", "\u202eg", "\ud800",
    "null", "true", "-1", "0", "1", "01", "+1", "1.5", "1e9", "NaN", "９", "٣", "9" * 9, "9" * 25, "9" * 5000,
    "a" * 300, "a" * 5000, "😀" * 2000, "é", "e\u0301", "[]", "{}", "[1]", '{"a":1}', "[" * 3000, '"', "\\", "'; --",
    "<script>alert(1)</script>", "../../admin", "//evil.example", "/\\evil.example", "\\\\evil.example",
    "https://evil.example", "https:evil.example", "https://evil.example\\@localhost:8000", "javascript:alert(1)",
    "data:text/html,x", "${7*7}", "%s%n", "{0}", "a,b", "a b", "a;b", "a&b=c", "a#b",
]  # fmt: skip
# What no encoder makes: bytes that are no UTF-8, percent signs without digits, text as it is.
RAW = [
    "%", "%zz", "%e", "%%", "%00", "%C0%AF", "%ED%A0%80", "%F8%88%80%80%80", "%FF%FE", "%u0041", "%2525", "%26x=1",
    "a%0d%0aSet-Cookie:%20x=1", "\xe9", "\xff\xfe", "+", "%2B", "a=b", "=", "a b", "{}", "%7B%22x%22%3A", "%EF%BF%BD",
]  # fmt: skip
NAMES = ["[]", "[0]", "[evil]", "%00", ".", "%20", "\xe9", "+"]
TYPES = [
    "application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=utf-7",
    "application/x-www-form-urlencoded; charset=nonsense", "application/json", "multipart/form-data", "text/plain", "",
    "multipart/form-data; boundary=x", "application/xml", "*/*", "application/jwt", "nonsense", "a/b; charset=\xff",
]  # fmt: skip
METHODS = ["GET", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]
FORM = TYPES[0]


def trying(examples: int) -> settings:
    """Return Hypothesis' settings for so many examples: the same ones in each run, unless the run is a thorough one."""
    return settings(
        max_examples=examples * FACTOR,
        deadline=None,
        derandomize=FACTOR == 1,
        database=None,
        # The first fault is enough, and an example as it was drawn is short: made simpler it would cost a minute.
        phases=[Phase.explicit, Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )


def encoded(value: str) -> str:
    """Return text percent-encoded, lone surrogates too."""
    return quote(value.encode("utf-8", "surrogatepass"), safe="")


def values(likely: Iterable[str] = ()) -> st.SearchStrategy[str]:
    """Return encoded values of a parameter: the likely ones about as often as all others."""
    known = [encoded(value) for value in likely]
    any_text = st.text(st.characters(), max_size=40).map(encoded)
    others = st.sampled_from([*map(encoded, TEXTS), *RAW]) | any_text | st.binary(max_size=12).map(quote)
    around = st.tuples(st.sampled_from(["", "%00", "%0A", "+", "%20", "a", "%FF"]), st.sampled_from(known or [""]))
    return st.sampled_from(known) | others | around.map("".join) if known else others


def changed(
    base: dict[str, str], name: str, likely: dict[str, list[str]], *, single: bool = False
) -> st.SearchStrategy[tuple[str, list[str]]]:
    """Return what may be sent under `name` in place of what `base` has: nothing, one value, several."""
    one = values([*likely.get(name, []), *([base[name]] if name in base else [])])
    several = one.map(lambda value: [value])
    if not single:
        several |= st.lists(one, max_size=3)
    bent = st.just(name) | (st.sampled_from(NAMES).map(lambda end: name + end) if not single else st.nothing())
    return st.tuples(bent, several)


def requests_like(
    base: dict[str, str], likely: dict[str, list[str]], names: list[str] | None = None, *, changes: int = 4
) -> st.SearchStrategy[Pairs]:
    """Return requests that differ from `base` in one to `changes` parameters, in any order."""
    change = st.sampled_from(names or sorted({*base, *likely})).flatmap(lambda name: changed(base, name, likely))
    return st.lists(change, min_size=1, max_size=changes).map(lambda made: apply(base, made))


def apply(base: dict[str, str], changes: Iterable[tuple[str, list[str]]]) -> Pairs:
    """Return `base` with its parameters replaced."""
    sent = {name: [encoded(value)] for name, value in base.items()} | dict(changes)
    return [(name, value) for name, several in sent.items() for value in several]


def joined(pairs: Pairs) -> str:
    """Return the pairs as a query or a form."""
    return "&".join(f"{name}={value}" for name, value in pairs)


def read(*queries: str) -> dict[str, list[str]]:
    """Return the parameters as a server reads them."""
    found: dict[str, list[str]] = {}
    for query in queries:
        raw = query.encode("latin-1").decode("utf-8", "replace")
        for name, value in parse_qsl(raw, keep_blank_values=True):
            found.setdefault(name, []).append(value)
    return found


def send(
    client: Any,
    address: str,
    *,
    method: str = "GET",
    query: str = "",
    body: str = "",
    content_type: str = FORM,
    headers: dict[str, str] | None = None,
) -> Any:
    """Send exactly these octets. Whatever a view raises fails the test: the client hands it on."""
    extra = {"QUERY_STRING": query, "CONTENT_TYPE": content_type, "headers": headers or {}}
    return client.generic(method, address, body.encode("latin-1"), content_type, **extra)


def header_values(credentials: Callable[[], list[str]]) -> st.SearchStrategy[str | None]:
    """Return Authorization headers: none, right ones, others."""
    words = st.sampled_from(["Basic", "basic", "BASIC", "Bearer", "Digest", "DPoP", "", "Basic\t", "Basic  ", "\xff"])
    text = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=30)
    base64 = ["", "=", "====", "YQ==", "YTpi", "YTo=", "OmI=", "Og==", "AA==", "/w==", "YQBiOmM=", "\xe9", "a" * 9000]
    odd = st.tuples(words, st.sampled_from(base64) | text).map(" ".join)
    return st.none() | st.sampled_from(credentials()) | odd


PRINTABLE = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*\Z")
