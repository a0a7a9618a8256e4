"""System checks of the providers that people sign in by: in the settings, in the rows, and between the two."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004 - Django's name
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, DatabaseError
from django.urls import NoReverseMatch, reverse
from django.urls.exceptions import Resolver404

from consumer_site.conf import consumer_settings
from consumer_site.http import is_loopback_host

if TYPE_CHECKING:
    from allauth.socialaccount.models import SocialApp

SOCIAL = "allauth.socialaccount"
_BASE_URLS = ("QQ_BASE_URLS", "WEIXIN_BASE_URLS", "GITHUB_BASE_URLS")
# allauth's own connectors that stand beside ours, and why ours is there.
_BESIDE = {
    "allauth.socialaccount.providers.weixin": "an error of WeChat's is a failure there, and names may come garbled",
    "allauth.socialaccount.providers.github": "it has the same addresses, and PKCE is off there",
    "allauth.socialaccount.providers.openid_connect": "it checks neither signature nor nonce of an ID token",
}
_DUPLICATE_IDS = {"settings": "consumer_site.W006", "rows": "consumer_site.W011", "issuer": "consumer_site.W012"}
_DUPLICATE_HINTS = {
    "settings": "Delete it in the admin, or its entry in SOCIALACCOUNT_PROVIDERS or CONSUMER_SITE.",
    "rows": "Open “Sign-in providers” in the admin and delete all but one, or tick “Hidden” on the others.",
    "issuer": "Open “Sign-in providers” in the admin and delete all but one of them.",
}


def check_pkce(**kwargs: Any) -> list[CheckMessage]:
    """Warn where the settings turn PKCE off (RFC 7636; RFC 9700 section 2.1.1)."""
    options = _options("github")
    turned_off = options.get("OAUTH_PKCE_ENABLED") is False or any(
        (app.get("settings") or {}).get("oauth_pkce_enabled") is False for app in _apps(options)
    )
    if not turned_off:
        return []
    return [
        Warning(
            "PKCE is turned off for GitHub: a stolen code can be redeemed (RFC 9700 section 2.1.1).",
            hint='Remove "OAUTH_PKCE_ENABLED": False from SOCIALACCOUNT_PROVIDERS["github"]: it is on by itself.',
            id="consumer_site.W013",
        )
    ]


def check_beside(**kwargs: Any) -> list[CheckMessage]:
    """Warn of allauth's own connectors beside ours: of two for one provider, the one installed last answers."""
    return [
        Warning(
            f"allauth's own connector is installed beside consumer_site's: {name}. With it {why}.",
            hint=f'Remove from INSTALLED_APPS: "{name}",',
            id="consumer_site.W014",
        )
        for name, why in _BESIDE.items()
        if apps.is_installed(name)
    ]


def check_base_urls(**kwargs: Any) -> list[CheckMessage]:
    """Refuse addresses in clear or of this machine for QQ, WeChat and GitHub outside of development.

    Whoever answers there decides who signs in (RFC 9700 section 2.6 asks for TLS).
    """
    if settings.DEBUG:
        return []
    found: list[CheckMessage] = []
    for name in _BASE_URLS:
        try:
            bases = getattr(consumer_settings, name)
        except (ImproperlyConfigured, TypeError, ValueError, AttributeError):
            continue  # check_settings says so
        found += [_base_url_error(name, app_id) for app_id, base in bases.items() if _is_emulated(base)]
    return found


def _base_url_error(name: str, app_id: str) -> CheckMessage:
    return Error(
        f'CONSUMER_SITE["{name}"] leads app {app_id} to this machine, or in clear: an emulator signs in anybody.',
        hint=f'Remove "{name}" from CONSUMER_SITE.',
        id="consumer_site.E010",
    )


def _is_emulated(base: str) -> bool:
    parts = urlsplit(base)
    return parts.scheme != "https" or is_loopback_host(parts.hostname or "")


def check_replaced_services(**kwargs: Any) -> list[CheckMessage]:
    """Warn where a deployment asks another server than QQ's and WeChat's own who signs in."""
    if settings.DEBUG:
        return []
    return [
        Warning(
            f'CONSUMER_SITE["{name}"] is set: other servers than the real ones say who signs in.',
            hint=f'Remove "{name}" from CONSUMER_SITE, unless those servers are yours.',
            id="consumer_site.W015",
        )
        for name in ("QQ_BASE_URLS", "WEIXIN_BASE_URLS")
        if consumer_settings.raw.get(name)
    ]


