"""Of a QQ profile only the nickname and the best https picture are kept, safe to store and to show."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer_site.connectors.qq.profile import profile_from
from tests.consumer.qq_samples import APP_ID, OPENID, PROFILE

QQ = "https://graph.qq.com"
EMULATOR = "http://127.0.0.1:8000/sandbox/qq"


def avatar(base_url: str = QQ, **fields: object) -> str:
    return profile_from(dict(fields), base_url=base_url).avatar


def test_published_profile_gives_nickname_and_largest_picture_over_https() -> None:
    assert profile_from(PROFILE, base_url=QQ) == (
        "飞翔的企鹅🐧",
        "https://thirdqq.qlogo.cn/g?b=oidb&k=QtAu5OiaSfqGD0k&s=640&t=1557635654",
        False,
    )


def test_only_the_smallest_picture_is_sure_and_empty_ones_are_passed_over() -> None:
    fields = {"figureurl_qq": "", "figureurl_qq_2": None, "figureurl_qq_1": "http://thirdqq.qlogo.cn/40"}
    assert avatar(**fields) == "https://thirdqq.qlogo.cn/40"
    # Qzone's addresses are there for everybody, their pictures are not.
    assert avatar(**fields, figureurl_2=PROFILE["figureurl_2"]) == "https://thirdqq.qlogo.cn/40"
    assert avatar(figureurl_2=PROFILE["figureurl_2"]).endswith("/100")
    # The mobile kit's former answer, without figureurl_qq: q.qlogo.cn/qqapp/<app id>/<openid>/100.
    fields = {
        "figureurl_qq_1": f"http://q.qlogo.cn/qqapp/{APP_ID}/{OPENID}/40",
        "figureurl_qq_2": f"http://q.qlogo.cn/qqapp/{APP_ID}/{OPENID}/100",
    }
    assert avatar(**fields) == f"https://q.qlogo.cn/qqapp/{APP_ID}/{OPENID}/100"
    assert avatar() == ""


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "data:image/png;base64,AAAA",
        "//thirdqq.qlogo.cn/40",
        "http://",
        "http://[broken",
        "http://host:99999/",
        "http://host:8080/",
        "http://name:word@thirdqq.qlogo.cn/40",
        "http://thirdqq.qlogo.cn/\n40",
        "http://thirdqq.qlogo.cn\\@evil.example/",
        "http://图.cn/40",
        "ftp://thirdqq.qlogo.cn/40",
        "http://thirdqq.qlogo.cn/" + "a" * 3000,
        7,
        None,
        ["http://thirdqq.qlogo.cn/40"],
    ],
)
def test_unsafe_address_is_no_picture(address: object) -> None:
    assert avatar(figureurl_qq=address) == ""


def test_https_stays_and_default_http_port_goes() -> None:
    assert avatar(figureurl_qq="https://thirdqq.qlogo.cn:8443/a?b=c") == "https://thirdqq.qlogo.cn:8443/a?b=c"
    assert avatar(figureurl_qq="http://thirdqq.qlogo.cn:80/a") == "https://thirdqq.qlogo.cn/a"


def test_emulator_keeps_its_own_origin_and_nothing_else_keeps_http() -> None:
    own = "http://127.0.0.1:8000/sandbox/qq/picture"
    assert avatar(EMULATOR, figureurl_qq=own) == own
    assert avatar(EMULATOR, figureurl_qq="http://127.0.0.1:8001/picture") == ""
    assert avatar(EMULATOR, figureurl_qq="http://thirdqq.qlogo.cn/40") == "https://thirdqq.qlogo.cn/40"
    assert avatar(QQ, figureurl_qq=own) == ""


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("张三", "张三"),
        ("  Peter \t", "Peter"),
        ("a\x00b\ud800c", "abc"),
        ("\u202egnp.exe", "gnp.exe"),
        ("👨‍👩‍👧", "👨‍👩‍👧"),
        ("长" * 500, "长" * 64),
        ("two\nlines\u2028here", "two lines here"),
        # Names that show nothing are a fashion at QQ.
        ("\u3164", ""),
        ("\u200b\u2060 \u00ad", ""),
        (12, ""),
        (None, ""),
    ],
)
def test_nickname_is_made_safe_to_store(sent: object, kept: str) -> None:
    assert profile_from({"nickname": sent}, base_url=QQ).nickname == kept


@pytest.mark.parametrize(("sent", "lost"), [(0, False), ("0", False), (None, False), (1, True), ("1", True)])
def test_profile_that_lost_something_says_so(sent: object, lost: bool) -> None:
    assert profile_from({"is_lost": sent}, base_url=QQ).lost is lost


@given(st.text() | st.none() | st.integers(), st.text() | st.from_regex(r"\Ahttps?://.*\Z"))
def test_arbitrary_profile_is_storable_and_never_plain_http(nickname: object, address: str) -> None:
    profile = profile_from({"nickname": nickname, "figureurl_qq_1": address}, base_url=QQ)
    assert "\x00" not in profile.nickname.encode().decode()
    assert not profile.avatar or profile.avatar.startswith("https://")
