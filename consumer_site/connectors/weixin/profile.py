"""Take from WeChat's profile what may be kept: a nickname, the address of a picture, the unionid.

Sex, province, city, country and privilege are not looked at.
"""

from __future__ import annotations

from typing import NamedTuple

from consumer_site.profile_fields import one_line, picture_address
from consumer_site.provider_calls import as_identifier

_MAX_NICKNAME = 64
# What WeChat calls everybody whose name it does not give, and the grey figure that comes with it.
_PLACEHOLDER = "微信用户"
_GREY_FIGURE = "/POgEwh4mIHO4nibH0KlMECNjjGxQUq24ZEaGT4poC6icRiccVGKSyXwibcPq4BWmiaIGuG1icwxaQX6grC9VemZoJ8rg/"


class Profile(NamedTuple):
    """What a person's WeChat profile gives; any of them may be empty."""

    nickname: str
    avatar: str
    unionid: str


def profile_from(fields: dict[str, object], *, base_url: str) -> Profile:
    """Return what may be kept of an answer of userinfo, made safe to store and to show."""
    nickname = one_line(fields.get("nickname"), limit=_MAX_NICKNAME)
    avatar = picture_address(fields.get("headimgurl"), base_url=base_url)
    return Profile(
        nickname="" if nickname == _PLACEHOLDER else nickname,
        avatar="" if _GREY_FIGURE in avatar else avatar,
        unionid=as_identifier(fields.get("unionid")),
    )
