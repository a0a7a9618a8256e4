"""python-social-auth's backends, which knew the real services, sign in at the emulators over real HTTP."""

import re
import warnings
from typing import Any

import pytest
import requests

from tests.consumer.sandbox import github_visitor as github
from tests.consumer.sandbox import weixin_visitor as weixin
from tests.consumer.sandbox.social import MemoryStrategy, moved, sign_in
from tests.consumer.sandbox.visitor import APP_ID, KEY
from tests.servers import LiveSites

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from social_core.backends.github import GithubOAuth2
    from social_core.backends.qq import QQOAuth2
    from social_core.backends.weixin import WeixinOAuth2, WeixinOAuth2APP
    from social_core.exceptions import AuthCanceled, AuthException, AuthProviderError


class Library:
    """Sign in by the library at each emulator of one server."""

    def __init__(self, origin: str) -> None:
        self.sandbox = f"{origin}/sandbox"
        self.callback = f"{origin}/callback/"

    def qq(self, person: str) -> dict[str, Any]:
        backend = moved(QQOAuth2, {"https://graph.qq.com": f"{self.sandbox}/qq"})
        return sign_in(backend, MemoryStrategy("qq", APP_ID, KEY), self.callback, person)

    def weixin(self, person: str, decision: str = "allow") -> dict[str, Any]:
        strategy = MemoryStrategy("weixin", weixin.WEBSITE, weixin.SECRET)
        return sign_in(moved(WeixinOAuth2, self._weixin_hosts), strategy, self.callback, person, decision)

    def weixin_inside(self, person: str) -> dict[str, Any]:
        strategy = MemoryStrategy(
            "weixinapp", weixin.INSIDE, weixin.SECRET, SCOPE=["snsapi_userinfo"], IGNORE_DEFAULT_SCOPE=True
        )
        backend = moved(WeixinOAuth2APP, self._weixin_hosts)
        return sign_in(backend, strategy, self.callback, person, agent=weixin.WECHAT)

    def github(self, person: str, decision: str = "allow", scope: tuple[str, ...] = ("user:email",)) -> dict[str, Any]:
        strategy = MemoryStrategy("github", github.OAUTH_APP, github.SECRET, SCOPE=list(scope))
        base = f"{self.sandbox}/github"
        hosts = {"https://github.com": base, "https://api.github.com": f"{base}/api/v3"}
        return sign_in(moved(GithubOAuth2, hosts), strategy, self.callback, person, decision)

    def plan(self, service: str, app_id: str, **fields: str | int) -> None:
        planned = requests.post(f"{self.sandbox}/{service}/behaviour/", {"app_id": app_id} | fields, timeout=10)
        assert planned.status_code == 200

    @property
    def _weixin_hosts(self) -> dict[str, str]:
        return dict.fromkeys(("https://open.weixin.qq.com", "https://api.weixin.qq.com"), f"{self.sandbox}/weixin")


@pytest.fixture
def library(live_emulator: LiveSites) -> Library:
    return Library(live_emulator.consumer)


def test_qq_signs_in_and_tells_two_people_of_one_nickname_apart(library: Library) -> None:
    first, second = library.qq("penguin"), library.qq("twin")
    assert re.fullmatch("[0-9A-F]{32}", first["uid"])
    assert first["details"]["username"] == second["details"]["username"] == "小企鹅"
    assert first["uid"] != second["uid"]
    assert library.qq("penguin")["uid"] == first["uid"]
    picture = requests.get(first["response"]["figureurl_qq_1"], timeout=10)
    assert picture.headers["Content-Type"] == "image/png"


def test_qq_meets_a_changed_state(library: Library) -> None:
    library.plan("qq", APP_ID, endpoint="authorize", kind="wrong_state")
    with pytest.raises(AuthException):
        library.qq("penguin")


def test_weixin_signs_in_from_a_website(library: Library) -> None:
    first, second = library.weixin("latin"), library.weixin("twin")
    assert re.fullmatch("o[A-Za-z0-9]{27}", first["uid"])
    assert first["uid"] != second["uid"]
    assert library.weixin("latin")["uid"] == first["uid"]
    assert first["response"]["unionid"] != first["uid"]
    picture = requests.get(first["details"]["profile_image_url"], timeout=10)
    assert picture.headers["Content-Type"] == "image/png"


def test_weixin_tells_the_library_why_it_refuses(library: Library) -> None:
    library.plan("weixin", weixin.WEBSITE, endpoint="token", kind="error", number=40029)
    with pytest.raises(AuthProviderError) as refused:
        library.weixin("zhangsan")
    assert refused.value.provider_code == 40029
    library.plan("weixin", weixin.WEBSITE, endpoint="profile", kind="error", number=48001)
    with pytest.raises(AuthProviderError) as refused:
        library.weixin("zhangsan")
    assert refused.value.provider_code == 48001


def test_weixin_s_refusal_leaves_the_library_without_a_code(library: Library) -> None:
    with pytest.raises(AuthProviderError) as refused:
        library.weixin("zhangsan", "refuse")
    assert refused.value.provider_code == 41008


def test_weixin_signs_in_inside_wechat_with_another_openid_and_the_same_unionid(library: Library) -> None:
    """The library sorts its parameters, which happens to be the order that WeChat asks for."""
    at_website, inside = library.weixin("emoji"), library.weixin_inside("emoji")
    assert inside["uid"] != at_website["uid"]
    assert inside["response"]["unionid"] == at_website["response"]["unionid"]


def test_github_signs_in(library: Library) -> None:
    seen = library.github("octo")
    assert seen["uid"] == "40000001"
    assert seen["details"]["username"] == "mona-octo"
    assert seen["details"]["email"] == "mona@example.com"
    assert requests.get(seen["response"]["avatar_url"], timeout=10).headers["Content-Type"] == "image/png"


def test_github_without_the_scope_gives_no_address(library: Library) -> None:
    assert library.github("octo", scope=())["details"]["email"] == ""


def test_github_s_refusal_is_a_cancellation(library: Library) -> None:
    with pytest.raises(AuthCanceled):
        library.github("octo", "refuse")


def test_github_s_error_reaches_the_library(library: Library) -> None:
    library.plan("github", github.OAUTH_APP, endpoint="token", kind="error", error="bad_verification_code")
    with pytest.raises(AuthException, match="authorization code was rejected"):
        library.github("octo")
