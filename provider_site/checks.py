"""System checks: what is missing or unsafe, with the very line to add."""

from __future__ import annotations

import inspect
import ipaddress
import os
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core import checks
from django.core.cache import caches
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import FileSystemStorage
from django.core.files.storage.handler import InvalidStorageError
from django.db import DatabaseError, router
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string

from provider_site.conf import KNOWN_KEYS, provider_settings
from provider_site.models import Registration
from provider_site.models.profile import avatar_storage
from provider_site.services import key_life, sessions
from site_doctor import host_rules

# How many applications one message names.
_NAMED = 10
_ENDPOINTS = "provider_site.middleware.EndpointMiddleware"
_SECURITY = "django.middleware.security.SecurityMiddleware"
_WIRING = "from provider_site.dot_settings import dot_settings; OAUTH2_PROVIDER = dot_settings()"
_RFC9700_GATES = (
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT",
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT",
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD",
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT",
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE",
)


@register()
def check_settings(app_configs: Any, **_kwargs: Any) -> list[CheckMessage]:
    """Report what is missing (E001, E002), unfit (E005-E009, E011, E012, E021) or unknown (W004) in the settings."""
    problems: list[CheckMessage] = []
    for name, check_id, line in (
        ("issuer", "provider_site.E001", 'PROVIDER_SITE = {"ISSUER": "https://id.example.com", ...}'),
        ("key_ring", "provider_site.E002", 'PROVIDER_SITE = {"KEY_RING": [os.environ["PROVIDER_KEY_RING"]], ...}'),
    ):
        try:
            getattr(provider_settings, name)
        except ImproperlyConfigured as error:
            problems.append(Error(str(error), hint=f"In your settings: {line}", id=check_id))
    return [*problems, *_other_settings()]


def _other_settings() -> Iterable[CheckMessage]:
    try:
        _ = provider_settings.default_consent_days
    except ImproperlyConfigured as error:
        hint = 'In your settings: PROVIDER_SITE = {"CONSENT_DAYS": [1, 30, None], "DEFAULT_CONSENT_DAYS": 30, ...}'
        yield Error(str(error), hint=hint, id="provider_site.E005")
    if not settings.USE_TZ:
        yield Error(
            "The provider keeps moments in UTC.", hint="In your settings: USE_TZ = True", id="provider_site.E006"
        )
    yield from _registration_settings()
    yield from _unreadable_settings()
    for key in sorted(set(getattr(settings, "PROVIDER_SITE", None) or {}) - KNOWN_KEYS):
        yield checks.Warning(
            f"PROVIDER_SITE has no setting {key!r}.",
            hint=f"It knows {', '.join(sorted(KNOWN_KEYS))}.",
            id="provider_site.W004",
        )


# The one finds a setting by its docstring; the others have messages of their own.
_SETTING = re.compile(r"``([A-Z_]+)``: ")
_READ_ELSEWHERE = {"issuer", "key_ring", "site_name", "default_consent_days", "consent_durations"}
_REGISTRATION_SETTINGS = (
    ("who_may_register", "provider_site.E007", '"WHO_MAY_REGISTER": "verified"'),
    ("recent_sign_in", "provider_site.E008", '"RECENT_SIGN_IN_SECONDS": 1800'),
    ("max_applications", "provider_site.E008", '"MAX_APPLICATIONS": 20'),
    ("secret_max_days", "provider_site.E008", '"SECRET_MAX_DAYS": 365'),
    ("secret_warning", "provider_site.E008", '"SECRET_WARNING_DAYS": 14'),
    ("review_addresses", "provider_site.E008", '"REVIEW_ADDRESSES": ["reviewers@example.com"]'),
    ("email_verified", "provider_site.E009", '"EMAIL_VERIFIED": "accounts.email_verified"'),
    ("outbound_allowed_networks", "provider_site.E011", '"OUTBOUND_ALLOWED_NETWORKS": ["10.1.0.0/16"]'),
    ("outbound_timeout", "provider_site.E011", '"OUTBOUND_TIMEOUT_SECONDS": 10'),
    ("host_claims", "provider_site.E009", '"CLAIMS": "accounts.claims_of"'),
    ("phone_verified", "provider_site.E009", '"PHONE_VERIFIED": "accounts.phone_verified"'),
    ("signing_algorithms", "provider_site.E021", '"SIGNING_ALGORITHMS": ["RS256", "ES256"]'),
    ("jwks_max_age", "provider_site.E021", '"JWKS_CACHE_SECONDS": 3600'),
    ("key_rotation", "provider_site.E021", '"KEY_ROTATION_DAYS": 90'),
    ("key_kept", "provider_site.E021", '"KEY_KEPT_DAYS": 90'),
    ("rate_limits", "provider_site.E012", '"RATE_LIMITS": {"token": "600/m"}'),
    ("max_queue", "provider_site.E012", '"MAX_QUEUE_SECONDS": 5'),
    ("trusted_proxies", "provider_site.E012", '"TRUSTED_PROXIES": 1'),
)


