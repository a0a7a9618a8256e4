"""The emulated services, as the pages that they share see them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext_lazy as _

from consumer_site.sandbox import conf
from consumer_site.sandbox.github.codes import ERRORS as GITHUB_ERRORS
from consumer_site.sandbox.github.persons import PERSONS as GITHUB_PERSONS
from consumer_site.sandbox.models import Service
from consumer_site.sandbox.person import BasePerson
from consumer_site.sandbox.qq.persons import PERSONS as QQ_PERSONS
from consumer_site.sandbox.turns import ANY_ANSWER, AT_CALLBACK, WITHOUT_PAGE, Endpoint, Kind
from consumer_site.sandbox.weixin.persons import PERSONS as WEIXIN_PERSONS

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise  # exists in the stubs alone


@dataclass(frozen=True, kw_only=True)
class EmulatedService:
    """Describe one service: who may sign in there, for which apps, and how its endpoints can fail."""

    key: str
    title: str | _StrPromise
    emulator: _StrPromise
    """What the pages call the emulator."""
    warning: _StrPromise
    """The sentence at the top of every page."""
    never: _StrPromise
    """What nobody must enter here."""
    chinese_warning: str
    """The same whatever the catalogues say: it is the one sentence nobody may miss."""
    path: str
    """Where the emulator is, below the address that the sandbox is mounted at."""
    apps: Callable[[], Mapping[str, Any]]
    persons: Mapping[str, BasePerson]
    possible: Mapping[str, frozenset[str]]
    """Which kinds of misbehaviour make sense at which endpoint."""
    words: frozenset[str] = frozenset()
    """Names of errors, where errors have names and no numbers."""

    @property
    def face(self) -> str:
        """Return the name of the view that shows a test person's picture."""
        return f"consumer_sandbox:{self.key}-face"

    @property
    def behaviour(self) -> str:
        """Return the name of the view that plans misbehaviour."""
        return f"consumer_sandbox:{self.key}-behaviour"

    @property
    def icon(self) -> str:
        """Return the key of the person whose picture is the pages' icon."""
        return next(iter(self.persons))


QQ: Final = EmulatedService(
    key=Service.QQ,
    title="QQ",
    emulator=_("QQ emulator"),
    warning=_("This is not QQ: an emulator on this machine"),
    never=_("For development. Never enter a real QQ number or password here."),
    chinese_warning="这不是 QQ：本机模拟器",
    path="qq",
    apps=conf.qq_apps,
    persons=QQ_PERSONS,
    possible={
        Endpoint.AUTHORIZE: WITHOUT_PAGE | AT_CALLBACK - {Kind.FEWER_SCOPES},
        Endpoint.TOKEN: ANY_ANSWER | {Kind.ERROR, Kind.OLD_ERROR, Kind.NUMBER_EXPIRES, Kind.NO_REFRESH},
        Endpoint.REFRESH: ANY_ANSWER | {Kind.ERROR, Kind.OLD_ERROR, Kind.NUMBER_EXPIRES, Kind.NO_REFRESH},
        Endpoint.ME: ANY_ANSWER | {Kind.ERROR, Kind.OLD_ERROR, Kind.NO_OPENID, Kind.NO_UNIONID, Kind.FOREIGN_CLIENT},
        Endpoint.PROFILE: ANY_ANSWER | {Kind.ERROR},
        Endpoint.AVATAR: ANY_ANSWER,
    },
)
_WEIXIN_TOKEN: Final = ANY_ANSWER | {
    *(Kind.ERROR, Kind.STRING_EXPIRES, Kind.NO_REFRESH, Kind.NO_OPENID, Kind.NO_UNIONID, Kind.SNAPSHOT)
}
WEIXIN: Final = EmulatedService(
    key=Service.WEIXIN,
    title=_("WeChat"),
    emulator=_("WeChat emulator"),
    warning=_("This is not WeChat: an emulator on this machine"),
    never=_("For development. Never enter a real WeChat account or password here."),
    chinese_warning="这不是微信：本机模拟器",
    path="weixin",
    apps=conf.weixin_apps,
    persons=WEIXIN_PERSONS,
    possible={
        Endpoint.AUTHORIZE: WITHOUT_PAGE | AT_CALLBACK - {Kind.FEWER_SCOPES},
        Endpoint.TOKEN: _WEIXIN_TOKEN,
        Endpoint.REFRESH: _WEIXIN_TOKEN,
        Endpoint.PROFILE: ANY_ANSWER | {Kind.ERROR, Kind.NO_OPENID, Kind.NO_UNIONID, Kind.FOREIGN_PERSON},
        Endpoint.AUTH: ANY_ANSWER | {Kind.ERROR},
        Endpoint.AVATAR: ANY_ANSWER,
    },
)
GITHUB: Final = EmulatedService(
    key=Service.GITHUB,
    title="GitHub",
    emulator=_("GitHub emulator"),
    warning=_("This is not GitHub: an emulator on this machine"),
    never=_("For development. Never enter a real GitHub name or password here."),
    chinese_warning="这不是 GitHub：本机模拟器",
    path="github",
    apps=conf.github_apps,
    persons=GITHUB_PERSONS,
    possible={
        Endpoint.AUTHORIZE: WITHOUT_PAGE | AT_CALLBACK,
        Endpoint.TOKEN: ANY_ANSWER | {Kind.ERROR, Kind.STATUS, Kind.STRING_EXPIRES, Kind.NO_REFRESH},
        Endpoint.REFRESH: ANY_ANSWER | {Kind.ERROR, Kind.STATUS, Kind.STRING_EXPIRES, Kind.NO_REFRESH},
        Endpoint.PROFILE: ANY_ANSWER | {Kind.STATUS, Kind.NO_OPENID},
        Endpoint.EMAILS: ANY_ANSWER | {Kind.STATUS},
        Endpoint.AVATAR: ANY_ANSWER,
    },
    words=frozenset(GITHUB_ERRORS),
)

SERVICES: Final[dict[str, EmulatedService]] = {service.key: service for service in (QQ, WEIXIN, GITHUB)}
