"""What Django's own ``check --deploy`` does not say of a host's settings, and a site that signs people in must know."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.core.cache import InvalidCacheBackendError, caches
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.locmem import LocMemCache

from site_doctor.rules import Rule, mapping, value, when

# What writes requests, tokens or statements with their values when it may say everything.
_TALKATIVE = ("oauthlib", "requests_oauthlib", "oauth2_provider", "allauth", "urllib3", "django.db.backends")
_WEAK_HASHERS = ("MD5", "SHA1", "Unsalted", "Crypt")
_NOWHERE = ("console", "dummy", "locmem", "filebased")
_ENVIRONMENT = ("OAUTHLIB_INSECURE_TRANSPORT", "OAUTHLIB_RELAX_TOKEN_SCOPE")
_UPLOADS = ("DATA_UPLOAD_MAX_MEMORY_SIZE", "DATA_UPLOAD_MAX_NUMBER_FIELDS", "DATA_UPLOAD_MAX_NUMBER_FILES")
_COOKIES = ("SESSION_COOKIE", "CSRF_COOKIE")


def _atomic() -> Iterable[str]:
    return [name for name, database in settings.DATABASES.items() if database.get("ATOMIC_REQUESTS")]


def _wild_origins() -> Iterable[str]:
    return [origin for origin in settings.CSRF_TRUSTED_ORIGINS if "*" in origin or origin.startswith("http://")]


def _cookie_domains() -> Iterable[str]:
    return [f"{cookie}_DOMAIN" for cookie in _COOKIES if value(f"{cookie}_DOMAIN")]


def _cross_site_cookies() -> Iterable[str]:
    return [f"{name}_SAMESITE" for name in _COOKIES if str(value(f"{name}_SAMESITE")).lower() in {"none", "false"}]


def _unlimited_uploads() -> Iterable[str]:
    return [name for name in _UPLOADS if value(name) is None]


def _weak_hasher() -> Iterable[str]:
    first = settings.PASSWORD_HASHERS[0].rpartition(".")[2] if settings.PASSWORD_HASHERS else ""
    return [first] if any(word in first for word in _WEAK_HASHERS) else []


def _level(logging: Mapping[str, object], name: str) -> str:
    """Return the level that a LOGGING setting gives a logger: its own, that of the nearest above it, the root's."""
    loggers = logging.get("loggers")
    known = loggers if isinstance(loggers, Mapping) else {}
    while name:
        if level := (known.get(name) or {}).get("level"):
            return str(level)
        name = name.rpartition(".")[0]
    root = known.get("") or logging.get("root")
    return str(root.get("level") or "WARNING") if isinstance(root, Mapping) else "WARNING"


def _says_everything() -> Iterable[str]:
    logging = mapping("LOGGING")
    return [name for name in _TALKATIVE if _level(logging, name).upper() in {"DEBUG", "NOTSET", "10", "0"}]


def _mail_nowhere() -> Iterable[str]:
    backend = settings.EMAIL_BACKEND
    return [backend] if any(f".{word}." in backend for word in _NOWHERE) else []


def _open_cors() -> Iterable[str]:
    if not apps.is_installed("corsheaders"):
        return []
    return [name for name in ("CORS_ALLOW_ALL_ORIGINS", "CORS_ORIGIN_ALLOW_ALL") if value(name)]


def workers(environ: Mapping[str, str]) -> int:
    """Return how many processes the environment tells a server to start: gunicorn, uvicorn, granian; 1 for no word."""
    told = f"--workers {environ.get('WEB_CONCURRENCY', '')} {environ.get('GUNICORN_CMD_ARGS', '')} "
    told += f"--workers {environ.get('GRANIAN_WORKERS', '')} "
    return max(1, *map(int, re.findall(r"(?:--workers|-w)[ =]*([0-9]+)", told)), 1)


def own_to_each_process(alias: str) -> Iterable[str]:
    """Return why the limits counted in a cache hold in one process alone, or nowhere."""
    try:
        cache, count = caches[alias], workers(os.environ)
    except InvalidCacheBackendError:
        return ["not there"]
    if isinstance(cache, DummyCache):
        return ["one that keeps nothing"]
    return [f"one for each of {count} processes"] if isinstance(cache, LocMemCache) and count > 1 else []


def weak_secrets(ring: Iterable[object]) -> Iterable[str]:
    """Return why secrets that seal others are none: they are Django's own, or of few different characters."""
    secrets = [secret for secret in ring if isinstance(secret, str)]
    if settings.SECRET_KEY in secrets or any(key in secrets for key in settings.SECRET_KEY_FALLBACKS):
        yield "is Django's SECRET_KEY"
    if any(len(set(secret)) < 8 for secret in secrets):
        yield "has fewer than 8 different characters"


