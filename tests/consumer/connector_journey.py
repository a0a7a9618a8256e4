"""A person's browser on the way through a connector: to the provider, and back to the callback."""

from functools import partial
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from allauth.socialaccount.models import SocialAccount
from django.http import HttpResponse
from django.test import Client

HOST = "127.0.0.1:8000"
CODE = "9A5F0C1B2D3E4F5061728394A5B606AF"


def visitor(**headers: str) -> Client:
    """Return somebody's browser, on the consumer's host."""
    return Client(headers={"Host": HOST, "Accept-Language": "en", **headers})


def login_address(provider: str) -> str:
    return f"/accounts/{provider}/login/"


def begin(client: Client, address: str, **form: str) -> tuple[str, dict[str, list[str]]]:
    """Press the sign-in button; return where it leads and with which parameters."""
    response = client.post(address, form)
    assert response.status_code == 302, response.content.decode()
    target = urlsplit(response["Location"])
    return f"{target.scheme}://{target.netloc}{target.path}", parse_qs(target.query)


def come_back(client: Client, provider: str, **query: str) -> HttpResponse:
    """Open the callback with this query."""
    return client.get(f"{login_address(provider)}callback/", query)


def sign_in(client: Client, provider: str, **form: str) -> HttpResponse:
    """Go all the way with a code; return the callback's response."""
    _address, sent = begin(client, login_address(provider), **form)
    return come_back(client, provider, code=CODE, state=sent["state"][0])


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def uids(provider: str) -> list[str]:
    """Return the uids of every account of a provider."""
    return sorted(SocialAccount.objects.filter(provider=provider).values_list("uid", flat=True))


def shown(response: HttpResponse) -> str:
    return response.content.decode()


class Steps(NamedTuple):
    """The steps above, at one connector."""

    begin: Any
    come_back: Any
    sign_in: Any
    accounts: Any


def steps_of(provider: str) -> Steps:
    """Return each step for this connector alone."""

    def begin_here(client: Client, address: str = login_address(provider)) -> tuple[str, dict[str, list[str]]]:
        return begin(client, address)

    return Steps(
        begin=begin_here,
        come_back=partial(come_back, provider=provider),
        sign_in=partial(sign_in, provider=provider),
        accounts=partial(uids, provider),
    )
