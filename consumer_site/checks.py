"""System checks: what a project must set, each with the line to add."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004 - Django's name
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, DatabaseError
from django.utils.module_loading import import_string

from consumer_site.conf import consumer_settings

ADAPTER = "consumer_site.adapters.SocialAccountAdapter"
MIDDLEWARE = "allauth.account.middleware.AccountMiddleware"
SESSIONS = "consumer_site.logout.middleware.SessionLinkMiddleware"
REQUIRED_APPS = ("allauth", "allauth.account", "allauth.socialaccount")
SANDBOX = "consumer_site.sandbox"
_MIN_SECRET = 32
_DEFAULT_ADAPTER = "allauth.socialaccount.adapter.DefaultSocialAccountAdapter"


def check_key_ring(**kwargs: Any) -> list[CheckMessage]:
    """Ask for a secret to seal tokens with, and for a long one (RFC 6819 section 5.1.4.1.3)."""
    try:
        ring = consumer_settings.KEY_RING
    except ImproperlyConfigured as error:
        return [Error(str(error), hint=_key_ring_hint(), id="consumer_site.E001")]
    if not ring:
        return [Error('CONSUMER_SITE["KEY_RING"] is not set.', hint=_key_ring_hint(), id="consumer_site.E001")]
    if any(len(secret) < _MIN_SECRET for secret in ring):
        return [
            Warning(
                f'A secret in CONSUMER_SITE["KEY_RING"] has fewer than {_MIN_SECRET} characters.',
                hint=_key_ring_hint(),
                id="consumer_site.W001",
            )
        ]
    return []


def _key_ring_hint() -> str:
    return (
        'Add to the settings: CONSUMER_SITE = {"KEY_RING": [os.environ["CONSUMER_KEY_RING"]]}, and make a secret with: '
        'python -c "import secrets; print(secrets.token_urlsafe(48))"'
    )


def check_middleware(**kwargs: Any) -> list[CheckMessage]:
    """Ask for allauth's middleware, without which its views fail."""
    if MIDDLEWARE in settings.MIDDLEWARE:
        return []
    return [
        Error(
            "allauth's middleware is missing.",
            hint=f'Add to MIDDLEWARE, at its end: "{MIDDLEWARE}",',
            id="consumer_site.E002",
        )
    ]


def check_sessions(**kwargs: Any) -> list[CheckMessage]:
    """Warn where a session that its provider has ended may live on (OpenID Back-Channel Logout section 2.7)."""
    engine = settings.SESSION_ENGINE.rpartition(".")[2]
    if engine == "signed_cookies":
        text = "Sessions live in cookies, where no provider can end them."
        hint = 'Set: SESSION_ENGINE = "django.contrib.sessions.backends.db"'
    elif SESSIONS in settings.MIDDLEWARE or settings.SESSION_ENGINE == "django.contrib.sessions.backends.db":
        return []
    else:
        text = "A session that its provider has ended may come back from a cache."
        hint = f'Add to MIDDLEWARE, after Django\'s AuthenticationMiddleware: "{SESSIONS}",'
    return [Warning(text, hint=hint, id="consumer_site.W016")]


def check_apps(**kwargs: Any) -> list[CheckMessage]:
    """Ask for allauth's apps, after ours: our templates replace some of theirs."""
    missing = [name for name in REQUIRED_APPS if not apps.is_installed(name)]
    if missing:
        return [
            Error(
                f"Not installed: {', '.join(missing)}.",
                hint="Add to INSTALLED_APPS: " + " ".join(f'"{name}",' for name in missing),
                id="consumer_site.E003",
            )
        ]
    order = [config.name for config in apps.get_app_configs()]
    if order.index("consumer_site") > min(order.index(name) for name in REQUIRED_APPS):
        return [
            Warning(
                "allauth comes before consumer_site in INSTALLED_APPS, so people see allauth's bare pages.",
                hint='Move "consumer_site", above "allauth", in INSTALLED_APPS.',
                id="consumer_site.W003",
            )
        ]
    return []


def check_adapter(**kwargs: Any) -> list[CheckMessage]:
    """Ask for our adapter: without it tokens are lost, calls unguarded and failures unexplained."""
    if not all(apps.is_installed(name) for name in REQUIRED_APPS):
        return []
    path = getattr(settings, "SOCIALACCOUNT_ADAPTER", _DEFAULT_ADAPTER)
    try:
        fits = issubclass(import_string(path), import_string(ADAPTER))
    except (ImportError, TypeError):
        fits = False
    if fits:
        return []
    return [
        Error(
            f"SOCIALACCOUNT_ADAPTER is {path}, which does not extend consumer_site's.",
            hint=f'Add to the settings: SOCIALACCOUNT_ADAPTER = "{ADAPTER}"',
            id="consumer_site.E004",
        )
    ]


def check_sandbox(**kwargs: Any) -> list[CheckMessage]:
    """Refuse the emulators outside of development: anybody could sign in as anybody."""
    if settings.DEBUG or not apps.is_installed(SANDBOX):
        return []
    return [
        Error(
            "The sandbox is installed without DEBUG: its emulators sign in anybody as anybody (RFC 9700 section 2.6).",
            hint=f'Remove "{SANDBOX}", from INSTALLED_APPS.',
            id="consumer_site.E005",
        )
    ]