def _registration_settings() -> Iterable[CheckMessage]:
    """Report settings of developer pages and outbound calls that can't be read, and what nobody will have meant."""
    unreadable: set[str] = set()
    for name, check_id, line in _REGISTRATION_SETTINGS:
        try:
            getattr(provider_settings, name)
        except (ImproperlyConfigured, ImportError, TypeError, ValueError) as error:
            unreadable.add(name)
            yield Error(str(error), hint=f"In your settings: PROVIDER_SITE = {{{line}, ...}}", id=check_id)
    if not unreadable & {"who_may_register", "email_verified"}:
        yield from _nobody_is_verified()
    if not unreadable & {"secret_max_days", "secret_warning"}:
        yield from _warned_from_the_start()


def _unreadable_settings() -> Iterable[CheckMessage]:
    """Report settings that can't be read and that no other check reads: ``"ACCESS_TOKEN_SECONDS": "soon"``."""
    read = {name for name, _check_id, _line in _REGISTRATION_SETTINGS} | _READ_ELSEWHERE
    members = {name: member for owner in type(provider_settings).__mro__ for name, member in vars(owner).items()}
    for name, member in sorted(members.items()):
        key = _SETTING.match(inspect.getdoc(member) or "")
        if name in read or name.endswith("_url") or key is None:
            continue
        try:
            getattr(provider_settings, name)
        except (ImproperlyConfigured, ImportError, TypeError, ValueError) as error:
            text = f"PROVIDER_SITE['{key[1]}'] can't be read: {error}"
            hint = f"In your settings: PROVIDER_SITE = {{{key[1]!r}: …}}, as docs/settings.md has it; or leave it out."
            yield Error(text, hint=hint, id="provider_site.E013")


def _nobody_is_verified() -> Iterable[CheckMessage]:
    if (getattr(settings, "PROVIDER_SITE", None) or {}).get("EMAIL_VERIFIED") is not None:
        return
    hint = 'In your settings: PROVIDER_SITE = {"EMAIL_VERIFIED": "path.to.a.function", ...}: user to bool.'
    if provider_settings.who_may_register == "verified":
        yield checks.Warning(
            'WHO_MAY_REGISTER is "verified", and without EMAIL_VERIFIED nobody\'s address is: nobody may register.',
            hint=hint,
            id="provider_site.W005",
        )
    user_model: Any = get_user_model()
    address_field = getattr(user_model, "get_email_field_name", str)()
    if provider_settings.who_may_register != "nobody" and address_field == user_model.USERNAME_FIELD:
        yield checks.Warning(
            "People sign in by e-mail address, and without EMAIL_VERIFIED none is proven: no member can be invited.",
            hint=hint,
            id="provider_site.W006",
        )


def _warned_from_the_start() -> Iterable[CheckMessage]:
    longest = provider_settings.secret_max_days
    if longest is not None and provider_settings.secret_warning.days >= longest:
        yield checks.Warning(
            "SECRET_WARNING_DAYS is not below SECRET_MAX_DAYS: owners are warned of each new secret at once.",
            hint=f"A client secret lives at most {longest} days here: warn some days before.",
            id="provider_site.W007",
        )


@register()
def check_wiring(app_configs: Any, **_kwargs: Any) -> list[CheckMessage]:
    """Report apps that are not installed (E003) and a django-oauth-toolkit that is not wired to this app (E004)."""
    problems: list[CheckMessage] = [
        Error(f"{name} is not installed.", hint=f'Add "{name}" to INSTALLED_APPS.', id="provider_site.E003")
        for name in ("oauth2_provider", "django_tasks")
        if not apps.is_installed(name)
    ]
    configured = getattr(settings, "OAUTH2_PROVIDER", None) or {}
    for key, ours in (
        ("OAUTH2_VALIDATOR_CLASS", "provider_site.protocol.validator.Validator"),
        ("OAUTH2_SERVER_CLASS", "provider_site.protocol.server.Server"),
        ("SCOPES_BACKEND_CLASS", "provider_site.protocol.scopes_backend.ScopesBackend"),
    ):
        if not _is_subclass(configured.get(key), ours):
            problems.append(
                Error(
                    f"OAUTH2_PROVIDER['{key}'] is not {ours} or a subclass of it.",
                    hint=f"In your settings: {_WIRING}",
                    id="provider_site.E004",
                )
            )
    return problems


