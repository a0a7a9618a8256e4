"""A person takes an app back; the app's server hears of it, and believes it by the keys the provider publishes."""

import io
import json
import threading
from collections.abc import Iterator
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from provider_site.models import OutboxMessage, Registration
from provider_site.policy.security_events import Event
from provider_site.services import consents, keys, outbox, security_events
from tests import readme
from tests.provider.driver import Driver, plant_signing_key
from tests.servers import LiveSites


class Quiet(WSGIRequestHandler):
    """Write no line for each request."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        pass


@pytest.fixture
def example(live_sites: LiveSites, settings: Any, registered: Any) -> Iterator[dict[str, Any]]:
    """Run the receiver of docs/security-events.md, told only its issuer and client ID; return its names."""
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"OUTBOUND_ALLOW_LOOPBACK_HTTP": True}
    plant_signing_key()
    source = readme.lines("receiver", "docs/security-events.md")
    source = source.replace("https://id.example.com", live_sites.provider)
    source = source.replace("your client ID", registered.application.client_id)
    names: dict[str, Any] = {}
    exec(compile(source, "docs/security-events.md", "exec"), names)
    server = make_server("127.0.0.1", 0, names["application"], handler_class=Quiet)
    names["url"] = f"http://127.0.0.1:{server.server_port}/security-events"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield names
    server.shutdown()
    server.server_close()
    thread.join(5)


def post(example: dict[str, Any], token: str) -> tuple[str, Any]:
    """Hand a token to the receiver; return its status and what it answers."""
    said: list[str] = []
    body = token.encode()
    environ = {"CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body)}
    answer = b"".join(example["application"](environ, lambda status, _headers: said.append(status)))
    return said[0], json.loads(answer) if answer else None


def test_withdrawal_reaches_the_app_s_server_which_verifies_it(
    example: dict[str, Any], live_sites: LiveSites, registered: Any, user: Any
) -> None:
    Registration.objects.filter(application=registered.application).update(events_url=example["url"])
    driver = Driver(registered, user)
    driver.browser.defaults["HTTP_HOST"] = driver.backchannel.defaults["HTTP_HOST"] = f"localhost:{live_sites.port}"
    driver.tokens()
    consents.withdraw(user=user, application=registered.application)
    assert outbox.deliver_due() >= 1
    assert OutboxMessage.objects.get(kind=security_events.KIND).delivered_at is not None
    (claims,) = example["received"].values()
    assert claims["iss"] == live_sites.provider
    assert claims["sub_id"]["iss"] == live_sites.provider
    ((event, details),) = claims["events"].items()
    assert event.endswith("/tokens-revoked")
    assert details == {"reason": "withdrawn"}


def test_app_s_server_refuses_what_is_not_for_it(
    example: dict[str, Any], live_sites: LiveSites, registered: Any, user: Any
) -> None:
    Registration.objects.filter(application=registered.application).update(events_url=example["url"])
    Driver(registered, user).code(scope="openid", scopes=())
    message = security_events.put(application=registered.application, user=user, event=Event.WITHDRAWN)
    assert message is not None
    claims, signer = message.payload["claims"], keys.signer()
    right = signer.sign(claims, typ="secevent+jwt")
    head, body, signature = right.split(".")
    for token, code in (
        (signer.sign(claims), "invalid_request"),
        (signer.sign(claims | {"aud": "another"}, typ="secevent+jwt"), "invalid_audience"),
        (signer.sign(claims | {"iss": "https://another"}, typ="secevent+jwt"), "invalid_issuer"),
        (f"{head}.{body}.{signature[:-8]}AAAAAAAA", "invalid_key"),
        ("nonsense", "invalid_request"),
    ):
        assert post(example, token) == ("400 Bad Request", {"err": code})
    assert not example["received"]
    assert post(example, right) == ("202 Accepted", None)
    assert post(example, right) == ("202 Accepted", None)
    assert len(example["received"]) == 1
