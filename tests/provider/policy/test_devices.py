"""policy/devices.py: what a browser says of itself, and nothing invented."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_site.policy.devices import Device, device

_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
_IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
_MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
_WINDOWS = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT}"
_ANDROID = f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {_WEBKIT}"


@pytest.mark.parametrize(
    ("user_agent", "browser", "system"),
    [
        (f"{_WINDOWS} Chrome/126.0.0.0 Safari/537.36", "Chrome", "Windows"),
        (f"{_WINDOWS} Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0", "Edge", "Windows"),
        (f"{_WINDOWS} Chrome/126.0.0.0 Safari/537.36 OPR/112.0.0.0", "Opera", "Windows"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox", "Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox", "Linux"),
        (f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {_WEBKIT} Chrome/126.0 Safari/537.36", "Chrome", "ChromeOS"),
        (f"{_MAC} Version/17.4 Safari/605.1.15", "Safari", "macOS"),
        (f"{_IPHONE} Version/17.4 Mobile/15E148 Safari/604.1", "Safari", "iOS"),
        (f"{_IPHONE} CriOS/126.0.6478.35 Mobile/15E148 Safari/604.1", "Chrome", "iOS"),
        (f"{_IPHONE} FxiOS/127.0 Mobile/15E148 Safari/605.1.15", "Firefox", "iOS"),
        (f"{_IPHONE} EdgiOS/125.0 Version/17.0 Mobile/15E148 Safari/604.1", "Edge", "iOS"),
        (f"{_IPHONE} Mobile/15E148 MicroMessenger/8.0.49(0x18003137) NetType/WIFI Language/zh_CN", "WeChat", "iOS"),
        (f"{_IPHONE} Mobile/15E148 QQ/9.0.56.606 V1_IPH_SQ_9.0.56_1_APP_A Pixel/1179", "QQ", "iOS"),
        (_IPHONE.replace("iPhone;", "iPad;") + " Version/17.4 Mobile/15E148 Safari/604.1", "Safari", "iPadOS"),
        (f"{_ANDROID} Chrome/126.0.0.0 Mobile Safari/537.36", "Chrome", "Android"),
        (f"{_ANDROID} Version/4.0 Chrome/116.0 MQQBrowser/6.2 Mobile MicroMessenger/8.0.47", "WeChat", "Android"),
        (f"{_ANDROID} Version/4.0 MQQBrowser/6.2 Mobile Safari/537.36 V1_AND_SQ_9.0.0 QQ/9.0.0.14110", "QQ", "Android"),
        (f"{_ANDROID} Version/4.0 Chrome/109.0 MQQBrowser/14.6 Mobile Safari/537.36", "QQ Browser", "Android"),
        (f"{_ANDROID} SamsungBrowser/25.0 Chrome/121.0 Mobile Safari/537.36", "Samsung Internet", "Android"),
        (f"{_ANDROID} Chrome/119.0 Mobile Safari/537.36 EdgA/119.0", "Edge", "Android"),
        (
            f"Mozilla/5.0 (Phone; OpenHarmony 5.0) {_WEBKIT} Chrome/114.0 Safari/537.36 ArkWeb/4.1 Mobile",
            "Huawei Browser",
            "HarmonyOS",
        ),
        (
            f"Mozilla/5.0 (Linux; Android 12; HarmonyOS; NOH-AN00) {_WEBKIT} Chrome/99.0 HuaweiBrowser/12.1 Mobile",
            "Huawei Browser",
            "HarmonyOS",
        ),
        ("curl/8.5.0", "", ""),
        ("", "", ""),
    ],
)
def test_browser_and_system_are_named(user_agent: str, browser: str, system: str) -> None:
    known = device(user_agent)
    assert (str(known.browser), known.system) == (browser, system)


@given(st.text(max_size=300))
def test_any_text_has_an_answer(user_agent: str) -> None:
    assert isinstance(device(user_agent), Device)