def _is_subclass(value: Any, ours: str) -> bool:
    try:
        chosen = import_string(value) if isinstance(value, str) else value
        return isinstance(chosen, type) and issubclass(chosen, import_string(ours))
    except ImportError:
        return False


@register(Tags.urls)
def check_urls(app_configs: Any, **_kwargs: Any) -> list[CheckMessage]:
    """Report endpoints without an address (W001; where hosts are routed by name, silence it) or a wrong one (W003)."""
    try:
        discovery = reverse("oauth2_provider:oidc-connect-discovery-info")
        reverse("provider_site:connected-apps")
    except NoReverseMatch:
        return [
            checks.Warning(
                "The provider's addresses are not in ROOT_URLCONF.",
                hint='In urls.py: urlpatterns = [path("", include("provider_site.urls")), ...]',
                id="provider_site.W001",
            )
        ]
    try:
        expected = urlsplit(provider_settings.issuer).path + "/.well-known/openid-configuration"
    except ImproperlyConfigured:
        return []  # another check reports it
    if discovery != expected:
        return [
            checks.Warning(
                f"Clients look for the metadata at {expected}, and it is at {discovery} (OpenID Discovery 4).",
                hint="Give the issuer the path that provider_site.urls is included under, or include it at the root.",
                id="provider_site.W003",
            )
        ]
    return []


@register()
def check_storage(app_configs: Any, **_kwargs: Any) -> list[CheckMessage]:
    """Report that avatars would land in the working directory (W002)."""
    try:
        storage = avatar_storage()
        in_working_directory = isinstance(storage, FileSystemStorage) and not storage.base_location
    except InvalidStorageError:
        return []  # STORAGES without "default" is for Django to report
    if in_working_directory:
        return [
            checks.Warning(
                "MEDIA_ROOT is empty, so avatars would be written to the directory the server was started in.",
                hint='In your settings: MEDIA_ROOT = BASE_DIR / "media" or STORAGES["provider_site"].',
                id="provider_site.W002",
            )
        ]
    return []


@register(Tags.database)
def check_sectors(app_configs: Any, databases: Any = None, **_kwargs: Any) -> list[CheckMessage]:
    """Report applications with pairwise subjects of no sector (W008): ``check --database``, and before ``migrate``."""
    if router.db_for_read(Registration) not in (databases or ()):
        return []
    rows = Registration.objects.filter(subject_type=Registration.SubjectType.PAIRWISE, sector_identifier="")
    try:
        client_ids = list(rows.order_by("pk").values_list("application__client_id", flat=True)[:_NAMED])
    except DatabaseError:
        return []  # the table is made, or gets its columns, by the very migrate that asks
    if not client_ids:
        return []
    return [
        checks.Warning(
            f"These have pairwise subjects without a sector, and share them with nobody: {', '.join(client_ids)}.",
            hint="They were changed past the forms. Choose the subject identifier in the admin (OpenID Core 8.1).",
            id="provider_site.W008",
        )
    ]


@register(Tags.database)
def check_signing_keys(app_configs: Any, databases: Any = None, **_kwargs: Any) -> list[CheckMessage]:
    """Report private keys that can't be opened (E022), applications whose algorithm is not offered (W023)."""
    if not databases or router.db_for_read(Registration) not in databases:
        return []
    try:
        sealed_otherwise = key_life.unsealable()
        rows = Registration.objects.exclude(id_token_alg__in=provider_settings.signing_algorithms)
        client_ids = list(rows.order_by("pk").values_list("application__client_id", flat=True)[:_NAMED])
    except (DatabaseError, ImproperlyConfigured):
        return []  # the tables are made by the very migrate that asks; another check reports a setting
    problems: list[CheckMessage] = []
    if sealed_otherwise:
        text = f"No secret of KEY_RING opens these signing keys: {', '.join(sealed_otherwise[:_NAMED])}."
        hint = (
            "Put the secret that sealed them back into PROVIDER_SITE['KEY_RING']; if it is lost: "
            "manage.py rotate_signing_keys --compromised KID."
        )
        problems.append(Error(text, hint=hint, id="provider_site.E022"))
    if client_ids:
        text = f"SIGNING_ALGORITHMS does not offer what these applications chose: {', '.join(client_ids)}."
        hint = "They keep it, with keys of its own, until another algorithm is chosen for their ID tokens."
        problems.append(checks.Warning(text, hint=hint, id="provider_site.W023"))
    return problems


