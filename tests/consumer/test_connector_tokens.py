"""Tokens of QQ, WeChat and GitHub in the vault: renewed as each wants it, and sent where each wants it alone."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount, SocialApp
from django.contrib.auth import get_user_model
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from consumer_site import vault
from consumer_site.errors import (
    DestinationRefused,
    NotConfigured,
    OutboundError,
    SignInError,
    SignInNeeded,
    Unreachable,
)
from consumer_site.models import StoredToken
from consumer_site.vault import TokenSet
from tests.consumer import github_samples, qq_samples, weixin_samples
from tests.consumer.canned_server import Canned, CannedProvider, serve
from tests.consumer.weixin_samples import site as weixin_site

pytestmark = pytest.mark.django_db

SPENT, NEXT, LIVE = "the-spent-refresh-token", "the-next-refresh-token", "a-live-access-token"
API = {"qq": "/user/get_user_info", "weixin": "/sns/userinfo", "github": "/api/v3/user"}
REFRESH = {"qq": qq_samples.TOKEN, "weixin": weixin_samples.REFRESH, "github": github_samples.TOKEN}
RENEWED = {
    "qq": qq_samples.token(access_token=LIVE, refresh_token=NEXT, expires_in="5184000"),
    "weixin": weixin_samples.token(access_token=LIVE, refresh_token=NEXT, expires_in=7200),
    "github": github_samples.token(access_token=LIVE, refresh_token=NEXT, expires_in=28800),
}
LIFETIME = {"qq": 5184000, "weixin": 7200, "github": 28800}
UIDS = {"qq": qq_samples.OPENID, "weixin": weixin_samples.OPENID, "github": str(github_samples.ID)}
APPS = {
    "qq": (qq_samples.APP_ID, qq_samples.APP_KEY, "QQ_BASE_URLS"),
    "weixin": (weixin_samples.APP_ID, weixin_samples.APP_SECRET, "WEIXIN_BASE_URLS"),
    "github": (github_samples.CLIENT_ID, github_samples.CLIENT_SECRET, "GITHUB_BASE_URLS"),
}
SHOWN = {"qq": qq_samples.profile(), "weixin": weixin_samples.profile(), "github": github_samples.profile()}
KEPT = {
    "qq": {"nickname", "avatar", "unionid"},
    "weixin": {"nickname", "avatar", "unionid", "appid"},
    "github": {"login", "name", "avatar_url", "html_url", "server"},
}
ALL = pytest.mark.parametrize("provider", ["qq", "weixin", "github"])


@pytest.fixture(scope="module")
def service() -> Iterator[CannedProvider]:
    with serve() as running:
        yield running


@pytest.fixture
def connect(service: CannedProvider, settings: Any, db: None) -> Callable[..., SocialAccount]:
    """Return what connects an account, its token ended a while ago."""

    def connected(provider: str, **tokens: Any) -> SocialAccount:
        client_id, secret, setting = APPS[provider]
        settings.CONSUMER_SITE = {
            **settings.CONSUMER_SITE,
            "ALLOW_LOOPBACK_HTTP": True,
            setting: {client_id: service.base_url},
        }
        SocialApp.objects.filter(provider=provider).delete()
        SocialApp.objects.create(provider=provider, name=provider, client_id=client_id, secret=secret)
        service.answers.clear()
        service.asked.clear()
        service.answer(REFRESH[provider], RENEWED[provider])
        service.answer(API[provider], b'{"here":"you are"}')
        account = SocialAccount.objects.create(
            user=get_user_model().objects.create_user("owner"), provider=provider, uid=UIDS[provider], extra_data={}
        )
        kept = {"access_token": "an-ended-token", "refresh_token": SPENT, "expires_at": timezone.now(), **tokens}
        kept["expires_at"] = kept["expires_at"] and kept["expires_at"] - timedelta(minutes=5)
        vault.save(account=account, tokens=TokenSet(**kept))
        return account

    return connected


@ALL
def test_ended_token_is_renewed_once_and_the_next_refresh_token_kept(
    service: CannedProvider, connect: Callable[..., SocialAccount], provider: str
) -> None:
    account = connect(provider)
    for _time in range(2):
        tokens = vault.fresh_tokens(account=account)
        assert (tokens.access_token, tokens.refresh_token) == (LIVE, NEXT)
        assert tokens.expires_at is not None
        assert abs((tokens.expires_at - timezone.now()).total_seconds() - LIFETIME[provider]) < 60
    (asked,) = service.asked
    sent = asked.form if provider == "github" else asked.query
    assert sent["grant_type"] == ["refresh_token"]
    assert sent["refresh_token"] == [SPENT]
    assert ("client_secret" in sent) is (provider != "weixin")


@ALL
def test_token_goes_where_the_service_wants_it(
    service: CannedProvider, connect: Callable[..., SocialAccount], provider: str
) -> None:
    account = connect(provider)
    with vault.client(account.user, provider) as client:
        answer = client.get(f"{service.base_url}{API[provider]}", params={"openid": "somebody else's", "x": "1"})
    assert answer.json() == {"here": "you are"}
    asked = service.asked[-1]
    ours = {
        "qq": {"access_token": [LIVE], "oauth_consumer_key": [qq_samples.APP_ID], "openid": [UIDS["qq"]]},
        "weixin": {"access_token": [LIVE], "openid": [UIDS["weixin"]]},
        "github": {"openid": ["somebody else's"]},
    }
    assert asked.query == {"x": ["1"], **ours[provider]}
    assert asked.headers.get("Authorization") == (f"Bearer {LIVE}" if provider == "github" else None)


@ALL
def test_token_goes_nowhere_else(service: CannedProvider, connect: Callable[..., SocialAccount], provider: str) -> None:
    account = connect(provider)
    with serve() as elsewhere, vault.client(account.user, provider) as client:
        for address in (
            elsewhere.base_url,
            "https://graph.qq.com",
            "https://api.weixin.qq.com",
            "https://api.github.com",
        ):
            with pytest.raises(DestinationRefused):
                client.get(f"{address}{API[provider]}")
        assert not elsewhere.asked
    assert not service.asked


@ALL
def test_real_app_may_call_the_real_service_alone(
    connect: Callable[..., SocialAccount], settings: Any, provider: str
) -> None:
    account = connect(provider)
    settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, APPS[provider][2]: {}}
    real = {"qq": "https://graph.qq.com", "weixin": "https://api.weixin.qq.com", "github": "https://api.github.com"}
    assert tuple(vault.connection_for(account).origins(account=account)) == (real[provider],)


@pytest.mark.parametrize(
    ("provider", "body"),
    [
        ("qq", b'{"error":100022,"error_description":"refresh token is invalid"}'),
        ("qq", b'callback( {"error":100015,"error_description":"token is withdrawn"} );'),
        ("weixin", b'{"errcode":40030,"errmsg":"invalid refresh_token"}'),
        ("weixin", b'{"errcode":42002,"errmsg":"refresh_token expired"}'),
        # No secret is in this request: what is wrong is the token.
        ("weixin", b'{"errcode":40001,"errmsg":"invalid credential"}'),
        ("github", b'{"error":"bad_refresh_token","error_description":"The refresh token passed is incorrect"}'),
    ],
)
def test_refusal_for_good_marks_the_account(
    service: CannedProvider, connect: Callable[..., SocialAccount], provider: str, body: bytes
) -> None:
    account = connect(provider)
    service.answer(REFRESH[provider], body)
    for _time in range(2):
        with pytest.raises(SignInNeeded):
            vault.fresh_tokens(account=account)
    assert StoredToken.objects.get(account=account).needs_sign_in
    assert len(service.asked) == 1


@pytest.mark.parametrize(
    ("provider", "body", "kind"),
    [
        ("qq", b'{"error":100021,"error_description":"so"}', Unreachable),
        ("qq", b'{"error":100009,"error_description":"client secret is illegal"}', NotConfigured),
        ("weixin", b'{"errcode":-1,"errmsg":"system error"}', Unreachable),
        ("weixin", b'{"errcode":40013,"errmsg":"invalid appid"}', NotConfigured),
        ("github", b'{"error":"temporarily_unavailable"}', Unreachable),
        ("github", b'{"error":"incorrect_client_credentials"}', NotConfigured),
    ],
)
def test_outage_and_our_own_fault_mark_nothing(
    service: CannedProvider, connect: Callable[..., SocialAccount], provider: str, body: bytes, kind: type[Exception]
) -> None:
    account = connect(provider)
    service.answer(REFRESH[provider], body)
    with pytest.raises(kind):
        vault.fresh_tokens(account=account)
    assert not StoredToken.objects.get(account=account).needs_sign_in
    service.answer(REFRESH[provider], RENEWED[provider])
    assert vault.fresh_tokens(account=account).access_token == LIVE


@pytest.mark.parametrize(
    ("provider", "body"),
    [
        ("qq", b'{"ret":-23,"msg":"token is invalid"}'),
        ("qq", b'callback( {"error":100014,"error_description":"access token is expired"} );'),
        ("weixin", b'{"errcode":42001,"errmsg":"access_token expired"}'),
        ("weixin", b'{"errcode":40001,"errmsg":"invalid credential, access_token is invalid or not latest"}'),
    ],
)
def test_token_that_ended_early_is_renewed_by_what_the_api_says_with_status_200(
    service: CannedProvider, connect: Callable[..., SocialAccount], provider: str, body: bytes
) -> None:
    account = connect(provider, expires_at=timezone.now() + timedelta(days=1))
    service.answer(API[provider], body)
    service.answers[API[provider]] += [service.answers[API[provider]][0]._replace(body=b'{"here":"you are"}')]
    with vault.client(account.user, provider) as client:
        assert client.get(f"{service.base_url}{API[provider]}").json() == {"here": "you are"}
    assert [request.path for request in service.asked] == [API[provider], REFRESH[provider], API[provider]]


def test_renewal_that_names_another_person_is_not_kept(
    service: CannedProvider, connect: Callable[..., SocialAccount]
) -> None:
    account = connect("weixin")
    service.answer(weixin_samples.REFRESH, weixin_samples.token(access_token=LIVE, openid=weixin_samples.INSIDE_OPENID))
    with pytest.raises(Exception, match="another openid"):
        vault.fresh_tokens(account=account)
    stored = vault.load(account=account)
    assert stored is not None
    assert stored.access_token != LIVE


def test_account_of_the_inside_app_is_renewed_by_that_app(
    service: CannedProvider, connect: Callable[..., SocialAccount], settings: Any
) -> None:
    account = connect("weixin")
    weixin_site.add_inside_app()
    urls = {weixin_samples.APP_ID: service.base_url, weixin_samples.INSIDE_APP_ID: service.base_url}
    settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, "WEIXIN_BASE_URLS": urls}
    SocialAccount.objects.update(extra_data={"appid": weixin_samples.INSIDE_APP_ID})
    account.refresh_from_db()
    vault.fresh_tokens(account=account)
    assert service.asked[0].query["appid"] == [weixin_samples.INSIDE_APP_ID]
    SocialApp.objects.filter(client_id=weixin_samples.INSIDE_APP_ID).delete()
    with pytest.raises(NotConfigured):
        vault.connection_for(account).origins(account=account)


def test_token_of_a_github_oauth_app_lives_on_without_renewal(
    service: CannedProvider, connect: Callable[..., SocialAccount]
) -> None:
    account = connect("github", refresh_token="", expires_at=None)
    assert vault.fresh_tokens(account=account).access_token == "an-ended-token"
    assert not service.asked


def test_profile_that_qq_lost_in_part_erases_nothing_later_either(
    service: CannedProvider, connect: Callable[..., SocialAccount]
) -> None:
    account = connect("qq")
    known = {"nickname": "小企鹅", "avatar": "https://thirdqq.qlogo.cn/a", "unionid": qq_samples.UNIONID}
    SocialAccount.objects.update(extra_data=known)
    pictures = dict.fromkeys(name for name in qq_samples.PROFILE if name.startswith("figureurl"))
    service.answer(API["qq"], qq_samples.profile(is_lost=1, nickname="", **pictures))
    assert profile_now(account) == known
    service.answer(API["qq"], qq_samples.profile(nickname="新名字"))
    assert profile_now(account).keys() == known.keys()
    assert profile_now(account)["nickname"] == "新名字"


def profile_now(account: SocialAccount) -> dict[str, Any]:
    profile = vault.connection_for(account).profile
    assert profile is not None
    with vault.client(account.user, account.provider, account=account) as client:
        return profile(account=account, client=client)


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """Draw noise, or an answer with some bytes changed."""
    start = draw(st.integers(0, len(whole)))
    end = draw(st.integers(start, min(len(whole), start + 12)))
    return draw(st.binary(max_size=60) | st.just(whole[:start] + draw(st.binary(max_size=12)) + whole[end:]))


@ALL
def test_any_bytes_of_a_renewal_or_a_profile_are_an_error_of_ours_or_of_use(
    service: CannedProvider, connect: Callable[..., SocialAccount], provider: str
) -> None:
    account = connect(provider)

    @hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        renewal=damaged(RENEWED[provider]),
        profile=damaged(SHOWN[provider]),
        status=st.sampled_from([200, 200, 400, 503]),
    )
    def check(renewal: bytes, profile: bytes, status: int) -> None:
        ended = TokenSet("an-ended-token", SPENT, timezone.now() - timedelta(minutes=5))
        vault.save(account=account, tokens=ended)
        service.answer(REFRESH[provider], Canned(renewal, status))
        try:
            assert vault.fresh_tokens(account=account).access_token != ended.access_token
        except SignInError:
            assert StoredToken.objects.get(account=account).lease == ""
        vault.save(account=account, tokens=TokenSet(LIVE))
        service.answer(API[provider], Canned(profile, status))
        try:
            kept = profile_now(account)
        except (SignInError, OutboundError):
            return
        assert set(kept) <= KEPT[provider]
        assert "\x00" not in "".join(str(value) for value in kept.values())
        SocialAccount.objects.filter(pk=account.pk).update(extra_data=kept)

    check()
