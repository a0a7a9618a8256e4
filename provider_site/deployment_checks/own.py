"""What of ``PROVIDER_SITE`` is unsafe, though it can be read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from provider_site.conf import provider_settings
from site_doctor import host_rules
from site_doctor.rules import Rule, mapping, value, when

OVERLOAD = "provider_site.middleware.OverloadMiddleware"
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
# Setting, property, the longest that is sound in seconds.
_LONGEST = (
    ("AUTHORIZATION_CODE_SECONDS", "authorization_code_lifetime", 10 * _MINUTE),
    ("ACCESS_TOKEN_SECONDS", "access_token_lifetime", _HOUR),
    ("ID_TOKEN_SECONDS", "id_token_lifetime", _HOUR),
    ("REFRESH_TOKEN_IDLE_SECONDS", "refresh_token_idle_lifetime", 180 * _DAY),
    ("REFRESH_TOKEN_GRACE_SECONDS", "refresh_token_grace", _MINUTE),
    ("AUTHORIZATION_REQUEST_SECONDS", "authorization_request_lifetime", _DAY),
    ("DEVICE_CODE_SECONDS", "device_code_lifetime", 30 * _MINUTE),
    ("RECENT_SIGN_IN_SECONDS", "recent_sign_in", 12 * _HOUR),
)


def readable(read: Callable[[], Any], otherwise: Any) -> Any:
    """Return a setting, or ``otherwise`` where it can't be read: ``check`` says so."""
    try:
        return read()
    except (ImproperlyConfigured, ImportError, TypeError, ValueError):
        return otherwise


def trusted_proxies() -> int:
    """Return ``TRUSTED_PROXIES``; 0 where it can't be read."""
    return int(readable(lambda: provider_settings.trusted_proxies, 0))


def _too_long() -> Iterable[str]:
    for key, name, most in _LONGEST:
        told: timedelta = readable(partial(getattr, provider_settings, name), timedelta())
        if told.total_seconds() > most:
            yield f"PROVIDER_SITE['{key}'] is more than {most}"


def _unlimited() -> Iterable[str]:
    limits = readable(lambda: provider_settings.rate_limits, {})
    return [name for name, rate in limits.items() if rate is None]


def _wide_networks() -> Iterable[str]:
    networks = readable(lambda: provider_settings.outbound_allowed_networks, ())
    return [
        str(network) for network in networks if network.is_loopback or network.is_link_local or network.prefixlen < 8
    ]


def _unverified() -> Iterable[str]:
    if "allauth.account" not in settings.INSTALLED_APPS or value("ACCOUNT_EMAIL_VERIFICATION", "optional") != "none":
        return []
    is_told = mapping("PROVIDER_SITE").get("EMAIL_VERIFIED") is not None
    return when(wrong=is_told or readable(lambda: provider_settings.who_may_register, "") == "verified")


def _overload_missing() -> Iterable[str]:
    return when(wrong=trusted_proxies() > 0 and OVERLOAD not in settings.MIDDLEWARE)


def _waits_for_ever() -> Iterable[str]:
    waits = readable(lambda: provider_settings.max_queue, 0) == float("inf")
    return when(wrong=waits and trusted_proxies() > 0)


def _counted_alone() -> Iterable[str]:
    alias = readable(lambda: provider_settings.limits_cache, "default")
    # The default cache has a check of its own, W016.
    return [] if alias == "default" else host_rules.own_to_each_process(alias)


RULES = (
    Rule(
        "lifetimes",
        "{} seconds: what is stolen works that much longer",
        "Set it lower in PROVIDER_SITE, or leave it out: the default is short.",
        "RFC 6749 4.1.2, RFC 9700 2.2.2 and 4.14.2, RFC 8628 5.2",
        _too_long,
        id="provider_site.W017",
    ),
    Rule(
        "rate-limits",
        "PROVIDER_SITE['RATE_LIMITS'] limits {} not at all",
        'Take {} out of RATE_LIMITS, or give it a rate: PROVIDER_SITE["RATE_LIMITS"]["{}"] = "…/m"',
        "RFC 6749 2.3.1",
        _unlimited,
        id="provider_site.W018",
    ),
    Rule(
        "limits-cache",
        "The cache named by PROVIDER_SITE['LIMITS_CACHE'] is {}: limits are not those of the site",
        'CACHES[…] with "django.core.cache.backends.redis.RedisCache", on every host the same.',
        "RFC 6749 2.3.1",
        _counted_alone,
        id="provider_site.W019",
    ),
    Rule(
        "overload",
        "TRUSTED_PROXIES is set, and OverloadMiddleware is missing: under too many requests all are answered too late",
        f'Add to MIDDLEWARE, as far up as can be: "{OVERLOAD}"',
        "RFC 9110 15.6.4",
        _overload_missing,
        id="provider_site.W020",
    ),
    Rule(
        "queue",
        "PROVIDER_SITE['MAX_QUEUE_SECONDS'] is None: requests that nobody waits for any more are answered first",
        'PROVIDER_SITE["MAX_QUEUE_SECONDS"] = 5',
        "RFC 9110 15.6.4",
        _waits_for_ever,
        id="provider_site.W021",
    ),
    Rule(
        "key-ring",
        "A secret in PROVIDER_SITE['KEY_RING'] {}: whoever has that has the signing keys, too",
        "Put a new one in front, run manage.py rotate_key_ring, and take the old one out.",
        "RFC 6819 5.1.4.2.2",
        lambda: host_rules.weak_secrets(readable(lambda: provider_settings.key_ring, ())),
        id="provider_site.W022",
    ),
    Rule(
        "networks",
        "PROVIDER_SITE['OUTBOUND_ALLOWED_NETWORKS'] has {}: addresses that developers enter reach into the machine, "
        "the cloud's metadata or half of the net",
        'PROVIDER_SITE["OUTBOUND_ALLOWED_NETWORKS"] = ["10.1.0.0/16"], only what receivers live in',
        "RFC 9728 7.7",
        _wide_networks,
        id="provider_site.W024",
    ),
    Rule(
        "ca-bundle",
        "PROVIDER_SITE['OUTBOUND_CA_BUNDLE'] can't be read: {}",
        "Name a file of certificates that the server may read, or leave it out.",
        "RFC 9700 2.6",
        lambda: host_rules.unreadable_file(mapping("PROVIDER_SITE").get("OUTBOUND_CA_BUNDLE")),
        id="provider_site.W025",
    ),
    Rule(
        "unverified",
        "ACCOUNT_EMAIL_VERIFICATION is none, while addresses are told to applications as verified, or open the "
        "registration",
        'ACCOUNT_EMAIL_VERIFICATION = "mandatory"',
        "OpenID Core 5.7",
        _unverified,
        id="provider_site.W026",
    ),
)
