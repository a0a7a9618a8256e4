"""Take from QQ's profile what may be kept: a nickname and the address of a picture.

Gender, province, city and year are officially not real data; they are never looked at.
"""

from __future__ import annotations

from typing import NamedTuple

from consumer_site.profile_fields import one_line, picture_address
from consumer_site.provider_calls import as_word

# QQ's own, largest first: 640, 100, 40 pixels; then Qzone's, which QQ names also for people who have none there.
# Only figureurl_qq_1 is sure to exist.
_AVATAR_FIELDS = ("figureurl_qq", "figureurl_qq_2", "figureurl_qq_1", "figureurl_2", "figureurl_1", "figureurl")
_MAX_NICKNAME = 64


class Profile(NamedTuple):
    """What a person's QQ profile gives; nickname and avatar may be empty, `lost` says that QQ itself lost something."""

    nickname: str
    avatar: str
    lost: bool = False


def profile_from(fields: dict[str, object], *, base_url: str) -> Profile:
    """Return what may be kept of an answer of get_user_info, made safe to store and to show."""
    return Profile(
        nickname=one_line(fields.get("nickname"), limit=_MAX_NICKNAME),
        avatar=_avatar(fields, base_url=base_url),
        lost=as_word(fields.get("is_lost")) not in {"", "0"},
    )


def _avatar(fields: dict[str, object], *, base_url: str) -> str:
    for field in _AVATAR_FIELDS:
        address = picture_address(fields.get(field), base_url=base_url)
        if address:
            return address
    return ""
