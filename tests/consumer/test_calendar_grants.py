"""What the calendar says was shared: by people from each connector, whatever was asked for and granted."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount, SocialApp
from django.conf import settings as site
from django.contrib.auth import get_user_model
from django.test import Client

from consumer_site.connectors.github.views import granted_scope
from consumer_site.models import StoredToken
from tests import servers
from tests.consumer.connector_journey import shown
from tests.consumer.journey import HOST, Journey, sign_in_as
from tests.consumer.test_connector_emulators import add_apps, browser, plan, sign_in
from tests.consumer.weixin_samples.site import INSIDE

Rows = dict[str, str]


@pytest.fixture
def sites(transactional_db: None, settings: Any) -> Iterator[servers.LiveSites]:
    settings.DEBUG = True  # the emulators answer nobody without it
    with servers.serve_sites(settings) as running:
        add_apps()
        yield running
    assert not running.exceptions, f"A view raised {running.exceptions!r}"


def told(client: Client) -> Rows:
    """Return what the calendar lists, each with whether it is shared."""
    page = " ".join(shown(client.get("/calendar/")).split())
    listed = page.partition('class="grants"')[2].partition("</ul>")[0]
    return dict(re.findall(r'<strong>([^<]*)</strong> <span class="state"> (.*?) </span>', listed))


def add_github(visitor: Client, **noted: str) -> None:
    """Sign somebody in who came by GitHub once, with tokens that note these scopes."""
    SocialApp.objects.filter(provider="github").delete()
    SocialApp.objects.create(provider="github", client_id="1", secret="x", settings={"scope": ["user:email"]})
    person = get_user_model().objects.create_user("person")
    account = SocialAccount.objects.create(user=person, provider="github", uid="1", extra_data={})
    StoredToken.objects.create(account=account, sealed="", **noted)
    sign_in_as(visitor, person)


@pytest.mark.parametrize(
    ("provider", "agent", "rows"),
    [
        ("qq", "tests", {"Nickname and picture": "shared"}),
        ("weixin", "tests", {"Nickname and picture": "shared"}),
        ("weixin", INSIDE[0], {"Nickname and picture": "shared"}),
        ("github", "tests", {"Profile": "shared", "E-mail address": "shared"}),
    ],
    ids=["qq", "weixin", "weixin-inside", "github"],
)
def test_everything_shared_is_told_so(sites: servers.LiveSites, provider: str, agent: str, rows: Rows) -> None:
    client = browser(sites, agent)
    sign_in(client, provider)
    assert told(client) == rows
    assert "You decided not to share everything" not in shown(client.get("/calendar/"))


def test_scope_taken_off_at_github_is_told_as_not_shared(sites: servers.LiveSites) -> None:
    client = browser(sites)
    plan("github", site.SANDBOX_GITHUB_CLIENT_ID, "authorize", "fewer_scopes")
    sign_in(client, "github")
    assert told(client) == {"Profile": "shared", "E-mail address": "not shared"}
    assert "You decided not to share everything" in shown(client.get("/calendar/"))


def test_github_app_whose_answers_name_no_scope_declines_nothing(sites: servers.LiveSites, settings: Any) -> None:
    settings.CONSUMER_SITE["SANDBOX"]["GITHUB_APPS"][site.SANDBOX_GITHUB_CLIENT_ID]["github_app"] = True
    client = browser(sites)
    sign_in(client, "github")
    assert told(client) == {"Profile": "shared", "E-mail address": "shared"}


def test_github_names_the_largest_scope_alone_and_the_smaller_ones_count() -> None:
    assert granted_scope("user,gist") == ["user", "read:user", "user:email", "user:follow", "gist"]
    assert granted_scope("") == []


@pytest.mark.django_db
def test_what_was_never_asked_for_is_not_told_as_declined(journey: Journey) -> None:
    # A provider that names its scopes and has no "nickname" is asked for "profile" instead.
    journey.house.bend_discovery = lambda document: document.update(scopes_supported=["openid", "profile"])
    journey.house.grant = "openid profile"
    journey.sign_in()
    row = StoredToken.objects.get()
    assert (row.asked_scope, row.scope) == ("openid profile", "openid profile")
    assert told(journey.visitor) == {"Profile": "shared"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("noted", "state"),
    [
        ({"asked_scope": "user:email", "scope": ""}, "not shared"),
        ({"asked_scope": "", "scope": "gist"}, "not shared"),
        ({"asked_scope": "", "scope": ""}, "shared"),
    ],
    ids=["asked-and-declined", "only-granted-noted", "nothing-noted"],
)
def test_what_was_noted_decides(noted: dict[str, str], state: str) -> None:
    visitor = Client(headers={"host": HOST, "accept-language": "en"})
    add_github(visitor, **noted)
    assert told(visitor)["E-mail address"] == state
