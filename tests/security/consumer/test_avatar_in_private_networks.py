"""Choose a picture's address so that the site asks a machine of its own network, which it may call for a provider."""

import logging
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount, SocialApp

from consumer_site.calendar.avatar import current_copy
from tests.outside import OutsideConnectionError

pytestmark = pytest.mark.django_db

# Every address of it is the test's own network's; whoever connects to one is stopped with an error.
INSIDE = "https://10.1.2.3"


@pytest.fixture
def account(settings: Any, victim: Any) -> SocialAccount:
    """Return an account of a provider within the network that the settings open."""
    settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, "ALLOWED_NETWORKS": ["10.0.0.0/8"]}
    SocialApp.objects.create(provider="house", client_id="c", settings={"server_url": f"{INSIDE}/realm"})
    return SocialAccount.objects.create(user=victim, provider="house", uid="x", extra_data={"iss": f"{INSIDE}/realm"})


@pytest.mark.parametrize("address", ["https://10.9.9.9/delete?id=1", f"{INSIDE}:8443/x.png", "https://10.1.2.30/x.png"])
def test_picture_elsewhere_in_the_network_is_not_asked_for(
    account: SocialAccount, caplog: pytest.LogCaptureFixture, address: str
) -> None:
    caplog.set_level(logging.INFO)
    assert current_copy(account, address) is None
    assert "is not public" in caplog.text


def test_picture_at_qq_is_not_asked_for_there_either(account: SocialAccount) -> None:
    account.provider = "qq"
    account.save()
    assert current_copy(account, f"{INSIDE}/x.png") is None


def test_picture_at_the_provider_itself_is(account: SocialAccount) -> None:
    with pytest.raises(OutsideConnectionError):
        current_copy(account, f"{INSIDE}/realm/picture.png")
