"""Which words of a proxy in front are believed, and whether all who ask agree (RFC 9700 4.13)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.apps import apps

from site_doctor.rules import Rule, value, when


@dataclass(frozen=True, slots=True)
class Counts:
    """How many proxies an app trusts, by which line, and whether that number can be told at all."""

    line: str
    trusted: Callable[[], int]


def _says_https() -> bool:
    return value("SECURE_PROXY_SSL_HEADER") is not None


def rules(counts: Counts) -> tuple[Rule, ...]:
    """Return the rules for an app that counts its proxies so."""
    return (
        Rule(
            "proxy-uncounted",
            "SECURE_PROXY_SSL_HEADER says that a proxy stands in front, and no trusted proxy is counted: all clients "
            "are one address, and one of them uses up the limits of all",
            f"{counts.line} = 1, or how many of your own proxies a request passes",
            "RFC 9700 4.13",
            lambda: when(wrong=_says_https() and counts.trusted() == 0),
        ),
        Rule(
            "proxy-in-clear",
            "Proxies are trusted, and without SECURE_PROXY_SSL_HEADER every request is taken for one in clear: "
            "redirects to https go round and round, and cookies and addresses are those of http",
            'SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https"), where the proxy sets that field itself',
            "RFC 9700 4.13",
            lambda: when(wrong=not _says_https() and counts.trusted() > 0),
        ),
    )


def _allauth_counts_otherwise(trusted: int) -> bool:
    if not apps.is_installed("allauth") or value("ALLAUTH_TRUSTED_CLIENT_IP_HEADER"):
        return False
    return int(str(value("ALLAUTH_TRUSTED_PROXY_COUNT", 0))) != trusted


def agreement(counts: Counts) -> Rule:
    """Return the rule that allauth counts as many proxies as the app."""
    return Rule(
        "proxy-otherwise",
        "ALLAUTH_TRUSTED_PROXY_COUNT is not TRUSTED_PROXIES: sign-ins are limited by another address than tokens, "
        "perhaps by one that the client has chosen",
        f"ALLAUTH_TRUSTED_PROXY_COUNT = {counts.line}",
        "RFC 9700 4.13",
        lambda: when(wrong=_allauth_counts_otherwise(counts.trusted())),
    )
