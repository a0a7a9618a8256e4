"""Switch the project to stock DOT for a while: DOT's default settings, views, validator, admin and templates.

Same process, same tables, same people. What is taken out is what this project puts in the place of DOT's own: its
``OAUTH2_PROVIDER``, its addresses and its middleware (Django's own from ``startproject`` stand in).
"""

import functools
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import override_settings
from oauth2_provider.views.mixins import OAuthLibMixin

SCOPES = {
    "openid": "Sign you in",
    "nickname": "See your nickname",
    "offline_access": "Stay signed in",
    "introspection": "Look into tokens",
    "read": "Read everything",
    "write": "Change everything",
}

CONTRIB = "django.contrib"
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    f"{CONTRIB}.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    f"{CONTRIB}.auth.middleware.AuthenticationMiddleware",
    f"{CONTRIB}.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                f"{CONTRIB}.auth.context_processors.auth",
                f"{CONTRIB}.messages.context_processors.messages",
            ]
        },
    }
]


@functools.cache
def rsa_key() -> str:
    """Return a throw-away private key, as PEM."""
    return make_rsa_key()


def make_rsa_key() -> str:
    """Return another throw-away private key, as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return pem.decode()


def dot_settings(**changes: Any) -> dict[str, Any]:
    """Return DOT's defaults with OpenID Connect and its logout switched on, changed."""
    return {
        "OIDC_ENABLED": True,
        "OIDC_RSA_PRIVATE_KEY": rsa_key(),
        "OIDC_RP_INITIATED_LOGOUT_ENABLED": True,
        "SCOPES": SCOPES,
        **changes,
    }


def _classes(base: type) -> Iterator[type]:
    yield base
    for child in base.__subclasses__():
        yield from _classes(child)


def forget_cores() -> None:
    """Drop the oauthlib core that each of DOT's views keeps: it holds the settings of its first request."""
    for view in _classes(OAuthLibMixin):
        if "_oauthlib_core" in vars(view):
            del view._oauthlib_core  # type: ignore[attr-defined]  # DOT sets it on the class


@contextmanager
def stock_dot(**changes: Any) -> Iterator[None]:
    """Serve stock DOT while the block runs; ``changes`` are those a host would make to ``OAUTH2_PROVIDER``.

    What DOT warns of is no error here: a host's server does not stop for it.
    """
    settings = override_settings(
        OAUTH2_PROVIDER=dot_settings(**changes),
        ROOT_URLCONF="tests.defects.stock.urls",
        MIDDLEWARE=MIDDLEWARE,
        TEMPLATES=TEMPLATES,
        SESSION_ENGINE=f"{CONTRIB}.sessions.backends.db",
        AUTHENTICATION_BACKENDS=[f"{CONTRIB}.auth.backends.ModelBackend"],
        LOGIN_URL="/accounts/login/",
    )
    with warnings.catch_warnings(), settings:
        warnings.simplefilter("ignore")
        forget_cores()
        try:
            yield
        finally:
            forget_cores()
