"""QQ, WeChat and GitHub sign-ins against the emulators over HTTP, at every way in which those can misbehave."""

from collections.abc import Iterator
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount, SocialApp
from django.conf import settings as site
from django.contrib.auth import get_user_model
from django.http import HttpResponse
from django.test import Client

from consumer_site import vault
from consumer_site.connectors.github.client import GitHubClient
from consumer_site.connectors.qq.client import QQClient
from consumer_site.connectors.weixin.client import WeixinClient
from consumer_site.errors import SignInError
from consumer_site.sandbox.github.codes import ERRORS as GITHUB_ERRORS
from consumer_site.sandbox.models import Behaviour, Token
from consumer_site.sandbox.qq.codes import CODES as QQ_CODES
from consumer_site.sandbox.services import SERVICES
from consumer_site.sandbox.weixin.codes import WORDS as WEIXIN_CODES
from tests import servers
from tests.consumer.connector_journey import is_signed_in, shown
from tests.consumer.sandbox.social import choose
from tests.consumer.weixin_samples.site import INSIDE

PERSON = {"qq": "penguin", "weixin": "zhangsan", "github": "octo"}
OTHER = {"qq": "twin", "weixin": "twin", "github": "nameless"}
ALL = pytest.mark.parametrize("provider", ["qq", "weixin", "github"])
Kind = Behaviour.Kind
# What leaves an answer right, or changes only what a sign-in can do without.
HARMLESS = {
    Kind.HTML_TYPE,
    Kind.NUMBER_EXPIRES,
    Kind.STRING_EXPIRES,
    Kind.NO_REFRESH,
    Kind.NO_UNIONID,
    Kind.FEWER_SCOPES,
}
# These need a page or a clock, or are met one by one below.
ELSEWHERE = {Kind.SLOW, Kind.ALLOW_AS, Kind.REFUSE}


@pytest.fixture
def sites(transactional_db: None, settings: Any) -> Iterator[servers.LiveSites]:
    settings.DEBUG = True  # the emulators answer nobody without it
    with servers.serve_sites(settings) as running:
        settings.CONSUMER_SITE["SANDBOX"]["QQ_APPS"][site.SANDBOX_QQ_APP_ID]["unionid"] = True
        add_apps()
        yield running
    assert not running.exceptions, f"A view raised {running.exceptions!r}"


def add_apps() -> None:
    SocialApp.objects.all().delete()
    for provider, client_id, secret, options in (
        ("qq", site.SANDBOX_QQ_APP_ID, site.SANDBOX_QQ_APP_KEY, {}),
        ("weixin", site.SANDBOX_WEIXIN_APP_ID, site.SANDBOX_WEIXIN_APP_SECRET, {}),
        ("weixin", site.SANDBOX_WEIXIN_INSIDE_APP_ID, site.SANDBOX_WEIXIN_INSIDE_APP_SECRET, {"inside": True}),
        ("github", site.SANDBOX_GITHUB_CLIENT_ID, site.SANDBOX_GITHUB_CLIENT_SECRET, {"scope": ["user:email"]}),
    ):
        SocialApp.objects.create(provider=provider, name=provider, client_id=client_id, secret=secret, settings=options)


def browser(sites: servers.LiveSites, agent: str = "tests") -> Client:
    return Client(headers={"Host": f"127.0.0.1:{sites.port}", "Accept-Language": "en", "User-Agent": agent})


def sign_in(client: Client, provider: str, person: str = "", decision: str = "allow", **form: str) -> HttpResponse:
    """Walk to the emulator and back; return the callback's response."""
    there = client.post(f"/accounts/{provider}/login/", form)["Location"]
    back = choose(there, person or PERSON[provider], decision, str(client.defaults["HTTP_USER_AGENT"]))
    response: HttpResponse = client.get(back[back.index("/accounts/") :])
    return response


def plan(provider: str, app_id: str, endpoint: str, kind: str, **more: Any) -> None:
    Behaviour.objects.all().delete()
    Behaviour.objects.create(service=provider, app_id=app_id, endpoint=endpoint, kind=kind, **more)


def app_id_of(provider: str) -> str:
    return str(SocialApp.objects.filter(provider=provider).order_by("pk").values_list("client_id", flat=True)[0])


@ALL
def test_two_people_are_two_accounts_and_each_finds_the_way_back(sites: servers.LiveSites, provider: str) -> None:
    first, second, again = browser(sites), browser(sites), browser(sites)
    assert sign_in(first, provider).status_code == 302
    sign_in(second, provider, OTHER[provider])
    sign_in(again, provider)
    users = [client.session["_auth_user_id"] for client in (first, second, again)]
    assert users[0] == users[2] != users[1]
    account = SocialAccount.objects.get(user_id=users[0])
    tokens = vault.load(account=account)
    assert tokens is not None
    assert tokens.access_token
    assert account.get_avatar_url().startswith(f"{sites.consumer}/sandbox/{provider}/")


@ALL
def test_refusal_at_the_emulator_is_told_as_a_refusal(sites: servers.LiveSites, provider: str) -> None:
    # A PC's page at QQ just closes; a phone comes back.
    agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Mobile/15E148" if provider == "qq" else "tests"
    client = browser(sites, agent)
    response = sign_in(client, provider, decision="refuse")
    assert response.status_code == 403
    assert "You did not sign in" in shown(response)
    assert not is_signed_in(client)


