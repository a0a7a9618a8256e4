"""policy/redirect.py."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from provider_site.policy.redirect import Refusal, display_host, matches, origin, refusal

HOSTS = ["127.0.0.1", "[::1]", "localhost", "app.example.com", "127.0.0.2", "[::ffff:127.0.0.1]"]
uris = st.builds(
    "{}://{}{}{}".format,
    st.sampled_from(["http", "https", "HTTP", "com.example.app"]),
    st.sampled_from(HOSTS),
    st.sampled_from(["", ":", ":80", ":080", ":1", ":65535", ":65536", ":0", ":-1", ":8080@evil.com"]),
    st.sampled_from(["", "/", "/cb", "/cb?", "/cb?x=1", "/cb#", "/cb/", "//cb", "/cb;p", "?x=1", "/CB", "/cb%20"]),
)
LOOPBACK_PORT = re.compile(r"^(http://(?:127\.0\.0\.1|\[::1\])):([0-9]+)")


def without_loopback_port(uri: str) -> str:
    return LOOPBACK_PORT.sub(r"\1", uri)


@given(requested=uris, registered=st.lists(uris, max_size=3))
@example(requested="http://127.0.0.1:99/cb", registered=["http://127.0.0.1/cb?"])
@example(requested="http://[::1]:99/cb", registered=["http://127.0.0.1/cb"])
@example(requested="http://127.0.0.1:99/cb", registered=["http://localhost/cb"])
def test_only_an_equal_uri_or_another_loopback_port_matches(requested: str, registered: list[str]) -> None:
    if matches(requested, registered):
        same = {uri for uri in registered if uri == requested}
        assert same or without_loopback_port(requested) in {without_loopback_port(uri) for uri in registered}


@given(requested=st.text(), registered=st.lists(st.text(), max_size=3))
def test_text_that_is_not_registered_never_matches(requested: str, registered: list[str]) -> None:
    assert not matches(requested, [uri for uri in registered if uri != requested])


@given(uri=uris)
def test_registered_uri_matches_itself(uri: str) -> None:
    assert matches(uri, [uri])


@given(
    port=st.integers(1, 65535), host=st.sampled_from(["127.0.0.1", "[::1]"]), rest=st.sampled_from(["", "/", "/c?x"])
)
def test_every_port_of_a_loopback_address_matches(port: int, host: str, rest: str) -> None:
    assert matches(f"http://{host}:{port}{rest}", [f"http://{host}{rest}"])
    assert matches(f"http://{host}:{port}{rest}", [f"http://{host}:4000{rest}"])


@given(port=st.integers(-70000, 70000).filter(lambda port: not 1 <= port <= 65535))
def test_port_that_is_none_never_matches(port: int) -> None:
    assert not matches(f"http://127.0.0.1:{port}/cb", ["http://127.0.0.1/cb"])


@pytest.mark.parametrize("uri", ["javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", "vbscript:x"])
def test_scheme_that_runs_code_never_matches_though_registered(uri: str) -> None:
    assert not matches(uri, [uri])


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("https://app.example.com/cb", None),
        ("https://app.example.com", None),
        ("https://app.example.com:8443/cb?tenant=1", None),
        ("https://[2001:db8::1]/cb", None),
        ("http://127.0.0.1/cb", None),
        ("http://[::1]:5000/", None),
        ("http://localhost:3000/cb", None),
        ("com.example.app:/cb", None),
        ("", Refusal.MALFORMED),
        ("app.example.com/cb", Refusal.MALFORMED),
        ("https:///cb", Refusal.MALFORMED),
        ("https://a:99999/", Refusal.MALFORMED),
        ("https://[::1/", Refusal.MALFORMED),
        ("com.example.app://cb", Refusal.MALFORMED),
        ("https://app.example.com/ä", Refusal.CHARACTERS),
        ("https://app.example.com/a b", Refusal.CHARACTERS),
        ("https://app.example.com/\\evil", Refusal.CHARACTERS),
        ("https://app.example.com/\n", Refusal.CHARACTERS),
        ("https://app.example.com/cb#", Refusal.FRAGMENT),
        ("https://app.example.com/cb#x", Refusal.FRAGMENT),
        ("https://app@evil.example.com/", Refusal.USERINFO),
        ("https://app.example.com/../cb", Refusal.DOT_SEGMENTS),
        ("https://app.example.com/a/%2E%2e/cb", Refusal.DOT_SEGMENTS),
        ("https://*.example.com/", Refusal.WILDCARD),
        ("https://app.example.com/?iss=x", Refusal.RESERVED_PARAMETER),
        ("https://app.example.com/?x=1&code", Refusal.RESERVED_PARAMETER),
        ("http://app.example.com/", Refusal.HTTP_NOT_LOOPBACK),
        ("http://127.0.0.2/", Refusal.HTTP_NOT_LOOPBACK),
        ("javascript:alert(1)", Refusal.SCHEME),
        ("myapp:/cb", Refusal.SCHEME),
        ("ftp://app.example.com/", Refusal.SCHEME),
    ],
)
def test_what_can_be_registered(uri: str, expected: Refusal | None) -> None:
    assert refusal(uri) == expected


@given(uri=st.text(max_size=60))
def test_any_text_gets_a_verdict(uri: str) -> None:
    assert refusal(uri) is None or refusal(uri) in Refusal


@pytest.mark.parametrize(
    ("uri", "source", "shown"),
    [
        ("https://app.example.com:8443/cb?x", "https://app.example.com:8443", "app.example.com:8443"),
        ("com.example.app:/cb", "com.example.app:", "com.example.app"),
        ("http://[::1]:5000/", "http:", "[::1]:5000"),
    ],
)
def test_origin_and_shown_host(uri: str, source: str, shown: str) -> None:
    assert (origin(uri), display_host(uri)) == (source, shown)


@given(uri=uris.filter(lambda uri: refusal(uri) is None))
def test_source_of_a_registrable_uri_is_one_word_of_a_policy(uri: str) -> None:
    assert origin(uri)
    assert not set(" ;,'\"") & set(origin(uri))
