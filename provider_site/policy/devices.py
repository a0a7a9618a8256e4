"""Which browser and system a User-Agent header names (RFC 9110 10.1.5), so that people recognise a device as theirs.

What a browser says of itself is no proof: nothing is decided by this.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Device:
    """A browser and the system it runs on, by the names people know; an empty text where it is not known."""

    browser: str | Promise
    system: str | Promise


# The first that fits wins. An app's own browser names the engine it is made of too, and every engine names older ones:
# so apps stand before browsers, browsers before the engines they borrow from.
_BROWSERS: tuple[tuple[str, str | Promise], ...] = (
    (r"MicroMessenger/", _("WeChat")),
    (r"\bQQ/", "QQ"),
    (r"AlipayClient", _("Alipay")),
    (r"DingTalk", _("DingTalk")),
    (r"Weibo", _("Weibo")),
    (r"QQBrowser/", _("QQ Browser")),
    (r"UCBrowser/|UBrowser/", _("UC Browser")),
    (r"HuaweiBrowser/", _("Huawei Browser")),
    (r"MiuiBrowser/", _("Mi Browser")),
    (r"SamsungBrowser/", _("Samsung Internet")),
    (r"Edg(?:e|A|iOS)?/", "Edge"),
    (r"OPR/|Opera", "Opera"),
    (r"Firefox/|FxiOS/", "Firefox"),
    (r"ArkWeb/", _("Huawei Browser")),
    (r"Chrome/|CriOS/|Chromium/", "Chrome"),
    (r"Version/[\d.]+ .*Safari/", "Safari"),
)
_SYSTEMS: tuple[tuple[str, str], ...] = (
    (r"HarmonyOS|OpenHarmony", "HarmonyOS"),
    (r"Windows", "Windows"),
    (r"iPad", "iPadOS"),
    (r"iPhone|iPod", "iOS"),
    (r"Android", "Android"),
    (r"Mac OS X|Macintosh", "macOS"),
    (r"\bCrOS\b", "ChromeOS"),
    (r"Linux|X11", "Linux"),
)


def device(user_agent: str) -> Device:
    """Return what a User-Agent header says of the browser and its system."""
    return Device(browser=_first(_BROWSERS, user_agent), system=_first(_SYSTEMS, user_agent))


def _first(known: tuple[tuple[str, str | Promise], ...] | tuple[tuple[str, str], ...], text: str) -> str | Promise:
    return next((name for pattern, name in known if re.search(pattern, text)), "")
