"""Read the emulators' settings: ``CONSUMER_SITE["SANDBOX"]``.

They are read at each use: there is no cache to reset when a test changes a setting.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final, TypeVar

from django.conf import settings


@dataclass(frozen=True, kw_only=True)
class QQApp:
    """Describe one app as if it had been registered at connect.qq.com."""

    app_id: str
    """The App ID, which a client sends as ``client_id`` and ``oauth_consumer_key``."""
    key: str = field(repr=False)
    """The App Key, which a client sends as ``client_secret``."""
    callbacks: tuple[str, ...]
    """Registered callback addresses, compared whole. A list, or one string separated by ``;`` as on QQ's form."""
    name: str = "QQ app"
    """The site's name, shown on the authorization page."""
    developer: str = "developer"
    """Whose app it is: apps of one developer see the same UnionID of a person."""
    unionid: bool = False
    """Whether the UnionID permission was granted; without it ``unionid=1`` is answered by 100048."""
    online: bool = True
    """Whether review is done; until then everybody but the testers meets 100011."""
    testers: tuple[str, ...] = ()
    """Keys of the test persons who may sign in before review (at QQ: the registrant's own number)."""
    apis: tuple[str, ...] = ("get_user_info",)
    """The interfaces the app may call; the profile without ``get_user_info`` is answered by 100031."""
    lifetime: int = 5184000
    """Seconds an access token lives: 60 days as documented today, 7776000 as it was before."""
    json_content_type: str = "application/json; charset=utf-8"
    """The Content-Type of JSON answers; ``text/html`` is what QQ has been seen to send."""
    strict: bool = False
    """Whether callbacks must obey QQ's registration form: no port, no localhost, no address, no ``#``."""
    loopback: bool = False
    """Whether every address on this very machine counts as registered too, which QQ would never do."""


@dataclass(frozen=True, kw_only=True)
class WeixinApp:
    """Describe one app as if it had been registered at open.weixin.qq.com, or as an official account."""

    app_id: str
    """The AppID, which a client sends as ``appid``."""
    secret: str = field(repr=False)
    """The AppSecret, which a client sends as ``secret``."""
    domains: tuple[str, ...]
    """The callback domains, without scheme and path; one with a port means that port alone."""
    inside: bool = False
    """Whether it is an official account's web page inside WeChat; otherwise a website with a QR code."""
    name: str = "WeChat app"
    """The app's name, shown on the authorization page."""
    developer: str = "developer"
    """Whose app it is: apps of one developer see the same UnionID of a person."""
    unionid: bool = True
    """Whether answers hold the UnionID (an official account's do once it is bound to an open platform account)."""
    scopes: tuple[str, ...] = ()
    """The scopes it may ask for; empty: ``snsapi_login``, or inside WeChat ``snsapi_base`` and ``snsapi_userinfo``."""
    lifetime: int = 7200
    """Seconds an access token lives."""
    content_type: str = "text/plain"
    """The Content-Type of answers, JSON though they are."""
    online: bool = True
    """Whether review is done; until then nobody can sign in."""
    strict: bool = False
    """Whether callbacks must obey WeChat's rules: a public domain, and no port."""

    @property
    def granted_scopes(self) -> tuple[str, ...]:
        """Return the scopes the app may ask for."""
        return self.scopes or (("snsapi_base", "snsapi_userinfo") if self.inside else ("snsapi_login",))


@dataclass(frozen=True, kw_only=True)
class GitHubApp:
    """Describe one OAuth app, or one GitHub App, as if it had been registered at github.com."""

    client_id: str
    """The client ID."""
    secret: str = field(repr=False)
    """The client secret."""
    callbacks: tuple[str, ...]
    """The callback URL (a GitHub App may have up to ten); a redirect URI may be a path below it."""
    name: str = "GitHub app"
    """The app's name, shown on the authorization page."""
    owner: str = "developer"
    """Whose app it is, shown on the authorization page."""
    github_app: bool = False
    """Whether it is a GitHub App: permissions instead of scopes, and tokens that expire."""
    expiring: bool = True
    """Whether a GitHub App's tokens expire, in 8 hours, and come with a refresh token."""
    permissions: tuple[str, ...] = ("email_addresses",)
    """A GitHub App's permissions; without ``email_addresses``, ``/user/emails`` is answered by 403."""
    suspended: bool = False
    """Whether GitHub has suspended the app: the callback is told ``application_suspended``."""