@ALL
def test_however_the_emulator_misbehaves_there_is_a_page_or_the_right_person(
    sites: servers.LiveSites, provider: str
) -> None:
    sign_in(browser(sites), provider)
    (owner,) = SocialAccount.objects.values_list("uid", flat=True)
    ways = [
        (endpoint, kind)
        for endpoint, kinds in SERVICES[provider].possible.items()
        for kind in sorted(kinds - ELSEWHERE)
        if endpoint not in {"refresh", "avatar", "auth", "authorize"} and kind not in {Kind.ERROR, Kind.OLD_ERROR}
    ]
    assert len(ways) > 10
    for endpoint, kind in ways:
        plan(provider, app_id_of(provider), endpoint, kind, number=503)
        client = browser(sites)
        response = sign_in(client, provider)
        assert response.status_code != 500, (endpoint, kind)
        # E-mail addresses are welcome, and nobody's sign-in hangs on them.
        if kind in HARMLESS or endpoint == "emails":
            assert is_signed_in(client), (endpoint, kind, shown(response))
        else:
            assert response.status_code >= 400, (endpoint, kind)
            assert not is_signed_in(client), (endpoint, kind)
        assert not Behaviour.objects.filter(times__gt=0).exists(), (endpoint, kind)
    assert list(SocialAccount.objects.values_list("uid", flat=True)) == [owner]
    assert get_user_model().objects.filter(socialaccount__provider=provider).count() == 1


def test_every_code_the_emulators_know_is_explained(sites: servers.LiveSites) -> None:
    base = f"{sites.consumer}/sandbox"
    qq = QQClient(None, site.SANDBOX_QQ_APP_ID, site.SANDBOX_QQ_APP_KEY, "GET", f"{base}/qq/oauth2.0/token", base)
    weixin = WeixinClient(None, site.SANDBOX_WEIXIN_APP_ID, site.SANDBOX_WEIXIN_APP_SECRET, "GET", "", base)
    token_url = f"{base}/github/login/oauth/access_token"
    github = GitHubClient(
        None, site.SANDBOX_GITHUB_CLIENT_ID, site.SANDBOX_GITHUB_CLIENT_SECRET, "POST", token_url, base
    )
    clients: list[tuple[str, Any, list[dict[str, Any]]]] = [
        ("qq", qq, [{"number": code} for code in QQ_CODES]),
        ("weixin", weixin, [{"number": code} for code in WEIXIN_CODES if code]),
        ("github", github, [{"word": code} for code in GITHUB_ERRORS]),
    ]
    for provider, client, errors in clients:
        for error in errors:
            plan(provider, client.consumer_key, "token", Kind.ERROR, **error)
            with pytest.raises(SignInError) as caught:
                client.get_access_token("some-code")
            assert caught.value.code == f"{provider}_{next(iter(error.values()))}"
            assert "undocumented" not in caught.value.detail
            assert "says: " in caught.value.detail


@ALL
def test_ended_token_renews_itself_at_the_emulator(sites: servers.LiveSites, provider: str, settings: Any) -> None:
    if provider == "github":
        settings.CONSUMER_SITE["SANDBOX"]["GITHUB_APPS"][site.SANDBOX_GITHUB_CLIENT_ID]["github_app"] = True
    client = browser(sites)
    sign_in(client, provider)
    account = SocialAccount.objects.get(provider=provider)
    before = vault.load(account=account)
    assert before is not None
    assert before.refresh_token
    Token.objects.update(expires_at="2020-01-01T00:00:00Z")
    paths = {"qq": "user/get_user_info", "weixin": "sns/userinfo", "github": "api/v3/user"}
    with vault.client(account.user, provider) as caller:
        answer = caller.get(f"{sites.consumer}/sandbox/{provider}/{paths[provider]}")
    assert {"nickname", "login"} & set(answer.json())
    after = vault.load(account=account)
    assert after is not None
    assert after.access_token != before.access_token


def test_person_who_comes_by_both_of_wechats_entrances_is_one_user(sites: servers.LiveSites) -> None:
    outside, inside, stranger = browser(sites), browser(sites, INSIDE[0]), browser(sites, INSIDE[0])
    sign_in(outside, "weixin")
    sign_in(inside, "weixin")
    sign_in(stranger, "weixin", OTHER["weixin"])
    assert outside.session["_auth_user_id"] == inside.session["_auth_user_id"]
    assert stranger.session["_auth_user_id"] != inside.session["_auth_user_id"]
    assert SocialAccount.objects.count() == 3
    assert SocialAccount.objects.filter(extra_data__nickname="张三").count() == 3


def test_placeholder_of_wechat_is_nobodys_name(sites: servers.LiveSites) -> None:
    sign_in(browser(sites), "weixin", "placeholder")
    assert SocialAccount.objects.get().extra_data["nickname"] == ""


def test_only_verified_addresses_of_github_reach_the_site(sites: servers.LiveSites) -> None:
    for person in SERVICES["github"].persons.values():
        client = browser(sites)
        sign_in(client, "github", person.key)
        if not is_signed_in(client):
            continue  # GitHub itself refuses whoever has not verified the primary address
        user = get_user_model().objects.get(pk=client.session["_auth_user_id"])
        verified = {email.address for email in person.emails if email.verified}  # type: ignore[attr-defined]  # untyped
        assert set(user.emailaddress_set.values_list("email", flat=True)) <= verified
        assert user.email in {"", *verified}