def check_addresses(**kwargs: Any) -> list[CheckMessage]:
    """Ask for what makes the addresses that the admin shows, where it is on another host than the consumer."""
    if not apps.is_installed(SOCIAL) or not apps.is_installed("django.contrib.admin"):
        return []
    try:
        reverse("house_callback", urlconf=consumer_settings.URLCONF or settings.ROOT_URLCONF)
    except (NoReverseMatch, Resolver404, ImportError):
        return [
            Warning(
                "No address of the consumer is known, so nobody can come back from a provider.",
                hint='Add to the urls: path("", include("consumer_site.urls")), or name the urlconf that has it: '
                'CONSUMER_SITE = {"URLCONF": "project.urls_consumer", …}',
                id="consumer_site.W017",
            )
        ]
    if consumer_settings.URLCONF and consumer_settings.URLCONF != settings.ROOT_URLCONF and not _site_url():
        return [
            Warning(
                "The consumer has a urlconf of its own, and its address is not known to the admin on another host.",
                hint='Add: CONSUMER_SITE = {"SITE_URL": "https://app.example.com", …}',
                id="consumer_site.W017",
            )
        ]
    return []


def _site_url() -> bool:
    return urlsplit(consumer_settings.SITE_URL).scheme in {"http", "https"}


def check_pillow(**kwargs: Any) -> list[CheckMessage]:
    """Ask for Pillow, which draws avatar pictures anew."""
    if find_spec("PIL") is not None:
        return []
    return [
        Error(
            "Pillow is not installed, so avatar pictures can't be shown.",
            hint='Install: pip install "Pillow>=11"',
            id="consumer_site.E011",
        )
    ]


def check_double_configuration(*, databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Warn of providers configured more than once: by rows and settings, by several rows, by one issuer twice."""
    from consumer_site.duplicates import duplicates  # noqa: PLC0415 - needs allauth, which may not be installed

    try:
        rows = _rows(databases)
        found = duplicates(rows) if rows else []
    except ImproperlyConfigured:
        return []  # check_house says so
    return [Warning(str(one), hint=_DUPLICATE_HINTS[one.key], id=_DUPLICATE_IDS[one.key]) for one in found]


def check_rows(*, databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Warn of rows with an issuer in clear (OpenID Connect Discovery section 3), and with a secret in clear."""
    rows = _rows(databases)
    found: list[CheckMessage] = []
    for row in rows:
        address = row.settings.get("server_url") if isinstance(row.settings, dict) else None
        if row.provider == "house" and isinstance(address, str) and _is_insecure(address):
            found.append(
                Warning(
                    f"The sign-in provider {row.name or row.pk} has an issuer without https, so nobody can sign in.",
                    hint="Open it in the admin and enter the issuer's address with https.",
                    id="consumer_site.W018",
                )
            )
    if any(row.secret for row in rows):
        found.append(
            Warning(
                "Secrets of sign-in providers lie in clear in the database (RFC 6819 section 5.1.4.1.3).",
                hint="Seal them: python manage.py seal_provider_secrets",
                id="consumer_site.W019",
            )
        )
    return found


def _is_insecure(address: str) -> bool:
    parts = urlsplit(address)
    local = is_loopback_host(parts.hostname or "") and consumer_settings.ALLOW_LOOPBACK_HTTP
    return parts.scheme != "https" and not local


def _rows(databases: Sequence[str] | None) -> list[SocialApp]:
    if not databases or DEFAULT_DB_ALIAS not in databases or not apps.is_installed(SOCIAL):
        return []
    try:
        return list(apps.get_model("socialaccount", "SocialApp")._default_manager.order_by("pk"))
    except DatabaseError:
        return []  # before the first migration


def _options(provider: str) -> dict[str, Any]:
    options = (getattr(settings, "SOCIALACCOUNT_PROVIDERS", None) or {}).get(provider)
    return options if isinstance(options, dict) else {}


def _apps(options: dict[str, Any]) -> list[dict[str, Any]]:
    found = options.get("APPS") or [options.get("APP")]
    return [app for app in found if isinstance(app, dict)]


_CHECKS: tuple[Callable[..., list[CheckMessage]], ...] = (
    check_pkce,
    check_beside,
    check_base_urls,
    check_addresses,
    check_pillow,
)


def register_all() -> None:
    """Register every check; the one about deployment with --deploy, those that read rows with --database."""
    for check in _CHECKS:
        register(check, "consumer_site")
    register(check_replaced_services, Tags.security, deploy=True)
    register(check_double_configuration, Tags.database)
    register(check_rows, Tags.database)
