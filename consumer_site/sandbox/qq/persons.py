"""The test persons, and how each app knows them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext_lazy as _

from consumer_site.sandbox.conf import QQApp
from consumer_site.sandbox.person import BasePerson

ALL_SIZES: Final = frozenset({30, 40, 50, 100, 640})


@dataclass(frozen=True, kw_only=True)
class Person(BasePerson):
    """Describe one owner of a made-up QQ number."""

    gender: str = "男"
    province: str = ""
    city: str = ""
    year: str = "2000"
    sizes: frozenset[int] = ALL_SIZES

    @property
    def gender_type(self) -> int:
        """Return QQ's number for the gender: 1 male (also its default), 2 female."""
        return 2 if self.gender == "女" else 1


_ALL = (
    Person(
        key="penguin",
        nickname="小企鹅",
        note=_("An ordinary person"),
        colour=(32, 112, 192),
        province="广东",
        city="深圳",
    ),
    Person(
        key="twin",
        nickname="小企鹅",
        note=_("Another person with the same nickname"),
        colour=(184, 72, 120),
        gender="女",
        province="四川",
        city="成都",
    ),
    Person(
        key="long",
        nickname="一个特别特别长的昵称长到任何一行都放不下还在继续WithoutAnySpaceAtAllToBreakTheLineAt",
        note=_("A nickname longer than any line"),
        colour=(56, 128, 72),
    ),
    Person(
        key="emoji",
        nickname="🐧👨‍👩‍👧‍👦 企鹅一家 🎉",
        note=_("A nickname with emoji"),
        colour=(168, 104, 24),
        gender="女",
    ),
    Person(
        key="small",
        nickname="只有小头像",
        note=_("No picture of 100 pixels, only the small ones"),
        colour=(112, 88, 176),
        sizes=frozenset({30, 40, 50}),
    ),
    Person(key="rtl", nickname="محمد الطيّار", note=_("A nickname written from right to left"), colour=(0, 120, 128)),
    Person(
        key="markup",
        nickname='<b>O\'Neil</b> & "引号"',
        note=_("A nickname that looks like HTML"),
        colour=(144, 64, 48),
    ),
    Person(key="blank", nickname=" ", note=_("A nickname that is only a space"), colour=(96, 96, 104), year=""),
)

PERSONS: Final[dict[str, Person]] = {person.key: person for person in _ALL}


def openid(app_id: str, person: Person) -> str:
    """Return the person's OpenID at one app: stable, opaque, 32 upper-case hexadecimal digits."""
    return _digits("openid", app_id, person.key)


def unionid(app: QQApp, person: Person) -> str:
    """Return the person's UnionID, the same in all apps of one developer: ``UID_`` and 32 digits."""
    return "UID_" + _digits("unionid", app.developer, person.key)


def picture_key(app_id: str, person: Person) -> str:
    """Return the opaque name under which one app gets the person's picture, the ``k`` of its address."""
    return _digits("picture", app_id, person.key)[:22]


def person_by_openid(app_id: str, value: str) -> Person | None:
    """Return whose OpenID this is at that app."""
    return next((person for person in _ALL if openid(app_id, person) == value), None)


def person_by_picture(app_id: str, value: str) -> Person | None:
    """Return whose picture has this opaque name at that app."""
    return next((person for person in _ALL if picture_key(app_id, person) == value), None)


def _digits(*parts: str) -> str:
    return hashlib.sha256("\0".join(("qq-emulator", *parts)).encode()).hexdigest()[:32].upper()
