"""Read from the environment which providers this site is a client of, for a project's settings file.

Each variable that ends in a secret's name may end in ``_FILE`` instead, and then names a file that holds it.

==================================  ===================================================================================
HOUSE_ISSUER, HOUSE_CLIENT_ID       the OpenID provider: its address exactly as it publishes it, and this site's id
HOUSE_CLIENT_SECRET                 none for a public client, and for one that proves itself by a key
HOUSE_NAME                          what the button says
HOUSE_SCOPE                         scopes, with spaces between
HOUSE_AUTH_METHOD                   client_secret_basic, client_secret_post, private_key_jwt or none
HOUSE_AUTH_SIGNING_ALG              RS256, PS256, ES256 or EdDSA, where the provider takes one alone from this site
HOUSE_RESPONSE_MODE                 form_post, where the answer is to come by a form
HOUSE_SIGNED_RESPONSE_ALG           RS256, PS256, ES256 or EdDSA, where ID tokens are signed with one alone
HOUSE_API_ORIGINS                   further origins that get the access token, with spaces between
HOUSE_HIDDEN                        1, where no button is to be shown
HOUSE_<ID>_ISSUER, and so on        any number of further ones; MY_CLUB in a name is the id ``my-club``
QQ_APP_ID, QQ_APP_KEY               the application at connect.qq.com
WEIXIN_APP_ID, WEIXIN_APP_SECRET    the website application at open.weixin.qq.com
WEIXIN_INSIDE_APP_ID,               the service account, for people who are inside WeChat
WEIXIN_INSIDE_APP_SECRET
GITHUB_CLIENT_ID,                   the OAuth App at github.com/settings/developers
GITHUB_CLIENT_SECRET
GITHUB_SCOPE                        scopes, with spaces between
QQ_NAME, WEIXIN_NAME, GITHUB_NAME   what the button says
QQ_HIDDEN, WEIXIN_HIDDEN,           1, where no button is to be shown
GITHUB_HIDDEN
==================================  ===================================================================================
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from consumer_site.conf import PROVIDER_ID, RESERVED_PROVIDER_IDS

Environment = Mapping[str, str]

_PARTS = (
    "ISSUER",
    "CLIENT_ID",
    "CLIENT_SECRET",
    "CLIENT_SECRET_FILE",
    "NAME",
    "SCOPE",
    "AUTH_METHOD",
    "AUTH_SIGNING_ALG",
    "RESPONSE_MODE",
    "SIGNED_RESPONSE_ALG",
    "API_ORIGINS",
    "HIDDEN",
)
# Any of these means that somebody wants the provider: then nothing of it may be missing.
_TELLING = frozenset({"ISSUER", "CLIENT_ID", "CLIENT_SECRET", "CLIENT_SECRET_FILE"})
_HOUSE = re.compile(rf"\AHOUSE_(?:([A-Z0-9_]+)_)?({'|'.join(_PARTS)})\Z")
_ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
_CHOICES = {
    "AUTH_METHOD": ("client_secret_basic", "client_secret_post", "private_key_jwt", "none"),
    "AUTH_SIGNING_ALG": _ALGORITHMS,
    "RESPONSE_MODE": ("form_post",),
    "SIGNED_RESPONSE_ALG": _ALGORITHMS,
}
_OPTIONS = {
    "AUTH_METHOD": "token_endpoint_auth_method",
    "AUTH_SIGNING_ALG": "token_endpoint_auth_signing_alg",
    "RESPONSE_MODE": "response_mode",
    "SIGNED_RESPONSE_ALG": "id_token_signed_response_alg",
}
_LISTS = {"SCOPE": "scope", "API_ORIGINS": "api_origins"}


@dataclass(frozen=True, slots=True)
class Connectors:
    """What the environment configures; its repr shows no secret.

    `house` is for ``CONSUMER_SITE["HOUSE"]``, `providers` for ``SOCIALACCOUNT_PROVIDERS``.
    """

    house: list[dict[str, Any]] = field(repr=False)
    providers: dict[str, dict[str, Any]] = field(repr=False)

    @property
    def origins(self) -> list[str]:
        """Return the origins of the OpenID providers, for a policy of the project's own on where forms may end."""
        parts = [urlsplit(entry["server_url"]) for entry in self.house]
        return list(dict.fromkeys(f"{part.scheme}://{part.netloc}" for part in parts))


