"""What makes signing in by django-allauth unsafe; read from settings alone, where allauth is installed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.apps import apps

from site_doctor.rules import Rule, mapping, value, when

_GUESSES = ("login", "login_failed", "reset_password", "reset_password_from_key", "signup", "reauthenticate")


def _installed(name: str) -> bool:
    return apps.is_installed(f"allauth.{name}")


def _on(app: str, *names: str) -> bool:
    return _installed(app) and all(value(name) for name in names)


def _unlimited() -> Iterable[str]:
    limits = value("ACCOUNT_RATE_LIMITS", {})
    if not _installed("account"):
        return []
    if not isinstance(limits, Mapping):
        return ["everything"] if limits is False else []
    return [name for name in _GUESSES if name in limits and not limits[name]]


def _unverified_sign_in() -> Iterable[str]:
    if not _installed("socialaccount"):
        return
    if value("SOCIALACCOUNT_EMAIL_AUTHENTICATION"):
        yield "SOCIALACCOUNT_EMAIL_AUTHENTICATION"
    for name, options in mapping("SOCIALACCOUNT_PROVIDERS").items():
        if isinstance(options, Mapping):
            yield from (
                f"SOCIALACCOUNT_PROVIDERS['{name}']['{key}']"
                for key in ("EMAIL_AUTHENTICATION", "VERIFIED_EMAIL")
                if options.get(key)
            )


RULES = (
    Rule(
        "account-limits",
        "ACCOUNT_RATE_LIMITS lets {} be tried without limit: passwords and codes are guessed",
        "Take {} out of ACCOUNT_RATE_LIMITS, or the whole setting: allauth's own limits are right.",
        "RFC 6749 10.10",
        _unlimited,
    ),
    Rule(
        "enumeration",
        "ACCOUNT_PREVENT_ENUMERATION is off: whoever asks is told who has an account here",
        "ACCOUNT_PREVENT_ENUMERATION = True",
        "RFC 6819 4.4.3.6",
        lambda: when(wrong=_installed("account") and not value("ACCOUNT_PREVENT_ENUMERATION", True)),
    ),
    Rule(
        "remembered",
        "ACCOUNT_SESSION_REMEMBER is on: nobody is asked whether this browser is theirs, and all stay signed in",
        "ACCOUNT_SESSION_REMEMBER = None",
        "RFC 6819 5.1.5.3",
        lambda: when(wrong=_on("account", "ACCOUNT_SESSION_REMEMBER")),
    ),
    Rule(
        "logout-on-get",
        "ACCOUNT_LOGOUT_ON_GET is on: a picture on any site signs people out",
        "ACCOUNT_LOGOUT_ON_GET = False",
        "OpenID RP-Initiated Logout 6",
        lambda: when(wrong=_on("account", "ACCOUNT_LOGOUT_ON_GET")),
    ),
    Rule(
        "confirmed-in",
        "A link in an e-mail signs in whoever opens it: an attacker's own link puts people into the attacker's account",
        "ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = False",
        "RFC 9700 4.7",
        lambda: when(wrong=_on("account", "ACCOUNT_CONFIRM_EMAIL_ON_GET", "ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION")),
    ),
    Rule(
        "shared-address",
        "ACCOUNT_UNIQUE_EMAIL is off: one proven address may be that of two people",
        "ACCOUNT_UNIQUE_EMAIL = True",
        "OpenID Core 5.7",
        lambda: when(wrong=_installed("account") and not value("ACCOUNT_UNIQUE_EMAIL", True)),
    ),
    Rule(
        "mfa-bypass",
        "MFA_TOTP_INSECURE_BYPASS_CODE is set: one known code is everybody's second factor",
        "Remove MFA_TOTP_INSECURE_BYPASS_CODE: it is for tests.",
        "RFC 6238 5.1",
        lambda: when(wrong=_on("mfa", "MFA_TOTP_INSECURE_BYPASS_CODE")),
    ),
    Rule(
        "passkeys-in-clear",
        "MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN is on: passkeys are taken from pages in clear",
        "MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = False",
        "WebAuthn 13.4.9",
        lambda: when(wrong=_on("mfa", "MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN")),
    ),
    Rule(
        "social-get",
        "SOCIALACCOUNT_LOGIN_ON_GET is on: a link on any site signs people in, also into an attacker's account",
        "SOCIALACCOUNT_LOGIN_ON_GET = False",
        "RFC 9700 4.7",
        lambda: when(wrong=_on("socialaccount", "SOCIALACCOUNT_LOGIN_ON_GET")),
    ),
    Rule(
        "social-address",
        "{} is on: a provider that names somebody's e-mail address gets that person's account",
        "{} = False; people connect a further provider themselves, signed in.",
        "OpenID Core 5.7",
        _unverified_sign_in,
    ),
)
