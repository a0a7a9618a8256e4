"""The test persons, and how each WeChat app knows them."""

from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext_lazy as _

from consumer_site.sandbox.conf import WeixinApp
from consumer_site.sandbox.digest import letters
from consumer_site.sandbox.person import BasePerson

PLACEHOLDER: Final = "微信用户"


@dataclass(frozen=True, kw_only=True)
class Person(BasePerson):
    """Describe one owner of a made-up WeChat account. ``sex`` is 1 male, 2 female, 0 unknown."""

    sex: int = 0
    province: str = ""
    city: str = ""
    country: str = ""
    has_picture: bool = True


_ALL = (
    Person(
        key="zhangsan",
        nickname="张三",
        note=_("An ordinary person"),
        colour=(24, 128, 64),
        sex=1,
        province="广东",
        city="深圳",
        country="中国",
    ),
    Person(key="twin", nickname="张三", note=_("Another person with the same nickname"), colour=(184, 72, 120), sex=2),
    Person(
        key="placeholder",
        nickname=PLACEHOLDER,
        note=_("A person whose nickname WeChat hides behind a placeholder"),
        colour=(120, 120, 128),
    ),
    Person(
        key="long",
        nickname="一个特别特别长的昵称长到任何一行都放不下还在继续WithoutAnySpaceAtAllToBreakTheLineAt",
        note=_("A nickname longer than any line"),
        colour=(56, 128, 72),
    ),
    Person(key="emoji", nickname="🌸👩‍💻🇨🇳 小花", note=_("A nickname with emoji"), colour=(168, 104, 24), sex=2),
    Person(key="rtl", nickname="محمد الطيّار", note=_("A nickname written from right to left"), colour=(0, 120, 128)),
    Person(
        key="latin",
        nickname="José Ángel \\u5f20",
        note=_("A nickname that wrong decoding spoils"),
        colour=(88, 88, 176),
        country="CN",
    ),
    Person(
        key="markup",
        nickname='<b>O\'Neil</b> & "引号"',
        note=_("A nickname that looks like HTML"),
        colour=(144, 64, 48),
    ),
    Person(
        key="faceless",
        nickname="没有头像",
        note=_("No picture at all"),
        colour=(72, 96, 120),
        has_picture=False,
    ),
    Person(key="blank", nickname="", note=_("No nickname at all"), colour=(96, 96, 104)),
)

PERSONS: Final[dict[str, Person]] = {person.key: person for person in _ALL}


def openid(app_id: str, person: Person) -> str:
    """Return the person's OpenID at one app: stable, opaque, 28 characters that begin with o."""
    return "o" + letters("weixin-openid", app_id, person.key, length=27)


def unionid(app: WeixinApp, person: Person) -> str:
    """Return the person's UnionID, the same in all apps of one developer."""
    return "o6_" + letters("weixin-unionid", app.developer, person.key, length=25)


def picture_key(app_id: str, person: Person) -> str:
    """Return the opaque name under which one app gets the person's picture; it holds the OpenID."""
    return f"{letters('weixin-picture', app_id, person.key, length=32)}-{openid(app_id, person)}"


def person_by_picture(app_id: str, value: str) -> Person | None:
    """Return whose picture has this opaque name at that app."""
    return next((person for person in _ALL if picture_key(app_id, person) == value), None)
