"""Renew tokens twice at once, for somebody else, or by an answer that is somebody else's; send them elsewhere."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.db import connection
from django.utils import timezone

from consumer_site import vault
from consumer_site.errors import DestinationRefused, NoTokens, SignInError
from consumer_site.models import StoredToken
from tests import factories
from tests.consumer.journey import Journey
from tests.consumer.openid_provider import Answer, Received
from tests.consumer.scripted_server import OK, serving
from tests.consumer.vault_service import Service, registered, renewed

pytestmark = pytest.mark.django_db


@pytest.fixture
def service() -> Iterator[Service]:
    """Return a service whose refresh token works once, as QQ's does."""
    with registered(Service()) as running:
        yield running


@pytest.fixture
def account(journey: Journey) -> SocialAccount:
    """Return an account at the house whose access token has ended."""
    journey.sign_in()
    StoredToken.objects.update(expires_at=timezone.now() - timedelta(hours=1))
    return SocialAccount.objects.get()


@pytest.mark.django_db(transaction=True)
def test_single_use_refresh_token_is_used_once_by_many_at_once(service: Service) -> None:
    """Used twice it would end the whole family at the provider: anybody with two tabs could cut a person off."""
    account, entered, crowd = service.account(), threading.Event(), 6
    outcomes: list[str] = []

    def answer(_token: str) -> vault.TokenSet:
        entered.set()
        # The others come while this one is under way: no lock is held, they look and wait.
        for _other in range(crowd):
            threads.append(threading.Thread(target=ask))
            threads[-1].start()
        threads[1].join(0.2)
        return renewed(1)

    def ask() -> None:
        try:
            outcomes.append(vault.fresh_tokens(account=account).access_token)
        finally:
            connection.close()

    service.answer = answer
    threads = [threading.Thread(target=ask)]
    threads[0].start()
    assert entered.wait(10)
    for thread in threads:
        thread.join(20)
    for thread in threads:
        thread.join(20)
    assert service.asked == ["refresh-0"]
    assert outcomes == ["access-1"] * (crowd + 1)


def test_renewal_that_answers_for_somebody_else_is_not_kept(journey: Journey, account: SocialAccount) -> None:
    before = StoredToken.objects.get().sealed
    journey.house.bend_claims = lambda claims: claims.update(sub="somebody-else")
    sign = journey.house.id_token
    journey.house.bend_tokens = lambda answer: answer.setdefault(
        "id_token", sign({"nonce": ""}, answer["access_token"])
    )
    with pytest.raises(SignInError):
        vault.fresh_tokens(account=account)
    assert StoredToken.objects.get().sealed == before


def test_profile_of_somebody_else_is_not_kept(journey: Journey, account: SocialAccount) -> None:
    journey.house.bend_userinfo = lambda claims: claims.update(sub="somebody-else", nickname="Mallory")
    journey.visitor.post("/calendar/up-to-date/")
    account.refresh_from_db()
    assert account.extra_data["nickname"] != "Mallory"


@pytest.mark.parametrize(
    "address",
    ["https://evil.example/", "{origin}.evil.example/", "{origin}@evil.example/", "//evil.example/",
     "http://evil.example\\@{host}/", "{origin}:1/", "https://{host}/", "http://user@{host}/"],
)  # fmt: skip
def test_token_goes_to_no_other_origin(journey: Journey, account: SocialAccount, address: str) -> None:
    origin = journey.house.issuer
    host = origin.partition("//")[2]
    with pytest.raises(DestinationRefused):
        vault.client(account.user, "house").get(address.format(origin=origin, host=host))
    assert not [request for request in journey.house.requests_to("/token") if "refresh_token" in request.form]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_token_does_not_follow_a_redirect_elsewhere(journey: Journey, account: SocialAccount, status: int) -> None:
    with serving(OK) as evil:
        target = f"http://127.0.0.1:{evil.port}/"

        def elsewhere(_received: Received) -> Answer:
            return Answer({}, status=status, headers={"Location": target})

        journey.house.replies["/userinfo"] = elsewhere
        with pytest.raises(Exception, match=r"."):
            vault.client(account.user, "house").get(f"{journey.house.issuer}/userinfo")
        assert evil.seen == []


def test_account_of_another_person_is_not_called_with(account: SocialAccount) -> None:
    nosy: Any = factories.make_user("nosy")
    with pytest.raises(NoTokens):
        vault.client(nosy, "house", account=account)
