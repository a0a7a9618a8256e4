"""Read codes, tokens, secrets, handles and cookies out of the logs, at the most talkative level."""

import logging
from typing import Any

import pytest
from django.conf import settings as django_settings

from tests.provider.driver import Driver, query

LOGGERS = ["provider_site", "oauth2_provider", "oauthlib", "project"]


@pytest.fixture
def everything(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Log all there is."""
    for name in LOGGERS:
        caplog.set_level(logging.DEBUG, logger=name)
    return caplog


def written(caplog: pytest.LogCaptureFixture) -> str:
    """Return all records of these loggers: message, arguments, exception."""
    records = [record for record in caplog.records if record.name.partition(".")[0] in LOGGERS]
    return "\n".join(f"{record.getMessage()} {record.args} {record.exc_info} {record.exc_text}" for record in records)


class TestSecretsInLogs:
    def test_whole_flow_with_its_failures_writes_no_secret(
        self, driver: Driver, attacker: Driver, everything: pytest.LogCaptureFixture
    ) -> None:
        secrets: dict[str, Any] = {"client secret": driver.secret, "verifier": driver.pkce.verifier}
        first = driver.authorize(state="secret-state-0123456789", nonce="secret-nonce-0123456789")
        secrets["handle"] = first["Location"].rstrip("/").rpartition("/")[2]
        secrets["state"], secrets["nonce"] = "secret-state-0123456789", "secret-nonce-0123456789"
        attacker.browser.get(first["Location"])
        driver.browser.post(first["Location"], {"decision": "allow", "scope": ["root"]})
        secrets["code"] = query(driver.consent(first, scopes=["nickname", "offline_access"]))["code"]
        driver.redeem(secrets["code"], code_verifier="wrong" * 10)
        driver.redeem(secrets["code"], redirect_uri="https://wrong.example/")
        tokens = driver.redeem(secrets["code"])
        secrets |= {name: tokens.body[name] for name in ("access_token", "refresh_token", "id_token")}
        driver.userinfo(tokens.access)
        renewed = driver.refresh(tokens.refresh)
        secrets |= {"second access token": renewed.access, "second refresh token": renewed.refresh}
        attacker.refresh(renewed.refresh)
        attacker.revoke(renewed.access)
        driver.refresh(renewed.refresh, scope="root")
        driver.refresh(renewed.refresh, headers=driver.basic(secret="wrong-secret-0123456789"))
        secrets["wrong secret"] = "wrong-secret-0123456789"
        driver.refresh(tokens.refresh)
        driver.redeem(secrets["code"])
        driver.userinfo(renewed.access)
        driver.userinfo("guessed-token-0123456789")
        secrets["guessed token"] = "guessed-token-0123456789"
        driver.revoke(renewed.refresh)
        secrets["session"] = driver.browser.cookies[django_settings.SESSION_COOKIE_NAME].value
        secrets["authorization header"] = driver.basic()["Authorization"].partition(" ")[2]
        text = written(everything)
        assert "was used twice" in text  # the net is out
        assert "oauthlib" in {record.name.partition(".")[0] for record in everything.records}
        assert [name for name, value in secrets.items() if value in text] == []

    def test_machines_token_is_not_written(self, driver: Driver, everything: pytest.LogCaptureFixture) -> None:
        type(driver.application).objects.update(authorization_grant_type="client-credentials")
        tokens = driver.token(grant_type="client_credentials", scope="openid")
        assert tokens.status == 200
        assert tokens.access not in written(everything)

    def test_registration_does_not_write_its_secret(self, db: None, everything: pytest.LogCaptureFixture) -> None:
        from tests import factories

        registered = factories.make_application()
        assert registered.client_secret not in written(everything)

    def test_request_lines_of_the_server_lose_their_query(self) -> None:
        from project.logs import ReferenceFilter

        line = '"GET /accounts/house/login/callback/?code=abc&state=xyz HTTP/1.1"'
        record = logging.LogRecord("django.server", logging.INFO, "", 0, '"%s" %s %s', (line, "302", "0"), None)
        ReferenceFilter().filter(record)
        assert "abc" not in record.getMessage()
        assert "/accounts/house/login/callback/" in record.getMessage()
