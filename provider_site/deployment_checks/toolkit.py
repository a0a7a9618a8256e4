"""What ``OAUTH2_PROVIDER`` opens again that django-oauth-toolkit's own checks do not speak of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.conf import settings

from provider_site.conf import provider_settings
from site_doctor.rules import Rule, when

_LIFETIMES = {
    "AUTHORIZATION_CODE_EXPIRE_SECONDS": "AUTHORIZATION_CODE_SECONDS",
    "ACCESS_TOKEN_EXPIRE_SECONDS": "ACCESS_TOKEN_SECONDS",
    "ID_TOKEN_EXPIRE_SECONDS": "ID_TOKEN_SECONDS",
    "REFRESH_TOKEN_EXPIRE_SECONDS": "REFRESH_TOKEN_IDLE_SECONDS",
    "REFRESH_TOKEN_GRACE_PERIOD_SECONDS": "REFRESH_TOKEN_GRACE_SECONDS",
    "OIDC_JWKS_MAX_AGE_SECONDS": "JWKS_CACHE_SECONDS",
    "OIDC_ISS_ENDPOINT": "ISSUER",
}
_UNREVIEWED = ("DCR_ENABLED", "CIMD_ENABLED")
_PRIVATE_KEYS = ("OIDC_RSA_PRIVATE_KEY", "OIDC_RSA_PRIVATE_KEYS_INACTIVE")


def _configured() -> Mapping[str, object]:
    told = getattr(settings, "OAUTH2_PROVIDER", None)
    return told if isinstance(told, Mapping) else {}


def _names(key: str) -> list[str]:
    told = _configured().get(key)
    return [str(name) for name in told] if isinstance(told, list | tuple | set | frozenset) else []


def _is(key: str, value: object) -> Iterable[str]:
    return when(wrong=key in _configured() and _configured()[key] == value)


def _without_effect() -> Iterable[str]:
    issuer = provider_settings._user.get("ISSUER")
    return [
        f"{name}'] has no effect: PROVIDER_SITE['{ours}"
        for name, ours in _LIFETIMES.items()
        if name in _configured() and not (name == "OIDC_ISS_ENDPOINT" and _configured()[name] in {issuer, ""})
    ]


def _strange_schemes() -> Iterable[str]:
    return [scheme for scheme in _names("ALLOWED_REDIRECT_URI_SCHEMES") if scheme.lower() not in {"https", "http"}]


def _short_secrets() -> Iterable[str]:
    length = _configured().get("CLIENT_SECRET_GENERATOR_LENGTH", 128)
    return [str(length)] if isinstance(length, int) and length < 32 else []


RULES = (
    Rule(
        "dot-pkce",
        "OAUTH2_PROVIDER['PKCE_REQUIRED'] is no plain True: a stolen code can be redeemed",
        'OAUTH2_PROVIDER = dot_settings(), without "PKCE_REQUIRED"; one client is exempted in the admin',
        "RFC 9700 2.1.1",
        lambda: when(wrong=_configured().get("PKCE_REQUIRED", True) is not True),
        id="provider_site.W030",
    ),
    Rule(
        "dot-rotation",
        "OAUTH2_PROVIDER['ROTATE_REFRESH_TOKEN'] is off: a stolen refresh token works unnoticed",
        'OAUTH2_PROVIDER = dot_settings(), without "ROTATE_REFRESH_TOKEN"',
        "RFC 9700 4.14.2",
        lambda: _is("ROTATE_REFRESH_TOKEN", False),
        id="provider_site.W031",
    ),
    Rule(
        "dot-schemes",
        "OAUTH2_PROVIDER['ALLOWED_REDIRECT_URI_SCHEMES'] has {}: any app on a device may claim such an address and "
        "take the code",
        'OAUTH2_PROVIDER["ALLOWED_REDIRECT_URI_SCHEMES"] = ["https", "http"]',
        "RFC 8252 7.1",
        _strange_schemes,
        id="provider_site.W032",
    ),
    Rule(
        "dot-wildcards",
        "OAUTH2_PROVIDER['ALLOW_URI_WILDCARDS'] is on: a code goes to every host that a pattern fits",
        'OAUTH2_PROVIDER["ALLOW_URI_WILDCARDS"] = False',
        "RFC 9700 2.1",
        lambda: _is("ALLOW_URI_WILDCARDS", True),
        id="provider_site.W033",
    ),
    Rule(
        "dot-localhost",
        "OAUTH2_PROVIDER['ALLOW_LOCALHOST_LOOPBACK'] is on: localhost is a name that may lead elsewhere",
        'OAUTH2_PROVIDER["ALLOW_LOCALHOST_LOOPBACK"] = False; native apps register http://127.0.0.1',
        "RFC 8252 8.3",
        lambda: _is("ALLOW_LOCALHOST_LOOPBACK", True),
        id="provider_site.W034",
    ),
    Rule(
        "dot-origins",
        "OAUTH2_PROVIDER['ALLOWED_SCHEMES'] has http: scripts of pages in clear may call token and userinfo",
        'OAUTH2_PROVIDER["ALLOWED_SCHEMES"] = ["https"]',
        "RFC 9700 2.6",
        lambda: when(wrong="http" in [scheme.lower() for scheme in _names("ALLOWED_SCHEMES")]),
        id="provider_site.W035",
    ),
    Rule(
        "dot-unreviewed",
        "OAUTH2_PROVIDER['{}'] is on: applications come in past review and owners",
        'OAUTH2_PROVIDER["{}"] = False',
        "RFC 7591 5",
        lambda: [name for name in _UNREVIEWED if _configured().get(name)],
        id="provider_site.W036",
    ),
    Rule(
        "dot-secrets",
        "OAUTH2_PROVIDER['CLIENT_SECRET_GENERATOR_LENGTH'] is {}: such secrets are guessed",
        'Remove "CLIENT_SECRET_GENERATOR_LENGTH" from OAUTH2_PROVIDER: it is 128 then.',
        "RFC 6749 10.10",
        _short_secrets,
        id="provider_site.W037",
    ),
    Rule(
        "dot-key",
        "OAUTH2_PROVIDER['{}'] is a private key in the settings, in clear; the keys here are made, rotated and sealed "
        "in the database",
        'Remove "{}" from OAUTH2_PROVIDER, once no token of it is alive (docs/signing-keys.md).',
        "RFC 6819 5.1.4.1.3",
        lambda: [name for name in _PRIVATE_KEYS if _configured().get(name)],
        id="provider_site.W038",
    ),
    Rule(
        "dot-without-effect",
        "OAUTH2_PROVIDER['{}'] rules: what was meant to be short or strict may not be",
        "Remove it from OAUTH2_PROVIDER, and set the other where its default is not what you want.",
        "RFC 9700 4.14.2",
        _without_effect,
        id="provider_site.W039",
    ),
    Rule(
        "dot-oidc",
        "OAUTH2_PROVIDER['OIDC_ENABLED'] is off: parts of django-oauth-toolkit answer as plain OAuth, without nonce",
        'OAUTH2_PROVIDER["OIDC_ENABLED"] = True',
        "OpenID Core 3.1.2.1",
        lambda: _is("OIDC_ENABLED", False),
        id="provider_site.W040",
    ),
)
