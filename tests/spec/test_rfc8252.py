"""RFC 8252: OAuth 2.0 for native apps."""

from typing import Any

import pytest

from tests import factories
from tests.provider.driver import Driver

V4, V6, NAME, PRIVATE = "http://127.0.0.1/cb", "http://[::1]:4000/cb", "http://localhost:5000/cb", "com.example.app:/cb"


@pytest.fixture
def native(db: None, user: Any) -> Driver:
    """Return a public client with a loopback address of each kind and a private-use scheme."""
    registered = factories.make_application(client_type="public", redirect_uris=[V4, V6, NAME, PRIVATE])
    return Driver(registered, user, redirect_uri=V4)


@pytest.mark.parametrize(
    "redirect_uri",
    [V4, "http://127.0.0.1:1/cb", "http://127.0.0.1:65535/cb", V6, "http://[::1]:51000/cb", NAME, PRIVATE],
)
def test_whole_flow_works_with_any_port_of_a_loopback_address(native: Driver, redirect_uri: str) -> None:
    """7.1, 7.3."""
    native.redirect_uri = redirect_uri
    identity = {"headers": {}, "client_id": native.application.client_id}
    answer = native.consent(native.authorize())
    assert answer["Location"].startswith(f"{redirect_uri}?")
    assert native.redeem(native.code(), **identity).status == 200


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "http://localhost:5001/cb",
        "http://localhost/cb",
        "http://127.0.0.1:8080/other",
        "http://127.0.0.1:8080/cb?x=1",
        "http://127.0.0.1:8080/cb/",
        "http://127.0.0.1:99999/cb",
        "http://127.0.0.1:/cb",
        "http://127.0.0.1:080/cb",
        "http://127.0.0.2/cb",
        "http://127.1/cb",
        "http://0x7f000001/cb",
        "http://user@127.0.0.1:8080/cb",
        "http://127.0.0.1:8080@evil.example.com/cb",
        "http://127.0.0.1.evil.example.com/cb",
        "https://127.0.0.1:8080/cb",
        "http://[::1%25lo]:4000/cb",
        "http://[0:0:0:0:0:0:0:1]:4000/cb",
        "com.example.app:/other",
        "com.example.app://cb",
    ],
)
def test_nothing_but_the_port_of_a_loopback_address_may_vary(native: Driver, redirect_uri: str) -> None:
    """7.3, 8.3: the name localhost is no loopback address."""
    answer = native.authorize(redirect_uri=redirect_uri)
    assert answer.status_code == 400
    assert "Location" not in answer


def test_exchange_needs_the_port_of_the_request(native: Driver) -> None:
    """RFC 6749 4.1.3: identical, though registration allows any port."""
    native.redirect_uri = "http://127.0.0.1:4001/cb"
    identity = {"headers": {}, "client_id": native.application.client_id}
    code = native.code()
    assert native.redeem(code, redirect_uri="http://127.0.0.1:4002/cb", **identity).error == "invalid_grant"


def test_secret_does_not_make_a_public_client_confidential(native: Driver) -> None:
    """8.5: a client that cannot keep a secret is not authenticated by one."""
    code = native.code()
    identity = {"client_id": native.application.client_id, "client_secret": "x" * 43}
    assert native.redeem(code, headers={}, **identity).error == "invalid_client"


def test_consent_page_may_lead_to_an_ipv6_loopback(db: None, user: Any) -> None:
    """7.3: CSP has no way to write such a host, so its scheme stands for it."""
    address = "http://[::1]:9977/callback"
    registered = factories.make_application(redirect_uris=[address], client_type="public")
    driver = Driver(registered, user, redirect_uri=address)
    page = driver.browser.get(driver.authorize()["Location"])
    policy = page["Content-Security-Policy"]
    assert "form-action 'self' http:" in policy
    assert "[" not in policy
