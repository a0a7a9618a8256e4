"""What ``check --deploy`` says of a consumer's settings, beside ``consumer_site.checks`` (docs/checks.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.core.checks import CheckMessage, Tags, register
from django.core.exceptions import ImproperlyConfigured

from consumer_site.conf import consumer_settings
from consumer_site.http import is_loopback_host
from site_doctor import account_rules, host_rules, proxy_rules, rules
from site_doctor.rules import Rule, value, when

_TIMEOUTS = ("HTTP_CONNECT_TIMEOUT", "HTTP_READ_TIMEOUT", "HTTP_TOTAL_TIMEOUT")


def _readable(read: Callable[[], Any], otherwise: Any) -> Any:
    try:
        return read()
    except (ImproperlyConfigured, TypeError, ValueError, AttributeError):
        return otherwise  # check_settings says so


def _number(name: str) -> float:
    return float(_readable(lambda: getattr(consumer_settings, name), 0))


def _counted() -> int:
    return int(str(value("ALLAUTH_TRUSTED_PROXY_COUNT", 0)))


def _uncounted() -> int:
    """Return how many proxies allauth knows of; one where it reads a header that only a proxy sets."""
    return 1 if value("ALLAUTH_TRUSTED_CLIENT_IP_HEADER") else _counted()


def _wide_networks() -> Iterable[str]:
    networks = _readable(lambda: consumer_settings.ALLOWED_NETWORKS, ())
    return [str(one) for one in networks if one.is_loopback or one.is_link_local or one.prefixlen < 8]


def _site_in_clear() -> Iterable[str]:
    parts = urlsplit(str(_readable(lambda: consumer_settings.SITE_URL, "")))
    return when(wrong=parts.scheme == "http" and not is_loopback_host(parts.hostname or ""))


RULES: tuple[Rule, ...] = (
    *rules.numbered(account_rules.RULES, {"social-get": "consumer_site.W020", "social-address": "consumer_site.W021"}),
    Rule(
        "key-ring",
        'A secret in CONSUMER_SITE["KEY_RING"] {}: whoever has that has the stored tokens, too',
        "Put a new one in front, run manage.py reseal_tokens, and take the old one out.",
        "RFC 6819 5.1.4.2.2",
        lambda: host_rules.weak_secrets(_readable(lambda: consumer_settings.KEY_RING, ())),
        id="consumer_site.W022",
    ),
    Rule(
        "networks",
        'CONSUMER_SITE["ALLOWED_NETWORKS"] has {}: addresses that a provider names reach into the machine, the '
        "cloud's metadata or half of the net",
        'CONSUMER_SITE = {"ALLOWED_NETWORKS": ["10.1.0.0/16"], …}, only what your providers live in',
        "RFC 9728 7.7",
        _wide_networks,
        id="consumer_site.W023",
    ),
    Rule(
        "ca-bundle",
        'CONSUMER_SITE["HTTP_CA_BUNDLE"] can\'t be read: {}',
        "Name a file of certificates that the server may read, or leave it out.",
        "RFC 9700 2.6",
        lambda: host_rules.unreadable_file(_readable(lambda: consumer_settings.HTTP_CA_BUNDLE, None)),
        id="consumer_site.W024",
    ),
    Rule(
        "timeouts",
        'CONSUMER_SITE["{}"] is more than 60 seconds: a provider that hangs holds every worker',
        'Remove "{}" from CONSUMER_SITE: its default is short.',
        "RFC 6819 4.4.1.11",
        lambda: [name for name in _TIMEOUTS if _number(name) > 60],
        id="consumer_site.W025",
    ),
    Rule(
        "bytes",
        'CONSUMER_SITE["HTTP_MAX_BYTES"] is more than 16 MiB: a provider\'s answer may fill the memory',
        'Remove "HTTP_MAX_BYTES" from CONSUMER_SITE: 1 MiB is enough.',
        "RFC 6819 4.4.1.11",
        lambda: when(wrong=_number("HTTP_MAX_BYTES") > 16 * 1024 * 1024),
        id="consumer_site.W026",
    ),
    Rule(
        "leeway",
        'CONSUMER_SITE["CLOCK_LEEWAY_SECONDS"] is more than 300: ID tokens are believed long after their end',
        'Remove "CLOCK_LEEWAY_SECONDS" from CONSUMER_SITE, and have clocks set by NTP.',
        "OpenID Core 2",
        lambda: when(wrong=_number("CLOCK_LEEWAY_SECONDS") > 300),
        id="consumer_site.W027",
    ),
    Rule(
        "metadata",
        'CONSUMER_SITE["METADATA_CACHE_SECONDS"] is more than a day: a key that a provider has withdrawn is believed '
        "that long",
        'Remove "METADATA_CACHE_SECONDS" from CONSUMER_SITE: it is an hour then.',
        "OpenID Core 10.1.1",
        lambda: when(wrong=_number("METADATA_CACHE_SECONDS") > 86400),
        id="consumer_site.W028",
    ),
    Rule(
        "site-in-clear",
        'CONSUMER_SITE["SITE_URL"] is http: callbacks registered so bring codes in clear',
        'CONSUMER_SITE = {"SITE_URL": "https://app.example.com", …}',
        "RFC 9700 2.6",
        _site_in_clear,
        id="consumer_site.W029",
    ),
)
# Where a provider is in the same project, its checks say these.
ALONE: tuple[Rule, ...] = (
    *rules.numbered(
        proxy_rules.rules(proxy_rules.Counts("ALLAUTH_TRUSTED_PROXY_COUNT", _uncounted)),
        {"proxy-uncounted": "consumer_site.W030", "proxy-in-clear": "consumer_site.W031"},
    ),
    Rule(
        "limits",
        "The default cache is {}: sign-ins and received logout tokens are counted by each process for itself",
        'CACHES["default"] with "django.core.cache.backends.redis.RedisCache", on every host the same.',
        "RFC 6749 10.10",
        lambda: host_rules.own_to_each_process("default"),
        id="consumer_site.W032",
    ),
    *rules.numbered(
        # Sessions in cookies have a check of their own, W016.
        [rule for rule in host_rules.RULES if rule.name != "cookie-sessions"],
        {
            "any-host": "consumer_site.W050",
            "forwarded-host": "consumer_site.W051",
            "atomic": "consumer_site.W052",
            "long-sessions": "consumer_site.W054",
            "cookie-domain": "consumer_site.W055",
            "cross-site-cookie": "consumer_site.W056",
            "trusted-origins": "consumer_site.W057",
            "referrer": "consumer_site.W058",
            "uploads": "consumer_site.W059",
            "hashers": "consumer_site.W060",
            "passwords": "consumer_site.W061",
            "logging": "consumer_site.W062",
            "mail": "consumer_site.W063",
            "cors": "consumer_site.W064",
            "environment": "consumer_site.W065",
        },
    ),
    *rules.numbered(
        account_rules.RULES,
        {
            "account-limits": "consumer_site.W070",
            "enumeration": "consumer_site.W071",
            "remembered": "consumer_site.W072",
            "logout-on-get": "consumer_site.W073",
            "confirmed-in": "consumer_site.W074",
            "shared-address": "consumer_site.W075",
            "mfa-bypass": "consumer_site.W076",
            "passkeys-in-clear": "consumer_site.W077",
        },
    ),
)


def check(app_configs: Any = None, **_kwargs: Any) -> list[CheckMessage]:
    """Report every unsafe setting of a deployment, with its section and the line to add."""
    return rules.messages(RULES if apps.is_installed("provider_site") else (*RULES, *ALONE))


def register_all() -> None:
    """Register the check, for ``--deploy`` alone."""
    register(check, Tags.security, deploy=True)
