"""Every address of a URL configuration, with something in the place of what varies in it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern
from hypothesis import strategies as st

_VARYING = re.compile(r"<(?:(\w+):)?(\w+)>")
_GROUP = re.compile(r"\(\?P<(\w+)>[^()]*\)")
# By converter: what it lets through and nobody expects. A path may hold whatever stands in an address.
_ODD = {
    "int": ["0", "1", "007", "9" * 25, "9" * 4500],
    "uuid": ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"],
    "slug": ["-", "_", "a", "0" * 300],
}
_ANY = [
    "1", "0", "-1", "a", " ", "%00", "%0a", "%ff%fe", "é", "９", "9" * 25, "9" * 4500, "a" * 2000, "_41dd", "_",
    "%ed%a0%80", "1e5", "None", "..", "%2e%2e", "00000000-0000-0000-0000-000000000000", "<script>", "'", "%25", "1;2",
]  # fmt: skip


def routes_of(urlconf: str) -> list[str]:
    """Return every route from the root, what varies in angle brackets."""
    return list(dict.fromkeys(_routes(get_resolver(urlconf).url_patterns, "/")))


def _routes(patterns: Iterable[Any], before: str) -> Iterator[str]:
    for entry in patterns:
        route = before + _route(entry)
        if isinstance(entry, URLResolver):
            yield from _routes(entry.url_patterns, route)
        elif isinstance(entry, URLPattern):
            yield route


def _route(entry: Any) -> str:
    if isinstance(entry.pattern, RoutePattern):
        return str(entry.pattern)
    text = _GROUP.sub(r"<\1>", str(entry.pattern))
    return re.sub(r"[\^$?]|\\(?=[-./])", "", text)


def filled(route: str, known: Mapping[str, list[str]]) -> st.SearchStrategy[str]:
    """Return addresses of a route: what varies has a value that there is, by its name, or one that is odd."""
    parts: list[st.SearchStrategy[str]] = []
    end = 0
    for found in _VARYING.finditer(route):
        own = known.get(found[2], [])
        odd = st.sampled_from(_ODD.get(found[1], _ANY))
        parts += [st.just(route[end : found.start()]), st.sampled_from(own) | odd if own else odd]
        end = found.end()
    return st.tuples(*parts, st.just(route[end:])).map("".join)
