"""WeChat's return codes, with the words that it sends, and those of its error pages."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _

from consumer_site.sandbox.turns import Turn

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise  # exists in the stubs alone

WORDS: Final[dict[int, str]] = {
    -1: "system error",
    0: "ok",
    40001: "invalid credential, access_token is invalid or not latest",
    40002: "invalid grant_type",
    40003: "invalid openid",
    40013: "invalid appid",
    40014: "invalid access_token",
    40029: "invalid code",
    40030: "invalid refresh_token",
    40125: "invalid appsecret, view more at http://t.cn/RAEkdVq",
    40163: "code been used",
    41001: "access_token missing",
    41002: "appid missing",
    41003: "refresh_token missing",
    41004: "appsecret missing",
    41008: "missing code",
    41009: "missing openid",
    42001: "access_token expired",
    42002: "refresh_token expired",
    42003: "code expired",
    42007: "access_token and refresh_token exception",
    43004: "require subscribe",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit, must slower, retry next minute",
    48001: "api unauthorized",
    50001: "user unauthorized",
    50002: "user limited",
}

PAGE_WORDS: Final[dict[int, tuple[str, _StrPromise]]] = {
    10002: ("此应用未通过审核", _("The app has not passed review: nobody can sign in yet.")),
    10003: ("redirect_uri域名与后台配置不一致", _("The callback address is not in a domain registered for this app.")),
    10005: (
        "此公众号并没有这些scope的权限",
        _("The app may not ask for this scope, or this is the wrong kind of app."),
    ),
    10010: ("scope不能为空", _("The site asked for no scope.")),
    10011: ("redirect_uri不能为空", _("The site gave no callback address.")),
    10012: ("appid不能为空", _("The site did not say which app it is (appid).")),
    10013: ("state不能为空", _("The site sent an empty state.")),
    10014: ("参数错误", _("The parameters are not those of an authorization request.")),
    10016: (
        "不支持微信开放平台的Appid，请使用公众号Appid",
        _("This AppID is a website’s; inside WeChat, an official account’s is needed."),
    ),
    10038: ("链接参数顺序有误", _("The parameters are in another order than WeChat asks for.")),
    40013: ("AppID 参数错误", _("No app has this AppID.")),
    40078: ("state参数过长", _("The state is longer than 128 characters.")),
}
"""Errors of the authorization pages: WeChat shows them to the person and tells the site nothing."""


class WeixinError(Exception):
    """Stop a request to the API with a return code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code

    @property
    def words(self) -> str:
        """Return what the answer says: the code's words and a number of the request, so never the same twice."""
        parts = (secrets.token_hex(4) for _part in range(3))
        return f"{WORDS.get(self.code, 'system error')}, rid: {'-'.join(parts)}"


class PageError(Exception):
    """Stop an authorization request with an error page."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def planned_error(turn: Turn) -> WeixinError:
    """Return the error that somebody planned."""
    return WeixinError(turn.number)


def planned_page(turn: Turn) -> PageError:
    """Return the error page that somebody planned."""
    return PageError(turn.number)