def read_connectors(environ: Environment = os.environ) -> Connectors:
    """Return what the environment configures; raise ImproperlyConfigured, naming the variable, for half of it."""
    providers: dict[str, dict[str, Any]] = {}
    name = _value(environ, "WEIXIN_NAME") or "微信"
    weixin = _app(environ, "WEIXIN_APP_ID", "WEIXIN_APP_SECRET", name=name)
    inside = _app(environ, "WEIXIN_INSIDE_APP_ID", "WEIXIN_INSIDE_APP_SECRET", name=name)
    for app in inside:
        # One button leads to either: which one a browser needs, nobody but the connector knows.
        app["settings"] = {"inside": True, **({"hidden": True} if weixin else {})}
    github = _app(environ, "GITHUB_CLIENT_ID", "GITHUB_CLIENT_SECRET", name=_value(environ, "GITHUB_NAME") or "GitHub")
    if github and _value(environ, "GITHUB_SCOPE"):
        github[0]["settings"] = {"scope": _value(environ, "GITHUB_SCOPE").split()}
    qq = _app(environ, "QQ_APP_ID", "QQ_APP_KEY", name=_value(environ, "QQ_NAME") or "QQ")
    for provider, apps in (("qq", qq), ("weixin", [*weixin, *inside]), ("github", github)):
        if _is_on(environ, f"{provider.upper()}_HIDDEN"):
            for app in apps:
                app["settings"] = {**app.get("settings", {}), "hidden": True}
        if apps:
            providers[provider] = {"APPS": apps}
    return Connectors(house=_house(environ), providers=providers)


def read_secret(environ: Environment, name: str) -> str:
    """Return the variable `name`, or what is in the file that `name`_FILE names; empty when neither is set.

    Raise ImproperlyConfigured when both are, or when the file can't be read or is empty.
    """
    value, path = _value(environ, name), _value(environ, f"{name}_FILE")
    if value and path:
        raise ImproperlyConfigured(f"Set {name} or {name}_FILE, not both.")
    if not path:
        return value
    try:
        secret = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"{name}_FILE names a file that can't be read: {type(error).__name__}.") from None
    if not secret:
        raise ImproperlyConfigured(f"{name}_FILE names an empty file.")
    return secret


def _value(environ: Environment, name: str) -> str:
    return environ.get(name, "").strip()


def _is_on(environ: Environment, name: str) -> bool:
    value = _value(environ, name)
    if value not in {"", "0", "1"}:
        raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}.")
    return value == "1"


def _app(environ: Environment, id_name: str, secret_name: str, *, name: str) -> list[dict[str, Any]]:
    client_id, secret = _value(environ, id_name), read_secret(environ, secret_name)
    if not client_id and not secret:
        return []
    if not client_id:
        raise ImproperlyConfigured(f"Set {id_name} too: {secret_name} is set.")
    if not secret:
        raise ImproperlyConfigured(f"Set {secret_name} or {secret_name}_FILE too: {id_name} is set.")
    return [{"name": name, "client_id": client_id, "secret": secret}]


def _house(environ: Environment) -> list[dict[str, Any]]:
    named = [match.groups("") for name in environ if _value(environ, name) and (match := _HOUSE.match(name))]
    ids = sorted({own for own, part in named if part in _TELLING})
    return [_entry(environ, f"HOUSE_{own}_" if own else "HOUSE_", own.lower().replace("_", "-")) for own in ids]


def _entry(environ: Environment, prefix: str, own_id: str) -> dict[str, Any]:
    issuer, client_id = _value(environ, f"{prefix}ISSUER"), _value(environ, f"{prefix}CLIENT_ID")
    missing = [f"{prefix}{part}" for part, value in (("ISSUER", issuer), ("CLIENT_ID", client_id)) if not value]
    if missing:
        raise ImproperlyConfigured(f"Set {' and '.join(missing)} too: a part of {prefix}… is set.")
    if own_id and (not PROVIDER_ID.match(own_id) or own_id in RESERVED_PROVIDER_IDS):
        raise ImproperlyConfigured(f"{prefix}ISSUER: {own_id!r} can't be a provider's id.")
    parts = urlsplit(issuer)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ImproperlyConfigured(f"{prefix}ISSUER must be an address such as https://id.example.com, not {issuer!r}.")
    entry: dict[str, Any] = {"server_url": issuer, "client_id": client_id}
    secret = read_secret(environ, f"{prefix}CLIENT_SECRET")
    values = {"id": own_id, "client_secret": secret, "name": _value(environ, f"{prefix}NAME")}
    for part, option in _OPTIONS.items():
        value = _value(environ, f"{prefix}{part}")
        if value and value not in _CHOICES[part]:
            raise ImproperlyConfigured(f"{prefix}{part} must be one of {', '.join(_CHOICES[part])}, not {value!r}.")
        values[option] = value
    if values["token_endpoint_auth_method"].startswith("client_secret_") and not secret:
        raise ImproperlyConfigured(f"Set {prefix}CLIENT_SECRET or {prefix}CLIENT_SECRET_FILE: the method needs it.")
    entry |= {name: value for name, value in values.items() if value}
    entry |= {option: words for part, option in _LISTS.items() if (words := _value(environ, f"{prefix}{part}").split())}
    if _is_on(environ, f"{prefix}HIDDEN"):
        entry["hidden"] = True
    return entry
