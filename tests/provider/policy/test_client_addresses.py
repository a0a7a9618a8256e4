"""Where an application may be called or opened, and the link that opens it."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_site.models import Registration
from provider_site.policy import portable
from provider_site.policy.client_addresses import (
    Fault,
    backchannel_fault,
    frontchannel_fault,
    initiate_login_fault,
    web_origin,
)
from provider_site.policy.third_party_login import login_address

REDIRECTS = ("https://app.example.com/callback", "http://127.0.0.1:9000/callback", "com.example.app:/back")
ISSUER = "https://id.example.com"
texts = st.text(st.characters(exclude_categories=["Cs"]))


def test_back_channel_has_no_fragment() -> None:
    assert backchannel_fault("https://app.example.com/logout?a=b") is None
    assert backchannel_fault("https://app.example.com/logout#a") is Fault.FRAGMENT


@pytest.mark.parametrize(
    ("uri", "fault"),
    [
        ("https://app.example.com/out", None),
        ("https://APP.example.com:443/out?a=b", None),
        ("http://127.0.0.1:9000/out", None),
        ("http://127.0.0.1:9001/out", Fault.NO_REDIRECT_ORIGIN),
        ("http://localhost:9000/out", Fault.NO_REDIRECT_ORIGIN),
        ("https://127.0.0.1:9000/out", Fault.NO_REDIRECT_ORIGIN),
        ("https://app.example.com.evil.example/out", Fault.NO_REDIRECT_ORIGIN),
        ("https://evil.example:99999/out", Fault.NO_REDIRECT_ORIGIN),  # of no origin, as the app's own scheme
        ("http://app.example.com/out", Fault.NOT_HTTPS_OR_LOOPBACK),
        ("com.example.app:/out", Fault.NOT_HTTPS_OR_LOOPBACK),
        ("https://app.example.com/out#here", Fault.FRAGMENT),
        ("https://app.example.com/out?iss=x", Fault.RESERVED_PARAMETER),
        ("https://app.example.com/out?a=b&sid", Fault.RESERVED_PARAMETER),
    ],
)
def test_front_channel_is_beside_a_redirect_uri(uri: str, fault: Fault | None) -> None:
    assert frontchannel_fault(uri, redirect_uris=REDIRECTS) is fault


@pytest.mark.parametrize(
    ("uri", "fault"),
    [
        ("https://app.example.com/begin", None),
        ("https://app.example.com:8443/begin", None),
        ("https://www.example.com/begin", None),
        ("https://example.com/begin", Fault.FOREIGN_HOST),
        ("https://app.example.com.evil.example/", Fault.FOREIGN_HOST),
        ("http://app.example.com/begin", Fault.NOT_HTTPS),
        ("http://127.0.0.1:9000/begin", Fault.NOT_HTTPS),
        ("https://app.example.com/begin#a", Fault.FRAGMENT),
        ("https://app.example.com/begin?login_hint=x", Fault.RESERVED_PARAMETER),
        ("https://app.example.com/begin?target_link_uri=", Fault.RESERVED_PARAMETER),
    ],
)
def test_sign_in_begins_on_a_host_of_the_application(uri: str, fault: Fault | None) -> None:
    assert initiate_login_fault(uri, redirect_uris=REDIRECTS, homepage_url="https://www.example.com/") is fault


def test_loopback_in_clear_begins_one_only_where_development_allows_it() -> None:
    there = {"redirect_uris": REDIRECTS, "homepage_url": "", "allow_loopback_http": True}
    assert initiate_login_fault("http://127.0.0.1:9000/begin", **there) is None  # type: ignore[arg-type]  # of each its type
    assert initiate_login_fault("http://app.example.com/begin", **there) is Fault.NOT_HTTPS  # type: ignore[arg-type]  # the same


@pytest.mark.parametrize(
    ("uri", "origin"),
    [
        ("https://A.example", ("https", "a.example", 443)),
        ("http://a.example:80/x", ("http", "a.example", 80)),
        ("https://a.example:99999/", None),
        ("com.example.app:/", None),
        ("https://", None),
        ("", None),
    ],
)
def test_origin_is_the_same_however_it_is_written(uri: str, origin: tuple[str, str, int] | None) -> None:
    assert web_origin(uri) == origin


def test_link_keeps_a_query_and_names_the_issuer() -> None:
    address = login_address(
        initiate_login_uri="https://app.example.com/begin?tenant=a%26b",
        issuer=f"{ISSUER}/?a&b",
        homepage_url="https://app.example.com/start?x=1&y=2#top",
    )
    assert address.startswith("https://app.example.com/begin?tenant=a%26b&iss=https%3A%2F%2Fid.example.com%2F%3Fa%26b&")
    assert parse_qsl(urlsplit(address).query) == [
        ("tenant", "a&b"),
        ("iss", f"{ISSUER}/?a&b"),
        ("target_link_uri", "https://app.example.com/start?x=1&y=2#top"),
    ]


@pytest.mark.parametrize(
    "home", ["", "https://www.example.com/", "http://app.example.com/", "https://app.example.com:1/"]
)
def test_link_asks_for_no_page_of_another_origin(home: str) -> None:
    address = login_address(initiate_login_uri="https://app.example.com/begin", issuer=ISSUER, homepage_url=home)
    assert address == "https://app.example.com/begin?iss=https%3A%2F%2Fid.example.com"


def test_there_is_no_link_without_an_address() -> None:
    assert login_address(initiate_login_uri="", issuer=ISSUER, homepage_url="https://app.example.com/") == ""


@given(texts, texts)
def test_link_leads_to_the_registered_place_whatever_else_is_registered(issuer: str, path: str) -> None:
    home = "https://app.example.com/" + path
    address = login_address(initiate_login_uri="https://app.example.com/begin?a=b", issuer=issuer, homepage_url=home)
    parts = urlsplit(address)
    assert (parts.scheme, parts.netloc, parts.path, parts.fragment) == ("https", "app.example.com", "/begin", "")
    given_back = parse_qsl(parts.query, keep_blank_values=True)
    assert [name for name, _value in given_back][:2] == ["a", "iss"]
    assert given_back[1] == ("iss", issuer)


def test_documents_know_every_choice_of_the_model() -> None:
    assert list(portable.SIGNING_ALGORITHMS) == Registration.SigningAlgorithm.values
    assert list(portable.ACCESS_TOKEN_FORMATS) == Registration.AccessTokenFormat.values
