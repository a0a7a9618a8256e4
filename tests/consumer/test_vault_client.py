"""Call a service for a person: the token goes where it may, renews itself, and is left nowhere."""

import logging
import secrets
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Any

import pytest
import requests
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.test import RequestFactory
from django.utils import timezone
from django.views.debug import technical_500_response

from consumer_site import vault
from consumer_site.errors import CallFailed, CodeRefused, DestinationRefused, NoTokens, RedirectRefused, SignInNeeded
from consumer_site.models import StoredToken
from consumer_site.vault import store
from tests.consumer import scripted_server
from tests.consumer.vault_service import Service, ended, registered, renewed

pytestmark = pytest.mark.django_db

OK = scripted_server.OK
# Not spelt out: a page of development shows the lines of the program too.
SECRET_ACCESS, SECRET_REFRESH = secrets.token_urlsafe(), secrets.token_urlsafe()
ENDED = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@contextmanager
def api(*answers: bytes, **connection: Any) -> Iterator[tuple[Service, scripted_server.Server]]:
    """Run an API that gives these answers in turn, then the last one over and over, and register its service."""
    left = list(answers or (OK,))

    def say(stream: socket.socket, request: bytes) -> None:
        stream.sendall(left.pop(0) if len(left) > 1 else left[0])

    with ExitStack() as stack:
        server = stack.enter_context(scripted_server.serving(say))
        service = Service(origins=(f"http://127.0.0.1:{server.port}",), answer=lambda token: renewed())
        yield stack.enter_context(registered(service, **connection)), server


def living(**changes: Any) -> vault.TokenSet:
    return ended(expires_at=None, **changes)


def sent(server: scripted_server.Server) -> list[str]:
    return [request.decode("latin-1") for request in server.seen]


def test_token_goes_along_in_a_header(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with api() as (service, server):
        account = service.account(living())
        with vault.client(account.user, service.name) as client:
            assert client.get(f"{service.origins[0]}/me", params={"full": "1"}).json() == {}
            headers = {"Authorization": "Basic of-the-caller", "X-Mine": "yes"}
            assert client.post(f"{service.origins[0]}/say", json={"text": "hello"}, headers=headers).ok
        first, second = sent(server)
    assert first.startswith("GET /me?full=1 ")
    assert "Authorization: Bearer access-0\r\n" in first
    assert second.startswith("POST /say ")
    assert "of-the-caller" not in second
    assert "X-Mine: yes" in second
    assert "access-0" not in caplog.text + repr(client)


@pytest.mark.parametrize("ending", ["expired", "refused"])
def test_ended_token_is_renewed_and_the_request_sent_with_the_new_one(ending: str) -> None:
    with api(*([ENDED, OK] if ending == "refused" else [OK])) as (service, server):
        account = service.account(living() if ending == "refused" else ended())
        answer = vault.client(account.user, service.name).post(f"{service.origins[0]}/say", data={"text": "hello"})
        last = sent(server)[-1]
    assert (answer.status_code, service.asked, len(server.seen)) == (
        200,
        ["refresh-0"],
        2 if ending == "refused" else 1,
    )
    assert "Authorization: Bearer access-1\r\n" in last
    assert StoredToken.objects.get().generation == 2


def test_renewed_token_that_is_refused_too_asks_for_a_sign_in_and_marks_nothing() -> None:
    with api(ENDED) as (service, server):
        client = vault.client(service.account(living()).user, service.name)
        with pytest.raises(SignInNeeded):
            client.get(f"{service.origins[0]}/me")
        assert (len(server.seen), service.asked) == (2, ["refresh-0"])
    assert not StoredToken.objects.get().needs_sign_in


@pytest.mark.parametrize("seconds", [None, 3600])
def test_refused_token_that_cannot_be_renewed_marks_the_account(seconds: int | None) -> None:
    until = timezone.now() + timedelta(seconds=seconds) if seconds else None
    with api(ENDED) as (service, server):
        client = vault.client(service.account(ended(refresh_token="", expires_at=until)).user, service.name)
        for _again in range(2):
            with pytest.raises(SignInNeeded):
                client.get(f"{service.origins[0]}/me")
        assert len(server.seen) == 1
    assert StoredToken.objects.get().needs_sign_in


def test_token_that_another_renewed_meanwhile_is_not_renewed_again() -> None:
    def ended_and_replaced(response: requests.Response) -> bool:
        if response.status_code == 401:
            values = store.sealed_values(account=account, tokens=living(access_token="access-9"))
            StoredToken.objects.update(**values, generation=2)
        return bool(response.status_code == 401)

    with api(ENDED, OK, token_ended=ended_and_replaced) as (service, server):
        account = service.account(living())
        assert vault.client(account.user, service.name).get(f"{service.origins[0]}/me").ok
        assert (service.asked, "Bearer access-9" in sent(server)[1]) == ([], True)


def test_connector_says_where_the_token_goes_and_when_it_has_ended(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    def in_query(*, account: SocialAccount, tokens: vault.TokenSet, request: requests.PreparedRequest) -> None:
        request.prepare_url(request.url, {"access_token": tokens.access_token, "openid": account.uid})

    def said(response: requests.Response) -> bool:
        return bool(response.json().get("ret") == -23)

    body = b'{"ret":-23}'
    no = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body)
    with api(no, OK, authorize=in_query, token_ended=said) as (service, server):
        account = service.account(living())
        answer = vault.client(account.user, service.name).get(f"{service.origins[0]}/me?full=1")
        first, second = sent(server)
    assert first.startswith(f"GET /me?full=1&access_token=access-0&openid={account.uid} ")
    assert second.startswith(f"GET /me?full=1&access_token=access-1&openid={account.uid} ")
    assert "access-1" not in caplog.text + answer.url + str(answer.request.url)


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:1/me",
        "http://localhost:PORT/me",
        "https://127.0.0.1:PORT/me",
        "http://127.0.0.1:PORT@evil.example/me",
        "http://somebody@127.0.0.1:PORT/me",
        "http://evil.example\\@127.0.0.1:PORT/me",
        "http://127.0.0.1:PORT.evil.example/me",
        "http://127.0.0.1:99999/me",
        "//127.0.0.1:PORT/me",
        "file:///etc/passwd",
        "",
    ],
)
def test_other_origins_are_refused_before_the_token_is_touched(address: str) -> None:
    with api() as (service, server):
        client = vault.client(service.account(ended()).user, service.name)
        with pytest.raises(DestinationRefused):
            client.get(address.replace("PORT", str(server.port)))
        assert (service.asked, server.seen) == ([], [])