LOCAL_ORIGINS: Final = ("http://127.0.0.1/", "http://localhost/")
DEFAULTS: Final[Mapping[str, Mapping[str, Mapping[str, Any]]]] = {
    "QQ_APPS": {
        "100000001": {"key": "sandbox-qq-app-key", "callbacks": LOCAL_ORIGINS, "name": "QQ test app", "loopback": True}
    },
    "WEIXIN_APPS": {
        "wx0000000000000001": {
            "secret": "sandbox-weixin-secret",
            "domains": ("127.0.0.1", "localhost"),
            "name": "WeChat test app",
        },
        "wx0000000000000002": {
            "secret": "sandbox-weixin-inside-secret",
            "domains": ("127.0.0.1", "localhost"),
            "name": "WeChat test app inside WeChat",
            "inside": True,
        },
    },
    "GITHUB_APPS": {
        "Ov23liSandbox0000001": {
            "secret": "sandbox-github-secret",
            "callbacks": LOCAL_ORIGINS,
            "name": "GitHub test app",
        },
        "Iv23liSandbox0000002": {
            "secret": "sandbox-github-app-secret",
            "callbacks": LOCAL_ORIGINS,
            "name": "GitHub App for tests",
            "github_app": True,
        },
    },
}
"""What is registered at a service that the settings do not mention; their secrets are public, as here nothing is."""

App = TypeVar("App", QQApp, WeixinApp, GitHubApp)


def sandbox_settings() -> Mapping[str, Any]:
    """Return ``CONSUMER_SITE["SANDBOX"]``, or an empty mapping."""
    site: Mapping[str, Any] = getattr(settings, "CONSUMER_SITE", None) or {}
    return site.get("SANDBOX") or {}


def qq_apps() -> dict[str, QQApp]:
    """Return the QQ apps by app id; raise ValueError or TypeError for nonsense."""
    return _apps("QQ_APPS", QQApp, {"callbacks": ";", "testers": ",", "apis": ","}, needed=("key", "callbacks"))


def weixin_apps() -> dict[str, WeixinApp]:
    """Return the WeChat apps by app id; raise ValueError or TypeError for nonsense."""
    return _apps("WEIXIN_APPS", WeixinApp, {"domains": ";", "scopes": ","}, needed=("secret", "domains"))


def github_apps() -> dict[str, GitHubApp]:
    """Return the GitHub apps by client id; raise ValueError or TypeError for nonsense."""
    return _apps("GITHUB_APPS", GitHubApp, {"callbacks": ";", "permissions": ","}, needed=("secret", "callbacks"))


def _apps(setting: str, kind: Callable[..., App], lists: Mapping[str, str], needed: tuple[str, ...]) -> dict[str, App]:
    configured = sandbox_settings().get(setting, DEFAULTS[setting]) or {}
    if not isinstance(configured, Mapping):
        raise TypeError("it must map app ids to their options")
    return {str(key): _app(str(key), options, kind, lists, needed) for key, options in configured.items()}


def _app(
    key: str, options: Mapping[str, Any], kind: Callable[..., App], lists: Mapping[str, str], needed: tuple[str, ...]
) -> App:
    identifier, *known = (item.name for item in fields(kind))  # type: ignore[arg-type]  # each is a dataclass
    if unknown := sorted(set(options) - set(known)):
        raise ValueError(f"app {key} has unknown options: {', '.join(unknown)}")
    for name in needed:
        if not options.get(name):
            raise ValueError(f"app {key} has no {name}")
    values = dict(options)
    for name, separator in lists.items():
        if name in values:
            values[name] = _strings(values[name], separator=separator)
    return kind(**{identifier: key}, **values)


def _strings(value: Any, *, separator: str) -> tuple[str, ...]:
    parts = value.split(separator) if isinstance(value, str) else value
    return tuple(part.strip() for part in parts if part.strip())
