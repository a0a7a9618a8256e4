"""All rules of a provider's deployment, and their registration."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.core.checks import CheckMessage, Tags, register

from provider_site.conf import provider_settings
from provider_site.deployment_checks import own, toolkit
from site_doctor import account_rules, host_rules, proxy_rules, rules
from site_doctor.rules import Rule, value, when

_COUNTS = proxy_rules.Counts('PROVIDER_SITE["TRUSTED_PROXIES"]', own.trusted_proxies)


def _letters_in_clear() -> Iterable[str]:
    issuer = own.readable(lambda: provider_settings.issuer, "")
    protocol = str(value("ACCOUNT_DEFAULT_HTTP_PROTOCOL", "http")).lower()
    return when(
        wrong=apps.is_installed("allauth.account") and urlsplit(issuer).scheme == "https" and protocol != "https"
    )


_HOST_IDS = {
    "any-host": "provider_site.W050",
    "forwarded-host": "provider_site.W051",
    "atomic": "provider_site.W052",
    "cookie-sessions": "provider_site.W053",
    "long-sessions": "provider_site.W054",
    "cookie-domain": "provider_site.W055",
    "cross-site-cookie": "provider_site.W056",
    "trusted-origins": "provider_site.W057",
    "referrer": "provider_site.W058",
    "uploads": "provider_site.W059",
    "hashers": "provider_site.W060",
    "passwords": "provider_site.W061",
    "logging": "provider_site.W062",
    "mail": "provider_site.W063",
    "cors": "provider_site.W064",
    "environment": "provider_site.W065",
}
_ACCOUNT_IDS = {
    "account-limits": "provider_site.W070",
    "enumeration": "provider_site.W071",
    "remembered": "provider_site.W072",
    "logout-on-get": "provider_site.W073",
    "confirmed-in": "provider_site.W074",
    "shared-address": "provider_site.W075",
    "mfa-bypass": "provider_site.W076",
    "passkeys-in-clear": "provider_site.W077",
}
_PROXY_IDS = {
    "proxy-uncounted": "provider_site.W027",
    "proxy-in-clear": "provider_site.W028",
    "proxy-otherwise": "provider_site.W029",
}
RULES: tuple[Rule, ...] = (
    *own.RULES,
    *rules.numbered([*proxy_rules.rules(_COUNTS), proxy_rules.agreement(_COUNTS)], _PROXY_IDS),
    *toolkit.RULES,
    *rules.numbered(host_rules.RULES, _HOST_IDS),
    *rules.numbered(account_rules.RULES, _ACCOUNT_IDS),
    Rule(
        "letters-in-clear",
        "The issuer is https, and links in e-mails are http: ACCOUNT_DEFAULT_HTTP_PROTOCOL",
        'ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https"',
        "RFC 9700 2.6",
        _letters_in_clear,
        id="provider_site.W078",
    ),
)


def check(app_configs: Any = None, **_kwargs: Any) -> list[CheckMessage]:
    """Report every unsafe setting of a deployment, with its section and the line to add."""
    return rules.messages(RULES)


def register_all() -> None:
    """Register the check, for ``--deploy`` alone."""
    register(check, Tags.security, deploy=True)
