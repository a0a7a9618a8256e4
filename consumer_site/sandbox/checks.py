"""System checks of the emulators: consumer_site.sandbox.E/Wnnn."""

import ipaddress
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning

from consumer_site.sandbox.conf import QQApp, qq_apps
from consumer_site.sandbox.qq.persons import PERSONS


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
    try:
        apps = qq_apps()
    except (ValueError, TypeError, AttributeError) as error:
        return [
            Error(
                f"CONSUMER_SITE['SANDBOX']['QQ_APPS'] cannot be used: {error}.",
                hint='Give each app id a mapping such as {"key": "…", "callbacks": ["https://…/callback/"]}.',
                id="consumer_site.sandbox.E002",
            )
        ]
    if not apps:
        return [
            CheckWarning(
                "The QQ emulator knows no app, so it answers every client with 100008.",
                hint="Register one in CONSUMER_SITE['SANDBOX']['QQ_APPS'].",
                id="consumer_site.sandbox.W001",
            )
        ]
    return [message for app in apps.values() for message in _check_app(app)]


def _check_app(app: QQApp) -> list[CheckMessage]:
    messages: list[CheckMessage] = [
        Error(
            f"QQ would not register the callback {callback} of app {app.app_id}: {reason}.",
            hint="Register a plain public address, or set 'strict' to False.",
            id="consumer_site.sandbox.E003",
        )
        for callback in (app.callbacks if app.strict else ())
        if (reason := registration_fault(callback))
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


def registration_fault(callback: str) -> str | None:
    """Return why connect.qq.com would refuse to register this callback address, or None."""
    parts = urlsplit(callback)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return "it is not a full web address"
    if parts.port is not None:
        return "it has a port"
    if "#" in callback:
        return "it has a fragment"
    if parts.hostname == "localhost" or parts.hostname.endswith(".localhost"):
        return "it is localhost"
    try:
        ipaddress.ip_address(parts.hostname)
    except ValueError:
        return None
    return "it is a bare address"
