"""The settings of how people sign in: at which pages, and what that is worth."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.utils.module_loading import import_string

from provider_site.settings_reader import SettingsReader

# What `acr` says, from the weakest: REFEDS Single-Factor and Multi-Factor Authentication Profile, and OpenID EAP ACR
# Values 1.0, 2 ("phishing-resistant"). A stronger one includes the weaker.
SINGLE_FACTOR = "https://refeds.org/profile/sfa"
MULTI_FACTOR = "https://refeds.org/profile/mfa"
PHISHING_RESISTANT = "phr"
CONTEXTS = (SINGLE_FACTOR, MULTI_FACTOR, PHISHING_RESISTANT)


class SignInSettings(SettingsReader):
    """The host's own pages for accounts, as far as the provider leads people there."""

    @cached_property
    def account_switch_url(self) -> str:
        """``SWITCH_ACCOUNT_URL``: URL or pattern name where a person signs in as somebody else; ``LOGIN_URL``."""
        return str(self._user.get("SWITCH_ACCOUNT_URL") or settings.LOGIN_URL)

    @cached_property
    def signup_url(self) -> str | None:
        """``SIGNUP_URL``: URL or pattern name where a person makes an account, for ``prompt=create``; not offered."""
        value = self._user.get("SIGNUP_URL")
        return str(value) if value else None

    @cached_property
    def reauthenticate_url(self) -> str | None:
        """``REAUTHENTICATE_URL``: URL or pattern name where a signed-in person proves again who they are.

        ``None``, the default, signs the person out and in again at ``LOGIN_URL``, which works with any login page.
        """
        value = self._user.get("REAUTHENTICATE_URL")
        return str(value) if value else None

    @cached_property
    def step_up(self) -> Callable[[HttpRequest, Sequence[str]], str | None]:
        """``STEP_UP``: callable or dotted path: request and ``acr`` values to the address of a page, or ``None``.

        The page is where the signed-in person reaches one of these authentication contexts, as with a second factor; it
        takes ``next``. ``None``: this person has no such means. Not set: nobody has.
        """
        value = self._user.get("STEP_UP")
        if value is None:
            return lambda _request, _contexts: None
        found: Callable[[HttpRequest, Sequence[str]], str | None]
        found = import_string(value) if isinstance(value, str) else value
        return found

    @cached_property
    def authentication_methods(self) -> Callable[[HttpRequest], Iterable[str]] | None:
        """``AUTHENTICATION_METHODS``: callable or dotted path: request to how its person signed in (RFC 8176 names).

        Not set, it is read from what allauth keeps in the session, and a sign-in by Django's own ``ModelBackend`` was
        one by password.
        """
        value: Any = self._user.get("AUTHENTICATION_METHODS")
        found: Callable[[HttpRequest], Iterable[str]] | None = import_string(value) if isinstance(value, str) else value
        return found

    @cached_property
    def acr_values(self) -> Sequence[str]:
        """``ACR_VALUES``: which ``acr`` values people can reach at the host's sign-in pages, for the metadata.

        Of ``sign_in_settings.CONTEXTS``. Not set: all of them where ``allauth.mfa`` is installed, and one factor
        without it.

        Raises ImproperlyConfigured for another value.
        """
        known = CONTEXTS if apps.is_installed("allauth.mfa") else CONTEXTS[:1]
        value = self._user.get("ACR_VALUES", known)
        if isinstance(value, str) or not set(value) <= set(CONTEXTS):
            raise ImproperlyConfigured(f"PROVIDER_SITE['ACR_VALUES'] is a list of: {', '.join(CONTEXTS)}.")
        return tuple(name for name in CONTEXTS if name in value)