def unreadable_file(path: object) -> Iterable[str]:
    """Return the name of a file that is configured and can't be read."""
    return [str(path)] if isinstance(path, str | Path) and path and not os.access(path, os.R_OK) else []


RULES = (
    Rule(
        "any-host",
        "ALLOWED_HOSTS has '*': every name in a Host header is believed, and stands in e-mails and addresses",
        'ALLOWED_HOSTS = ["id.example.com"]',
        "RFC 9700 4.13",
        lambda: when(wrong="*" in settings.ALLOWED_HOSTS),
    ),
    Rule(
        "forwarded-host",
        "USE_X_FORWARDED_HOST is on: whoever's proxy does not overwrite X-Forwarded-Host chooses this site's name",
        "Have the proxy pass Host on, and: USE_X_FORWARDED_HOST = False",
        "RFC 9700 4.13",
        lambda: when(wrong=settings.USE_X_FORWARDED_HOST),
    ),
    Rule(
        "atomic",
        "DATABASES['{}']['ATOMIC_REQUESTS'] is on: what a refused request has to leave behind (a replayed code's "
        "revocation, a counted guess) is rolled back with it",
        'DATABASES["{}"]["ATOMIC_REQUESTS"] = False',
        "RFC 9700 4.14.2",
        _atomic,
    ),
    Rule(
        "cookie-sessions",
        "Sessions live in cookies, where nobody can end them: a sign-out leaves a copied one alive",
        'SESSION_ENGINE = "django.contrib.sessions.backends.db"',
        "OpenID Back-Channel Logout 2.7",
        lambda: when(wrong=settings.SESSION_ENGINE.endswith("signed_cookies")),
    ),
    Rule(
        "long-sessions",
        "SESSION_COOKIE_AGE is more than 90 days: a browser left behind stays signed in",
        "SESSION_COOKIE_AGE = 14 * 86400",
        "RFC 6819 5.1.5.3",
        lambda: when(wrong=settings.SESSION_COOKIE_AGE > 90 * 86400),
    ),
    Rule(
        "cookie-domain",
        "{} is set: every other host of that domain is sent the cookie, and may set one",
        "{} = None",
        "RFC 6265 8.6",
        _cookie_domains,
    ),
    Rule(
        "cross-site-cookie",
        "{} lets requests from every site come as the person who is signed in here",
        '{} = "Lax"',
        "RFC 6749 10.12",
        _cross_site_cookies,
    ),
    Rule(
        "trusted-origins",
        "CSRF_TRUSTED_ORIGINS has {}: forms of hosts nobody has named, or in clear, are taken for our own",
        'CSRF_TRUSTED_ORIGINS = ["https://id.example.com"], each by its full name',
        "RFC 6749 10.12",
        _wild_origins,
    ),
    Rule(
        "referrer",
        "SECURE_REFERRER_POLICY is unsafe-url: codes and states in addresses are told to every site linked to",
        'SECURE_REFERRER_POLICY = "same-origin"',
        "RFC 9700 4.2.4",
        lambda: when(wrong="unsafe-url" in str(settings.SECURE_REFERRER_POLICY)),
    ),
    Rule(
        "uploads",
        "{} is None: one request may fill the memory",
        "Remove {} from your settings: Django's own limit is right.",
        "RFC 6819 4.4.1.11",
        _unlimited_uploads,
    ),
    Rule(
        "hashers",
        "Passwords are hashed by {}, which is guessed by the billion",
        'PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher", …]; the weak one last, if at all',
        "RFC 6819 5.1.4.1.3",
        _weak_hasher,
    ),
    Rule(
        "passwords",
        "AUTH_PASSWORD_VALIDATORS is empty: any password will do",
        'AUTH_PASSWORD_VALIDATORS = [{"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"}, …]',
        "RFC 6819 5.1.4.2.1",
        lambda: when(wrong=not settings.AUTH_PASSWORD_VALIDATORS),
    ),
    Rule(
        "logging",
        "LOGGING lets {} say everything: codes, tokens and secrets land in the log",
        'LOGGING["loggers"]["{}"] = {"level": "INFO"}',
        "RFC 6819 5.1.4.1.3",
        _says_everything,
    ),
    Rule(
        "mail",
        "EMAIL_BACKEND is {}: people are never told of a new sign-in, and never get a link to set a password",
        'EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"',
        "RFC 6819 5.1.3",
        _mail_nowhere,
    ),
    Rule(
        "cors",
        "{} is on: scripts of every site read what pages and the authorization endpoint answer",
        "{} = False, and CORS_URLS_REGEX for what is meant",
        "RFC 9700 2.6",
        _open_cors,
    ),
    Rule(
        "environment",
        "The environment has {}: a protection of the protocol library is off",
        "unset {}",
        "RFC 6749 3.1.2.1",
        lambda: [name for name in _ENVIRONMENT if os.environ.get(name)],
    ),
)
