"""Make addresses point elsewhere by a forged Host header."""

from typing import Any

import pytest
from django.core import mail
from django.test import Client

from provider_site.services import outbox
from tests.provider.driver import ISSUER, Driver

FORGED = [
    "evil.example",
    "localhost.evil.example",
    "localhost@evil.example",
    "evil.example:8000",
    "LOCALHOST.",
    "[::1]",
]
FORWARDED = {
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Server": "evil.example",
    "Forwarded": "host=evil.example;proto=https",
    "X-Original-URL": "/admin/",
    "X-Rewrite-URL": "/admin/",
    "X-HTTP-Method-Override": "POST",
}


class TestForgedHost:
    @pytest.mark.parametrize("host", FORGED)
    @pytest.mark.parametrize("path", ["/", "/.well-known/openid-configuration", "/accounts/password/reset/"])
    def test_foreign_host_is_served_nothing_of_ours(self, db: None, host: str, path: str) -> None:
        answer = Client(headers={"host": host}).get(path)
        assert answer.status_code in {400, 404} or "evil.example" not in answer.content.decode()
        if "evil" in host:
            assert answer.status_code in {400, 404}

    @pytest.mark.parametrize("headers", [{"host": "localhost:6666"}, {"host": "LOCALHOST:8000"}, FORWARDED])
    def test_issuer_and_addresses_are_the_configured_ones(self, db: None, headers: dict[str, str]) -> None:
        client = Client(headers={"host": "localhost:8000"} | headers)
        for path in ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"):
            document = client.get(path).json()
            assert document["issuer"] == ISSUER
            for name, value in document.items():
                if name.endswith(("_endpoint", "_uri")):
                    assert value.startswith(f"{ISSUER}/"), name

    def test_issuer_in_answers_and_tokens_is_the_configured_one(self, driver: Driver, user: Any) -> None:
        from tests.provider.driver import query

        driver.code()
        driver.browser.defaults["HTTP_HOST"] = "localhost:6666"
        driver.backchannel.defaults["HTTP_HOST"] = "localhost:6666"
        answer = query(driver.authorize())
        assert answer["iss"] == ISSUER
        assert driver.id_token(driver.redeem(answer["code"]))["iss"] == ISSUER

    def test_mail_of_this_app_links_to_the_configured_address(self, driver: Driver) -> None:
        driver.browser.defaults["HTTP_HOST"] = "localhost:6666"
        driver.code()
        outbox.deliver_due()
        assert mail.outbox
        assert all(ISSUER in message.body and "6666" not in message.body for message in mail.outbox)

    def test_password_reset_mail_does_not_link_elsewhere(self, user: Any) -> None:
        user.emailaddress_set.create(email=user.email, verified=True, primary=True)
        client = Client(headers=FORWARDED | {"host": "localhost:8000"})
        client.post("/accounts/password/reset/", {"email": user.email})
        assert len(mail.outbox) == 1
        assert "evil.example" not in mail.outbox[0].body
        assert f"{ISSUER}/accounts/password/reset/key/" in mail.outbox[0].body

    def test_password_reset_mail_keeps_the_configured_port(self, user: Any) -> None:
        user.emailaddress_set.create(email=user.email, verified=True, primary=True)
        Client(headers={"host": "localhost:6666"}).post("/accounts/password/reset/", {"email": user.email})
        assert not [message for message in mail.outbox if "6666" in message.body]
