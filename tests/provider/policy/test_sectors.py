"""Which addresses make which sector (OpenID Core 8.1)."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_site.policy.sectors import Document, Fault, Sector, derive, is_own, own, settle

HOSTS = ["app.example.com", "www.example.com", "example.org", "xn--fiqs8s.example"]
WEB = st.sampled_from([f"https://{host}/{path}" for host in HOSTS for path in ("a", "b")])
LOCAL = st.sampled_from(
    ["com.example.app:/back", "http://127.0.0.1/back", "http://[::1]/back", "http://localhost/back"]
)
URIS = st.lists(st.one_of(WEB, LOCAL), max_size=4, unique=True)
CLIENT_ID = st.text(string.printable.strip() + " ", min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("uris", "sector"),
    [
        (["https://app.example.com/back"], "app.example.com"),
        (["https://app.example.com/back", "https://app.example.com:8443/other"], "app.example.com"),
        (["https://APP.Example.com/back", "HTTPS://app.example.com/back"], "app.example.com"),
        (["http://app.example.com/back"], "app.example.com"),
        (["https://[2606:4700::1]:8443/back"], "2606:4700::1"),
        (["com.example.app:/back"], "client:a"),
        (["http://127.0.0.1/back", "http://[::1]/back", "http://localhost:8000/back"], "client:a"),
        (["https://localhost:8443/back"], "client:a"),
        (["https://app.localhost./back"], "client:a"),
        (["https://127.0.0.1/back", "https://[::1]/back"], "client:a"),
        (["https://192.168.1.2/back"], "client:a"),
        (["https://app.example.com/back", "com.example.app:/back"], "client:a"),
        (["https://app.example.com/back", "http://127.0.0.1/back"], "client:a"),
        ([], "client:a"),
    ],
)
def test_addresses_make_a_sector(uris: list[str], sector: str) -> None:
    assert derive(client_id="a", redirect_uris=uris) == Sector(sector)


@pytest.mark.parametrize(
    ("uris", "fault", "names"),
    [
        (["https://a.example/", "https://b.example/"], Fault.HOSTS, ("a.example", "b.example")),
        (["https://a.example/", "https://b.example/", "x.y:/"], Fault.HOSTS, ("a.example", "b.example")),
        ([f"https://{'a.' * 127}example/"], Fault.NO_HOST, (f"https://{'a.' * 127}example/",)),
        (["https://[broken/"], Fault.NO_HOST, ("https://[broken/",)),
    ],
)
def test_addresses_that_make_none_are_named(uris: list[str], fault: Fault, names: tuple[str, ...]) -> None:
    assert derive(client_id="a", redirect_uris=uris) == Sector(fault=fault, names=names)


def test_document_speaks_for_all_it_lists_and_for_nothing_else() -> None:
    uris = ["https://a.example/", "https://b.example/", "com.example.app:/"]
    document = Document("https://Sector.example:8443/list.json", tuple(uris))
    assert derive(client_id="a", redirect_uris=uris[:2], document=document) == Sector("sector.example")
    more = derive(client_id="a", redirect_uris=[*uris, "https://b.example/other"], document=document)
    assert more == Sector(fault=Fault.NOT_LISTED, names=("https://b.example/other",))


@pytest.mark.parametrize(
    "uri",
    ["http://127.0.0.1/", "http://sector.example/", "https://s.example/#", "https://u@s.example/", "x.y:/", "", "?"],
)
def test_document_at_anything_but_https_is_none(uri: str) -> None:
    document = Document(uri, ("https://a.example/",))
    assert derive(client_id="a", redirect_uris=["https://a.example/"], document=document).fault is Fault.NOT_HTTPS


def test_sector_of_another_host_is_never_taken_along() -> None:
    moved = ["https://mallory.example/"]
    document = Document("https://mallory.example/list.json", tuple(moved))
    expected = Sector(fault=Fault.MOVED, names=("victim.example", "mallory.example"))
    for given_document in (None, document):
        known: dict[str, str] = {"client_id": "a", "frozen": "victim.example"}
        assert settle(redirect_uris=moved, document=given_document, **known) == expected  # type: ignore[arg-type]  # texts
    local = settle(client_id="a", redirect_uris=["http://127.0.0.1/"], frozen="victim.example")
    assert local == Sector(fault=Fault.MOVED, names=("victim.example", "client:a"))


def test_host_that_lists_them_keeps_its_sector() -> None:
    uris = ["https://new.example/"]
    document = Document("https://old.example/list.json", tuple(uris))
    assert settle(client_id="a", redirect_uris=uris, document=document, frozen="old.example") == Sector("old.example")


def test_sector_of_its_own_stays_wherever_the_application_moves() -> None:
    assert settle(client_id="a", redirect_uris=["https://a.example/"], frozen="client:a") == Sector("client:a")
    others = settle(client_id="b", redirect_uris=["https://a.example/"], frozen="client:a")
    assert others.fault is Fault.MOVED


@given(one=CLIENT_ID, other=CLIENT_ID, ones=URIS, others=URIS)
def test_applications_share_a_sector_only_by_having_one_host(
    one: str, other: str, ones: list[str], others: list[str]
) -> None:
    first, second = derive(client_id=one, redirect_uris=ones), derive(client_id=other, redirect_uris=others)
    if one == other or first.fault or second.fault or first.identifier != second.identifier:
        return
    assert not is_own(first.identifier)
    assert {uri.split("/")[2] for uri in [*ones, *others]} == {first.identifier}


@given(client_id=CLIENT_ID, uris=URIS, frozen=st.one_of(st.sampled_from(HOSTS), CLIENT_ID.map(own)))
def test_settled_sector_is_the_frozen_one_or_none(client_id: str, uris: list[str], frozen: str) -> None:
    settled = settle(client_id=client_id, redirect_uris=uris, frozen=frozen)
    assert settled.identifier in {"", frozen}
    assert bool(settled.identifier) is (settled.fault is None)
    if settled.identifier and settled.identifier != own(client_id):
        assert all(uri.startswith(f"https://{frozen}/") for uri in uris)
