"""System checks of the emulators: consumer_site.sandbox.E/Wnnn."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as CheckWarning

from consumer_site.sandbox.conf import QQApp, WeixinApp, github_apps, qq_apps, weixin_apps
from consumer_site.sandbox.qq.persons import PERSONS
from consumer_site.sandbox.registration import callback_fault, domain_fault, split


def check_debug(_app_configs: Sequence[AppConfig] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """Refuse an installed emulator without DEBUG: whoever reaches it signs in as anybody."""
    if settings.DEBUG:
        return []
    return [
        Error(
            "The sign-in emulators are installed while DEBUG is off.",
            hint="Remove 'consumer_site.sandbox' from INSTALLED_APPS and its urls from the urlconf.",
            id="consumer_site.sandbox.E001",
        )
    ]


def check_qq_apps(_app_configs: Sequence[AppConfig] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """Check the apps registered at the QQ emulator by CONSUMER_SITE["SANDBOX"]["QQ_APPS"]."""
    return _check("QQ_APPS", "QQ", qq_apps, _check_qq_app, 'such as {"key": "…", "callbacks": ["https://…/callback/"]}')


def check_weixin_apps(_app_configs: Sequence[AppConfig] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """Check the apps registered at the WeChat emulator by CONSUMER_SITE["SANDBOX"]["WEIXIN_APPS"]."""
    example = 'such as {"secret": "…", "domains": ["www.example.com"]}'
    return _check("WEIXIN_APPS", "WeChat", weixin_apps, _check_weixin_app, example)


def check_github_apps(_app_configs: Sequence[AppConfig] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """Check the apps registered at the GitHub emulator by CONSUMER_SITE["SANDBOX"]["GITHUB_APPS"]."""
    example = 'such as {"secret": "…", "callbacks": ["https://…/callback/"]}'
    return _check("GITHUB_APPS", "GitHub", github_apps, _check_github_app, example)


def _check(
    setting: str,
    service: str,
    read: Callable[[], Mapping[str, Any]],
    check_app: Callable[[Any], list[CheckMessage]],
    example: str,
) -> list[CheckMessage]:
    try:
        apps = read()
    except (ValueError, TypeError, AttributeError) as error:
        return [
            Error(
                f"CONSUMER_SITE['SANDBOX']['{setting}'] cannot be used: {error}.",
                hint=f"Give each app id a mapping {example}.",
                id="consumer_site.sandbox.E002",
            )
        ]
    if not apps:
        return [
            CheckWarning(
                f"The {service} emulator knows no app, so it refuses every client.",
                hint=f"Register one in CONSUMER_SITE['SANDBOX']['{setting}'], or leave the setting out for a test app.",
                id="consumer_site.sandbox.W001",
            )
        ]
    return [message for app in apps.values() for message in check_app(app)]


def _check_qq_app(app: QQApp) -> list[CheckMessage]:
    messages: list[CheckMessage] = [
        _unregistrable("QQ", f"callback {callback}", app.app_id, reason)
        for callback in (app.callbacks if app.strict else ())
        if (reason := callback_fault(callback))
    ]
    messages += [
        Error(
            f"App {app.app_id} names an unknown test person as tester: {tester}.",
            hint="Known persons: " + ", ".join(PERSONS) + ".",
            id="consumer_site.sandbox.E004",
        )
        for tester in app.testers
        if tester not in PERSONS
    ]
    return messages


_SCOPES: Final = {False: {"snsapi_login"}, True: {"snsapi_base", "snsapi_userinfo"}}


def _check_weixin_app(app: WeixinApp) -> list[CheckMessage]:
    messages: list[CheckMessage] = [
        _unregistrable("WeChat", f"domain {domain}", app.app_id, reason)
        for domain in (app.domains if app.strict else ())
        if (reason := domain_fault(domain))
    ]
    messages += [
        Error(
            f"WeChat has no scope {scope} for app {app.app_id}.",
            hint="Scopes: " + ", ".join(sorted(_SCOPES[app.inside])) + ".",
            id="consumer_site.sandbox.E005",
        )
        for scope in app.scopes
        if scope not in _SCOPES[app.inside]
    ]
    return messages


def _check_github_app(app: Any) -> list[CheckMessage]:
    return [
        _unregistrable("GitHub", f"callback {callback}", app.client_id, "it is not a full web address")
        for callback in app.callbacks
        if split(callback) is None
    ]


def _unregistrable(service: str, what: str, app_id: str, reason: str) -> CheckMessage:
    return Error(
        f"{service} would not register the {what} of app {app_id}: {reason}.",
        hint="Register a plain public address, or set 'strict' to False.",
        id="consumer_site.sandbox.E003",
    )


EVERY_CHECK: Final = (check_debug, check_qq_apps, check_weixin_apps, check_github_apps)


def register_all() -> None:
    """Register every check."""
    for check in EVERY_CHECK:
        register(check, "consumer_sandbox")
