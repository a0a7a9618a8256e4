"""Make the provider call what it must not, by an application's address for security events (OWASP SSRF)."""

import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.utils import timezone

from provider_site.models import Consent, OutboxMessage, Registration
from provider_site.policy.security_events import Event
from provider_site.services import outbox, security_events
from tests import factories
from tests.consumer.scripted_server import drip, serving
from tests.consumer.test_http import resolver
from tests.event_receiver import Receiver, receiving
from tests.outside import OutsideConnectionError
from tests.provider.developer.browsers import signed_in
from tests.provider.developer.pages import change
from tests.provider.driver import plant_signing_key


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture
def allow(settings: Any) -> Callable[..., None]:
    """Return a function that changes the provider's settings; at first this machine may not be called."""

    def change(**options: Any) -> None:
        settings.PROVIDER_SITE = settings.PROVIDER_SITE | options

    change(OUTBOUND_ALLOW_LOOPBACK_HTTP=False)
    return change


@pytest.fixture
def push(allow: Any, application: Any, user: Any) -> Callable[[str], OutboxMessage]:
    """Return a function that has a notice delivered to an address, and returns the message afterwards."""
    plant_signing_key()
    Consent.objects.create(user=user, application=application, scope="openid", given_at=timezone.now())

    def deliver(url: str) -> OutboxMessage:
        Registration.objects.filter(application=application).update(events_url=url)
        message = security_events.put(application=application, user=user, event=Event.WITHDRAWN)
        assert message is not None
        outbox.deliver(message_id=message.pk)
        message.refresh_from_db()
        return message

    return deliver


@pytest.mark.parametrize(
    "url",
    [
        "https://10.0.0.1/",
        "https://192.168.1.1/",
        "https://169.254.169.254/latest/meta-data/",
        "http://169.254.169.254/latest/meta-data/",
        "https://[fd00:ec2::254]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::a00:1]/",
        "https://100.64.0.1/",
        "https://0.0.0.0/",
        "http://93.184.216.34/",
    ],
)
def test_special_and_unencrypted_addresses_are_not_called(push: Any, url: str) -> None:
    assert push(url).last_error == "the address may not be called"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"])
def test_this_machine_is_not_called_unless_the_site_says_so(
    push: Any, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolver(["127.0.0.1"]))
    assert push(f"http://{host}:{receiver.port}/").last_error == "the address may not be called"
    assert not receiver.pushes


def test_name_of_a_private_address_is_not_called(push: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolver(["93.184.216.34", "10.0.0.1"]))
    assert push("https://mixed.example/").last_error == "the address may not be called"


def test_rebound_name_is_called_at_the_address_that_was_checked(
    push: Any, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    called: list[Any] = []

    def connect(self: socket.socket, address: Any) -> None:
        called.append(address)
        raise OutsideConnectionError("stopped")

    monkeypatch.setattr(socket, "getaddrinfo", resolver(["93.184.216.34"], ["127.0.0.1"]))
    monkeypatch.setattr(socket.socket, "connect", connect)
    assert push(f"https://rebind.example:{receiver.port}/").delivered_at is None
    assert [host for host, _port in called] == ["93.184.216.34"]
    assert not receiver.pushes


def test_listed_network_is_called_over_tls_alone(allow: Any, push: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[Any] = []

    def connect(self: socket.socket, address: Any) -> None:
        called.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", connect)
    allow(OUTBOUND_ALLOWED_NETWORKS=["10.1.0.0/16"])
    assert push("https://10.1.2.3/").last_error == "no connection, or it broke"
    assert called == [("10.1.2.3", 443)]
    assert push("http://10.1.2.3/").last_error == "the address may not be called"
    assert push("https://10.2.0.1/").last_error == "the address may not be called"
    assert len(called) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("target", ["/elsewhere", "http://169.254.169.254/", "https://example.com/"])
def test_no_redirect_is_followed(allow: Any, push: Any, receiver: Receiver, status: int, target: str) -> None:
    allow(OUTBOUND_ALLOW_LOOPBACK_HTTP=True)
    receiver.answers, receiver.headers = [(status, b"")], {"Location": target}
    assert push(receiver.url).last_error == "the answer is a redirect"
    assert len(receiver.pushes) == 1


@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 202 Accepted\r\nContent-Length: 70000\r\n\r\n", b"HTTP/1.1 202 Accepted\r\n\r\n" + b"x" * 70_000],
    ids=["declared", "undeclared"],
)
def test_huge_answer_is_cut_off(allow: Any, push: Any, answer: bytes) -> None:
    allow(OUTBOUND_ALLOW_LOOPBACK_HTTP=True)
    with serving(answer) as server:
        assert push(f"http://127.0.0.1:{server.port}/").last_error == "the answer is too large"


def test_slow_answer_ends_at_the_time_set(allow: Any, push: Any) -> None:
    allow(OUTBOUND_ALLOW_LOOPBACK_HTTP=True, OUTBOUND_TIMEOUT_SECONDS=0.15)
    event = threading.Event()
    with serving(drip(event, b"HTTP/1.1 202 Accepted\r\nX-Slow: ")) as server:
        started = timezone.now()
        assert push(f"http://127.0.0.1:{server.port}/").last_error == "no answer in time"
        assert (timezone.now() - started).total_seconds() < 5
        event.set()


def test_environment_s_proxy_learns_nothing(
    allow: Any, push: Any, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    allow(OUTBOUND_ALLOW_LOOPBACK_HTTP=True)
    assert push(receiver.url).delivered_at is not None


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        ("https://app.example.com/events", True),
        ("https://93.184.216.34/events", True),
        ("http://app.example.com/events", False),
        ("https://10.0.0.1/", False),
        ("https://169.254.169.254/latest/", False),
        ("https://[fd00:ec2::254]/", False),
        ("https://localhost/events", False),
        ("http://127.0.0.1:8000/", False),
    ],
)
def test_address_that_would_not_be_called_is_refused_where_it_is_entered(
    allow: Any, user: Any, url: str, taken: bool
) -> None:
    draft = factories.make_draft(user).application
    answer = change(signed_in(user), draft, events_url=url)
    assert (answer.status_code == 302) is taken
    assert Registration.objects.get(application=draft).events_url == (url if taken else "")
    if not taken:
        assert "public https:// addresses" in answer.content.decode()


def test_address_on_this_machine_may_be_entered_where_it_may_be_called(allow: Any, user: Any) -> None:
    allow(OUTBOUND_ALLOW_LOOPBACK_HTTP=True)
    draft = factories.make_draft(user).application
    assert change(signed_in(user), draft, events_url="http://127.0.0.1:8000/events").status_code == 302
