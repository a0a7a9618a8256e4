"""Read the emulators' settings: ``CONSUMER_SITE["SANDBOX"]``.

They are read at each use: there is no cache to reset when a test changes a setting.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

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


def sandbox_settings() -> Mapping[str, Any]:
    """Return ``CONSUMER_SITE["SANDBOX"]``, or an empty mapping."""
    site: Mapping[str, Any] = getattr(settings, "CONSUMER_SITE", None) or {}
    return site.get("SANDBOX") or {}


def qq_apps() -> dict[str, QQApp]:
    """Return the configured QQ apps by app id; raise ValueError or TypeError for nonsense."""
    configured = sandbox_settings().get("QQ_APPS") or {}
    if not isinstance(configured, Mapping):
        raise TypeError("it must map app ids to their options")
    return {str(app_id): _qq_app(str(app_id), options) for app_id, options in configured.items()}


def _qq_app(app_id: str, options: Mapping[str, Any]) -> QQApp:
    known = {item.name for item in fields(QQApp)} - {"app_id"}
    if unknown := sorted(set(options) - known):
        raise ValueError(f"app {app_id} has unknown options: {', '.join(unknown)}")
    if not options.get("key"):
        raise ValueError(f"app {app_id} has no key")
    if not options.get("callbacks"):
        raise ValueError(f"app {app_id} has no callbacks")
    values = dict(options)
    values["callbacks"] = _strings(options["callbacks"], separator=";")
    for name in ("testers", "apis"):
        if name in values:
            values[name] = _strings(values[name], separator=",")
    return QQApp(app_id=app_id, **values)


def _strings(value: Any, *, separator: str) -> tuple[str, ...]:
    parts = value.split(separator) if isinstance(value, str) else value
    return tuple(part.strip() for part in parts if part.strip())
