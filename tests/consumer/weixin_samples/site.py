"""A site whose two WeChat apps are answered by a server with canned bytes."""

from typing import Any

from allauth.socialaccount.models import SocialApp

from tests.consumer.canned_server import CannedProvider
from tests.consumer.weixin_samples.published import (
    APP_ID,
    APP_SECRET,
    INSIDE_APP_ID,
    INSIDE_OPENID,
    INSIDE_SECRET,
    OPENID,
    PROFILE_PATH,
    TOKEN,
    UNIONID,
    profile,
    token,
)

# WeChat's own browser on Android, on an iPhone, and on Windows.
INSIDE = [
    "Mozilla/5.0 (Linux; Android 13; V2148A) Chrome/116.0.0.0 Mobile MicroMessenger/8.0.47.2560 WeChat/arm64",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 MicroMessenger/8.0.49",
    "Mozilla/5.0 (Windows NT 10.0; WOW64) AppleWebKit/537.36 MicroMessenger/7.0.20.1781(0x6700143B) WindowsWechat",
]
# Chrome, and WeCom's browser, which calls itself WeChat's as well.
OUTSIDE = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 16_0 like Mac OS X) Mobile/15E148 wxwork/4.1.9 MicroMessenger/7.0.1",
    "",
]


def add_website_app(**settings: Any) -> SocialApp:
    return SocialApp.objects.create(
        provider="weixin", name="WeChat", client_id=APP_ID, secret=APP_SECRET, settings=settings
    )


def add_inside_app(**settings: Any) -> SocialApp:
    return SocialApp.objects.create(
        provider="weixin",
        name="WeChat",
        client_id=INSIDE_APP_ID,
        secret=INSIDE_SECRET,
        settings={"inside": True, **settings},
    )


def speak_to(server: CannedProvider, settings: Any) -> None:
    """Make the server both apps' WeChat."""
    settings.CONSUMER_SITE = {
        **settings.CONSUMER_SITE,
        "ALLOW_LOOPBACK_HTTP": True,
        "WEIXIN_BASE_URLS": {APP_ID: server.base_url, INSIDE_APP_ID: server.base_url},
    }
    SocialApp.objects.filter(provider="weixin").delete()
    server.answers.clear()
    server.asked.clear()
    answer_as(server)


def answer_as(server: CannedProvider, openid: str = OPENID, unionid: str | None = UNIONID) -> None:
    """Let this person be the one who signs in next."""
    scope = "snsapi_userinfo" if openid == INSIDE_OPENID else "snsapi_login"
    server.answer(TOKEN, token(openid=openid, unionid=unionid, scope=scope))
    server.answer(PROFILE_PATH, profile(openid=openid, unionid=unionid))
