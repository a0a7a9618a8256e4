"""Be, at one GitHub, the number that somebody else is at another: ids count up from one at every server."""

from collections.abc import Iterator
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from consumer_site import vault
from consumer_site.errors import NotConfigured
from tests.consumer import connector_journey
from tests.consumer.connector_journey import is_signed_in
from tests.consumer.github_samples import CLIENT_ID, ID, CannedProvider, serve, site
from tests.consumer.journey import assert_error_page

pytestmark = pytest.mark.django_db


@pytest.fixture
def former(settings: Any, db: None) -> Iterator[CannedProvider]:
    """Return the company's own GitHub, at which one person has signed in here."""
    with serve() as server:
        site.speak_to(server, settings)
        connector_journey.sign_in(connector_journey.visitor(), "github")
        assert SocialAccount.objects.get().uid == str(ID)
        yield server


@pytest.fixture
def present(former: CannedProvider, settings: Any) -> Iterator[CannedProvider]:
    """Return the other one, to which the site has moved, and where the same number is a stranger's."""
    with serve() as server:
        settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, "GITHUB_BASE_URLS": {CLIENT_ID: server.base_url}}
        site.answer_truly(server)
        yield server


def come_in() -> tuple[Client, Any]:
    browser = connector_journey.visitor()
    return browser, connector_journey.sign_in(browser, "github")


def test_same_number_at_another_server_is_not_the_same_person(present: CannedProvider) -> None:
    browser, response = come_in()
    assert_error_page(response, 409)
    assert not is_signed_in(browser)
    assert SocialAccount.objects.get().extra_data["server"] != present.base_url


def test_token_of_one_server_is_not_sent_to_another(present: CannedProvider) -> None:
    account = SocialAccount.objects.get()
    with pytest.raises(NotConfigured):
        vault.client(account.user, "github").get(f"{present.base_url}/api/v3/user")
    assert present.asked == []


def test_account_that_allauth_s_own_connector_made_goes_on(present: CannedProvider) -> None:
    SocialAccount.objects.update(extra_data={"login": "octocat"})
    browser, _response = come_in()
    assert is_signed_in(browser)
    assert SocialAccount.objects.get().extra_data["server"] == present.base_url