@register(Tags.security, deploy=True)
def check_deployment(app_configs: Any, **_kwargs: Any) -> list[CheckMessage]:
    """Report an issuer in clear (E010, RFC 8414 2), open RFC 9700 gates (W011), what else is open (W012–W016)."""
    everywhere = [*_issuer_in_clear(), *_open_gates(), *_open_registration(), *_open_loopback()]
    return [*everywhere, *_open_browsers(), *_bare_endpoints(), *_limits_of_one_process()]


def _issuer_in_clear() -> Iterable[CheckMessage]:
    try:
        parts = urlsplit(provider_settings.issuer)
    except ImproperlyConfigured:
        return
    if parts.scheme != "https" and not _is_loopback(parts.hostname or ""):
        yield Error(
            "The issuer is not https (RFC 8414 2, OpenID Core 16.17).",
            hint='PROVIDER_SITE["ISSUER"] = "https://…"; terminate TLS before Django.',
            id="provider_site.E010",
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _open_gates() -> Iterable[CheckMessage]:
    configured = getattr(settings, "OAUTH2_PROVIDER", None) or {}
    for gate in _RFC9700_GATES:
        if not configured.get(gate):
            yield checks.Warning(
                f"OAUTH2_PROVIDER['{gate}'] is off (RFC 9700 2).",
                hint=f"In your settings: {_WIRING}",
                id="provider_site.W011",
            )


def _open_registration() -> Iterable[CheckMessage]:
    try:
        is_open = provider_settings.who_may_register == "everyone"
    except ImproperlyConfigured:
        return  # another check reports it
    if is_open:
        yield checks.Warning(
            "Everyone with an account may register applications, under any name, and try them with test users "
            "(RFC 7591 5).",
            hint='PROVIDER_SITE["WHO_MAY_REGISTER"] = "verified", "staff" or "nobody".',
            id="provider_site.W012",
        )


def _open_loopback() -> Iterable[CheckMessage]:
    if provider_settings.outbound_allow_loopback_http:
        yield checks.Warning(
            "An application's address for security events may be on this machine, and in clear (RFC 8935 5).",
            hint="PROVIDER_SITE['OUTBOUND_ALLOW_LOOPBACK_HTTP'] = False; it is for development.",
            id="provider_site.W013",
        )


def _open_browsers() -> Iterable[CheckMessage]:
    if not sessions.keeps_browser_state():
        yield checks.Warning(
            "A browser signed out from elsewhere keeps the host's own pages open (OpenID Back-Channel Logout 2.7).",
            hint=f'Add "{sessions.MIDDLEWARE}" to MIDDLEWARE, after the one of django.contrib.auth.',
            id="provider_site.W014",
        )


def _bare_endpoints() -> Iterable[CheckMessage]:
    names = list(settings.MIDDLEWARE)
    if {_ENDPOINTS, _SECURITY} <= set(names) and names.index(_ENDPOINTS) < names.index(_SECURITY):
        yield checks.Warning(
            "Token and userinfo endpoints answer without the security headers, and in clear (RFC 6749 3.2).",
            hint=f'In MIDDLEWARE, put "{_ENDPOINTS}" below "{_SECURITY}".',
            id="provider_site.W015",
        )


def _limits_of_one_process() -> Iterable[CheckMessage]:
    cache, workers = caches["default"], host_rules.workers(os.environ)
    if isinstance(cache, DummyCache):
        told = "The default cache keeps nothing, so that codes and secrets may be guessed without limit (RFC 8628 5.1)."
    elif isinstance(cache, LocMemCache) and workers > 1:
        told = (
            f"{workers} processes, and a default cache of each its own: guesses at codes and secrets are limited per "
            "process, so that so many times as many are free (RFC 8628 5.1)."
        )
    else:
        return
    hint = 'CACHES["default"] with "django.core.cache.backends.redis.RedisCache", on every host the same.'
    yield checks.Warning(told, hint=hint, id="provider_site.W016")