def check_house(**kwargs: Any) -> list[CheckMessage]:
    """Ask for a complete entry where the house is configured in the settings."""
    try:
        house = consumer_settings.HOUSE
    except ImproperlyConfigured as error:
        return [Error(str(error), hint=_house_hint(), id="consumer_site.E006")]
    plain = [entry for entry in house if not entry.server_url.startswith("https://")]
    if plain and not consumer_settings.ALLOW_LOOPBACK_HTTP:
        return [
            Error('CONSUMER_SITE["HOUSE"]["server_url"] is not https.', hint=_house_hint(), id="consumer_site.E006")
        ]
    return []


def _house_hint() -> str:
    return (
        'CONSUMER_SITE["HOUSE"] = {"server_url": "https://id.example.com", "client_id": "…", "client_secret": '
        'os.environ["HOUSE_CLIENT_SECRET"], "name": "…"}'
    )


def check_settings(**kwargs: Any) -> list[CheckMessage]:
    """Name every entry of CONSUMER_SITE that can't be read, or that no setting has the name of."""
    found: list[CheckMessage] = []
    known = {name for name in dir(type(consumer_settings)) if name.isupper()}
    for name in sorted(known - {"KEY_RING", "HOUSE"}):  # these have checks of their own
        try:
            getattr(consumer_settings, name)
        except (ImproperlyConfigured, TypeError, ValueError, AttributeError) as error:
            found.append(
                Error(
                    f'CONSUMER_SITE["{name}"] can\'t be read: {error}',
                    hint="See the settings reference, consumer_site/conf.py.",
                    id="consumer_site.E008",
                )
            )
    raw = getattr(settings, "CONSUMER_SITE", {})
    # The emulators read their own entry.
    unknown = sorted(str(name) for name in raw if name not in known | {"SANDBOX"}) if isinstance(raw, Mapping) else []
    found += [
        Warning(
            f'CONSUMER_SITE["{name}"] is no setting.',
            hint=f"The settings are: {', '.join(sorted(known))}.",
            id="consumer_site.W008",
        )
        for name in unknown
    ]
    return found


def check_store_tokens(**kwargs: Any) -> list[CheckMessage]:
    """Refuse allauth's own token storage, which is in clear."""
    if not getattr(settings, "SOCIALACCOUNT_STORE_TOKENS", False):
        return []
    return [
        Error(
            "SOCIALACCOUNT_STORE_TOKENS keeps tokens in clear beside the vault (RFC 6819 section 5.1.4.1.3).",
            hint="Set: SOCIALACCOUNT_STORE_TOKENS = False",
            id="consumer_site.E007",
        )
    ]


def check_time_zones(**kwargs: Any) -> list[CheckMessage]:
    """Ask for moments with a time zone: the calendar shows days, and tokens end at a moment."""
    if settings.USE_TZ:
        return []
    return [Error("The consumer keeps moments in UTC.", hint="Set: USE_TZ = True", id="consumer_site.E009")]


def check_email_required(**kwargs: Any) -> list[CheckMessage]:
    """Warn where allauth would stop people whose provider gives no e-mail address."""
    if not all(apps.is_installed(name) for name in REQUIRED_APPS):
        return []
    from allauth.socialaccount import app_settings  # noqa: PLC0415 - allauth may not be installed

    if not app_settings.EMAIL_REQUIRED:
        return []
    return [
        Warning(
            "allauth asks for an e-mail address after every first sign-in, though most providers here give none.",
            hint='Add: SOCIALACCOUNT_EMAIL_REQUIRED = False and SOCIALACCOUNT_EMAIL_VERIFICATION = "none"',
            id="consumer_site.W004",
        )
    ]


def check_loopback(**kwargs: Any) -> list[CheckMessage]:
    """Warn where a deployment may call its own machine in clear (RFC 9700 section 2.6 asks for TLS)."""
    if settings.DEBUG or not consumer_settings.ALLOW_LOOPBACK_HTTP:
        return []
    return [
        Warning(
            "Outbound calls may reach this machine over plain http.",
            hint='Remove "ALLOW_LOOPBACK_HTTP" from CONSUMER_SITE.',
            id="consumer_site.W005",
        )
    ]


def check_plain_tokens(*, databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Warn while tokens that allauth stored lie in clear (RFC 6819 section 5.1.4.1.3)."""
    if not databases or DEFAULT_DB_ALIAS not in databases or not apps.is_installed("allauth.socialaccount"):
        return []
    try:
        count = apps.get_model("socialaccount", "SocialToken").objects.count()
    except DatabaseError:
        return []  # before the first migration
    if not count:
        return []
    return [
        Warning(
            f"{count} tokens of connected accounts lie in clear in allauth's table.",
            hint="Seal them: python manage.py move_social_tokens",
            id="consumer_site.W010",
        )
    ]


_CHECKS: tuple[Callable[..., list[CheckMessage]], ...] = (
    check_key_ring,
    check_middleware,
    check_sessions,
    check_apps,
    check_adapter,
    check_sandbox,
    check_house,
    check_settings,
    check_store_tokens,
    check_time_zones,
    check_email_required,
)


def register_all() -> None:
    """Register every check; the one about deployment with --deploy, the one that reads rows with --database."""
    for check in _CHECKS:
        register(check, "consumer_site")
    register(check_loopback, Tags.security, deploy=True)
    register(check_plain_tokens, Tags.database)