@pytest.mark.parametrize("address", ["http://127.0.0.1/me", "https://127.0.0.1:443/me"])
def test_address_without_a_port_is_of_the_default_one(address: str) -> None:
    with registered(Service(origins=("http://127.0.0.1:80", "https://127.0.0.1"))) as service:
        client = vault.client(service.account(living()).user, service.name)
        # Nobody listens there, so that it failed says that it was sent.
        with pytest.raises(CallFailed):
            client.get(address)


def test_connector_that_moves_the_request_elsewhere_is_stopped() -> None:
    def elsewhere(*, account: SocialAccount, tokens: vault.TokenSet, request: requests.PreparedRequest) -> None:
        request.url = str(request.url).replace("127.0.0.1", "127.0.0.2")

    with api(authorize=elsewhere) as (service, server):
        client = vault.client(service.account(living()).user, service.name)
        with pytest.raises(DestinationRefused):
            client.get(f"{service.origins[0]}/me")
        assert not server.seen


def test_redirects_stay_within_the_origin() -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with api(moved % b"/there", OK, moved % b"http://localhost:1/there") as (service, server):
        client = vault.client(service.account(living()).user, service.name)
        answer = client.get(f"{service.origins[0]}/me")
        assert "Bearer access-0" in sent(server)[1]
        with pytest.raises(RedirectRefused):
            client.get(f"{service.origins[0]}/me")
    hops = [answer, *answer.history]
    assert len(hops) == 2
    assert "access-0" not in str([(hop.request.headers, hop.request.url, hop.url) for hop in hops])
    assert answer.request.method == "GET"


def test_account_connected_last_is_taken_unless_one_is_named() -> None:
    with api() as (service, server):
        first = service.account(living(access_token="of-the-first"))
        second = service.account(living(access_token="of-the-second"), user=first.user)
        third = service.account(user=first.user)
        vault.forget(account=third)
        assert vault.client(first.user, service.name).account == second
        assert vault.client(first.user, service.name, account=first).account == first
        vault.client(first.user, service.name, account=first).get(f"{service.origins[0]}/me")
        assert "of-the-first" in sent(server)[0]


def test_nobody_else_s_account_and_none_at_all_have_no_tokens() -> None:
    with registered(Service()) as service:
        mine, other = service.account(), service.account()
        with pytest.raises(NoTokens):
            vault.client(mine.user, service.name, account=other)
        with pytest.raises(NoTokens):
            vault.client(mine.user, "qq")
        with pytest.raises(NoTokens):
            vault.client(AnonymousUser(), service.name)


def test_call_inside_a_transaction_is_refused() -> None:
    with api() as (service, server):
        client = vault.client(service.account(living()).user, service.name)
        with transaction.atomic(), pytest.raises(vault.TransactionOpen):
            client.get(f"{service.origins[0]}/me")
        assert not server.seen


@pytest.mark.parametrize("failure", ["the connector's fault", "a refusal", "no answer"])
def test_error_page_of_development_shows_no_token(failure: str, settings: Any) -> None:
    settings.DEBUG = True

    def fail(*, account: SocialAccount, tokens: vault.TokenSet, request: requests.PreparedRequest) -> None:
        token_in_a_local = tokens.access_token
        request.prepare_url(request.url, {"access_token": token_in_a_local})
        if failure == "the connector's fault":
            raise KeyError("in the connector")

    def refuse(token: str) -> vault.TokenSet:
        raise CodeRefused("no")

    broken = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\n{}"
    with api(broken, authorize=fail) as (service, _server):
        state = ended if failure == "a refusal" else living
        service.answer = refuse
        tokens = state(access_token=SECRET_ACCESS, refresh_token=SECRET_REFRESH)
        client = vault.client(service.account(tokens).user, service.name)
        with pytest.raises((KeyError, CallFailed, SignInNeeded)) as caught:
            client.get(f"{service.origins[0]}/me")
    page = technical_500_response(RequestFactory().get("/"), caught.type, caught.value, caught.tb).content.decode()
    assert "vault/client.py" in page
    assert SECRET_ACCESS not in page
    assert SECRET_REFRESH not in page
    assert settings.CONSUMER_SITE["KEY_RING"][0] not in page
