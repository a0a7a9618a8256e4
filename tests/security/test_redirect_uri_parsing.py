"""Make the provider send an answer to an address that only looks like the registered one (RFC 9700 4.1)."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.exceptions import ValidationError

from tests import factories
from tests.provider.driver import Driver, encode

LOOKALIKES = [
    "https://APP.example.com/callback",
    "HTTPS://app.example.com/callback",
    "https://app.example.com/Callback",
    "https://app.example.com/callback/",
    "https://app.example.com/callback?",
    "https://app.example.com/callback?next=https://evil.example",
    "https://app.example.com/callback#",
    "https://app.example.com/callback#fragment",
    "https://app.example.com/callback;params",
    "https://app.example.com/callback/../evil",
    "https://app.example.com/./callback",
    "https://app.example.com/x/../callback",
    "https://app.example.com/%63allback",
    "https://app.example.com/%2e%2e/callback",
    "https://app.example.com//callback",
    "https://app.example.com\\callback",
    "https://app.example.com\\@evil.example/callback",
    "https://app.example.com@evil.example/callback",
    "https://evil.example@app.example.com/callback",
    "https://app.example.com:443/callback",
    "https://app.example.com:8443/callback",
    "https://app.example.com./callback",
    "https://app.example.com.evil.example/callback",
    "https://evilapp.example.com/callback",
    "https://sub.app.example.com/callback",
    "https://xn--pp-9ia.example.com/callback",
    "https://аpp.example.com/callback",
    "https://app。example.com/callback",
    "https://app.example.com/callback\t",
    "https://app.example.com/call\tback",
    "https://app.example.com/callback\n",
    "https://app.example.com/callback\r\nX-Evil: 1",
    " https://app.example.com/callback",
    "https://app.example.com/callback https://evil.example/",
    "https://app.example.com/callback\x00",
    "http://app.example.com/callback",
    "//app.example.com/callback",
    "/callback",
    "javascript:alert(1)//https://app.example.com/callback",
    "data:text/html,https://app.example.com/callback",
]
LOOPBACK = "http://127.0.0.1/callback"
LOOPBACK_LOOKALIKES = [
    "http://127.1/callback",
    "http://127.1:9000/callback",
    "http://127.0.0.2:9000/callback",
    "http://0x7f.0.0.1:9000/callback",
    "http://0x7f000001:9000/callback",
    "http://2130706433:9000/callback",
    "http://0:9000/callback",
    "http://0.0.0.0:9000/callback",
    "http://[::1]:9000/callback",
    "http://[::ffff:127.0.0.1]:9000/callback",
    "http://localhost:9000/callback",
    "http://127.0.0.1.:9000/callback",
    "http://127.0.0.1.evil.example:9000/callback",
    "http://user@127.0.0.1:9000/callback",
    "http://127.0.0.1:9000@evil.example/callback",
    "http://127.0.0.1:9000\\@evil.example/callback",
    "http://127.0.0.1:/callback",
    "http://127.0.0.1:-1/callback",
    "http://127.0.0.1:99999/callback",
    "http://127.0.0.1:9000/callback/../evil",
    "http://127.0.0.1:9000/other",
    "http://127.0.0.1:9000/callback?x=1",
    "http://127.0.0.1:9000/callback#x",
    "http://127.0.0.1:9\t000/callback",
    "http://127.0.0.1:9000/callback\n",
    "https://127.0.0.1:9000/callback",
]
NOT_REGISTRABLE = [
    "http://app.example.com/cb",
    "http://localhost.evil.example/cb",
    "http://127.1/cb",
    "http://0x7f.1/cb",
    "https://*.example.com/cb",
    "https://user@app.example.com/cb",
    "https://app.example.com/cb#x",
    "https://app.example.com/a/../cb",
    "https://app.example.com/%2E%2e/cb",
    "https://app.example.com/cb\\x",
    "https://app.example.com/cb?state=mine",
    "https://app.example.com/cb?iss=https://evil.example",
    "https://app.example.com;script-src/cb",
    "https://app.example.com,evil/cb",
    "https://exa%6dple.com/cb",
    "https://app.example.com:port/cb",
    "https:///cb",
    "https:cb",
    "//app.example.com/cb",
    "javascript:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "file:///etc/passwd",
    "blob:https://app.example.com/x",
    "ws://app.example.com/",
    "myapp:/cb",
    "com.example.app://evil.example/cb",
    "https://аpp.example.com/cb",
    "https://app.example.com/cb\n",
    "https://app.example.com/ c",
]


def refused_on_a_page(answer: Any) -> bool:
    """Tell whether the person sees a page, and the browser is sent nowhere."""
    return answer.status_code == 400 and "Location" not in answer.headers


class TestRedirectUriParsing:
    @pytest.mark.parametrize("address", LOOKALIKES)
    def test_lookalike_is_refused_on_a_page(self, driver: Driver, address: str) -> None:
        assert refused_on_a_page(driver.authorize(redirect_uri=address))

    @pytest.mark.parametrize("address", LOOKALIKES)
    def test_lookalike_is_refused_at_the_token_endpoint(self, driver: Driver, address: str) -> None:
        assert driver.redeem(driver.code(), redirect_uri=address).status == 400

    @pytest.mark.parametrize("address", LOOPBACK_LOOKALIKES)
    def test_only_the_port_of_a_loopback_address_varies(self, driver: Driver, user: Any, address: str) -> None:
        native = Driver(factories.make_application(redirect_uris=[LOOPBACK]), user)
        assert refused_on_a_page(native.authorize(redirect_uri=address))

    def test_port_of_a_loopback_address_varies(self, driver: Driver, user: Any) -> None:
        address = "http://127.0.0.1:9000/callback"
        native = Driver(factories.make_application(redirect_uris=[LOOPBACK]), user, redirect_uri=address)
        assert native.redeem(native.code()).status == 200
        assert native.redeem(native.code(), redirect_uri=LOOPBACK).status == 400

    def test_port_of_localhost_does_not_vary(self, driver: Driver, user: Any) -> None:
        native = Driver(factories.make_application(redirect_uris=["http://localhost/callback"]), user)
        assert refused_on_a_page(native.authorize(redirect_uri="http://localhost:9000/callback"))

    def test_address_is_not_guessed_among_several(self, driver: Driver, user: Any) -> None:
        several = ["https://one.example/cb", "https://two.example/cb"]
        client = Driver(factories.make_application(redirect_uris=several), user)
        answer = client.authorize(redirect_uri=None)
        assert refused_on_a_page(answer) or urlsplit(answer["Location"]).path.startswith("/o/consent/")
        assert refused_on_a_page(client.authorize(redirect_uri=" ".join(several)))

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_second_address_in_one_request_is_refused_on_a_page(self, driver: Driver, method: str) -> None:
        form = encode(driver.request_parameters()) + "&redirect_uri=https%3A%2F%2Fevil.example%2F"
        if method == "get":
            answer = driver.browser.get(f"/o/authorize/?{form}")
        else:
            answer = driver.browser.post("/o/authorize/", form, content_type="application/x-www-form-urlencoded")
        assert refused_on_a_page(answer) or "evil.example" not in answer["Location"]

    def test_address_in_query_and_another_in_body_is_refused_on_a_page(self, driver: Driver) -> None:
        answer = driver.browser.post(
            "/o/authorize/?redirect_uri=https%3A%2F%2Fevil.example%2F", driver.request_parameters()
        )
        assert refused_on_a_page(answer)

    @pytest.mark.parametrize("address", NOT_REGISTRABLE)
    def test_dangerous_address_cannot_be_registered(self, user: Any, address: str) -> None:
        with pytest.raises(ValidationError):
            factories.make_application(user, redirect_uris=[address])

    def test_host_of_an_older_row_adds_nothing_to_the_security_policy(self, driver: Driver) -> None:
        """Rows that stock DOT had taken may hold what can't be registered here."""
        address = "https://app.example.com;sandbox/callback"
        type(driver.application).objects.filter(pk=driver.application.pk).update(redirect_uris=address)
        first = driver.authorize(redirect_uri=address)
        policy = driver.browser.get(first["Location"])["Content-Security-Policy"]
        assert "sandbox" not in policy
