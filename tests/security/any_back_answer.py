"""What holds for every answer to a client itself (RFC 6749 5), whatever was sent."""

import json
from typing import Any

from django.core.cache import cache
from django.db import transaction

from tests.provider.driver import Driver
from tests.security.any_request import PRINTABLE, send

# RFC 6749 5.2, RFC 8628 3.5, RFC 8707 2, RFC 7009 2.2.1. No server_error: that is a fault.
CODES = {
    *("invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type"),
    *("invalid_scope", "invalid_target", "unsupported_token_type"),
    *("authorization_pending", "slow_down", "access_denied", "expired_token"),
}


class Back:
    """A client that holds a code, tokens and its secret, at one address; each request begins with all of them whole."""

    def __init__(self, driver: Driver, address: str) -> None:
        self.driver, self.address = driver, address
        self.tokens = driver.tokens()
        self.code = driver.code()
        self.secrets = [
            *(driver.secret, self.code, driver.pkce.verifier, self.tokens.access, self.tokens.refresh),
            self.tokens.body["id_token"],
        ]
        self.headers = headers_of(driver)

    def answer(self, *, authorization: str | None = None, **request: Any) -> tuple[int, dict[str, Any]]:
        """Send a request; return the status and the JSON of its answer, checked. Nothing it changed stays."""
        cache.clear()
        headers = {} if authorization is None else {"authorization": authorization}
        with transaction.atomic():
            answer = send(self.driver.backchannel, self.address, **({"method": "POST", "headers": headers} | request))
            transaction.set_rollback(True)
        return answer.status_code, check_back(answer, secrets=self.secrets)


def headers_of(driver: Driver) -> list[str]:
    """Return the Authorization headers that prove a client, the scheme in either case (RFC 9110 11.1)."""
    header = driver.basic()["Authorization"]
    return [header, header.replace("Basic", "basic")]


def proves_itself(driver: Driver, authorization: str | None, sent: dict[str, list[str]]) -> bool:
    """Say whether the client's secret is in the request, in one way or another."""
    payload = headers_of(driver)[0].partition(" ")[2]
    return sent.get("client_secret") == [driver.secret] or (authorization or "").strip().endswith(payload)


def check_back(answer: Any, *, secrets: list[str]) -> dict[str, Any]:
    """Check an answer; return what is in it."""
    text = answer.content.decode()
    assert "Location" not in answer
    assert "Set-Cookie" not in answer
    if answer.status_code == 405 or (answer.status_code == 200 and not text):
        assert not text
        assert answer.status_code == 200 or answer["Allow"]
        return {}
    assert answer.status_code in {200, 400, 401}, (answer.status_code, text[:500])
    assert answer["Content-Type"].partition(";")[0] == "application/json", answer["Content-Type"]
    assert "no-store" in answer["Cache-Control"]
    found: dict[str, Any] = json.loads(text)
    if answer.status_code == 200:
        assert "error" not in found
        return found
    heads = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
    assert not [secret for secret in secrets if secret in text or secret in heads], "a secret is told"
    assert found.keys() <= {"error", "error_description", "error_uri"}, found
    assert found["error"] in CODES, found
    assert PRINTABLE.match(found["error_description"]), found
    assert found["error_description"], found
    assert (answer.status_code == 401) == (found["error"] == "invalid_client"), (answer.status_code, found)
    assert (answer.status_code == 401) == ("WWW-Authenticate" in answer)
    return found


def are_one(sent: dict[str, list[str]], wanted: dict[str, str]) -> bool:
    """Say whether these parameters were sent once each, and so."""
    return all(sent.get(name) == [value] for name, value in wanted.items())
