"""Read settings.CONSUMER_SITE through one typed object."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.utils.functional import cached_property

Network = IPv4Network | IPv6Network


# What an OpenID provider's entry may be called: the id stands in addresses, beside these words.
PROVIDER_ID = re.compile(r"\A[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?\Z")
RESERVED_PROVIDER_IDS = frozenset({"house", "initiate", "jwks", "login", "logout"})
HOUSE_OPTIONS = (
    "scope",
    "token_endpoint_auth_method",
    "token_endpoint_auth_signing_alg",
    "response_mode",
    "id_token_signed_response_alg",
    "hidden",
    "api_origins",
)
_HOUSE_KEYS = frozenset({"id", "name", "server_url", "client_id", "client_secret", *HOUSE_OPTIONS})


@dataclass(frozen=True, slots=True)
class HouseSettings:
    """An OpenID provider as configured in settings; `id` is empty for the default one."""

    server_url: str
    client_id: str
    client_secret: str = field(repr=False)
    name: str
    id: str = ""
    options: Mapping[str, Any] = field(repr=False, default_factory=dict)


def _house_entry(value: object) -> HouseSettings:
    if not isinstance(value, Mapping):
        raise ImproperlyConfigured('CONSUMER_SITE["HOUSE"] must be a dict, or a list of dicts.')
    missing = [key for key in ("server_url", "client_id") if not value.get(key)]
    if missing:
        raise ImproperlyConfigured(f'CONSUMER_SITE["HOUSE"] lacks {", ".join(missing)}.')
    if unknown := sorted(str(key) for key in value if key not in _HOUSE_KEYS):
        raise ImproperlyConfigured(f'CONSUMER_SITE["HOUSE"] has no option {", ".join(unknown)}.')
    own_id = str(value.get("id") or "")
    if own_id and (not PROVIDER_ID.match(own_id) or own_id in RESERVED_PROVIDER_IDS):
        raise ImproperlyConfigured(f'CONSUMER_SITE["HOUSE"] has an entry whose id can\'t be used: {own_id!r}.')
    for name in ("scope", "api_origins"):
        if isinstance(value.get(name, ()), str) or not isinstance(value.get(name, ()), Sequence):
            raise ImproperlyConfigured(f'CONSUMER_SITE["HOUSE"] has a {name} that is no list.')
    return HouseSettings(
        server_url=str(value["server_url"]),
        client_id=str(value["client_id"]),
        client_secret=str(value.get("client_secret") or ""),
        name=str(value.get("name") or ""),
        id=own_id,
        options={name: value[name] for name in HOUSE_OPTIONS if name in value},
    )


class ConsumerSettings:
    """Typed view of settings.CONSUMER_SITE; each property's docstring is its reference."""

    @property
    def raw(self) -> Mapping[str, Any]:
        """Return settings.CONSUMER_SITE as written, an empty mapping when it is absent."""
        value = getattr(settings, "CONSUMER_SITE", {})
        if not isinstance(value, Mapping):
            raise ImproperlyConfigured("CONSUMER_SITE must be a dict.")
        return value

    @cached_property
    def KEY_RING(self) -> tuple[str, ...]:
        """Secrets that seal stored tokens, newest first.

        The first seals; all open. Rotate by putting a new one in front. Each is any string of 32 or more random
        characters, kept out of the repository.
        """
        value = self.raw.get("KEY_RING", ())
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise ImproperlyConfigured('CONSUMER_SITE["KEY_RING"] must be a list of strings.')
        return tuple(str(item) for item in value if item)

    @property
    def ALLOW_LOOPBACK_HTTP(self) -> bool:
        """Whether outbound calls may go to this machine, and in clear; for development only. Default False."""
        return bool(self.raw.get("ALLOW_LOOPBACK_HTTP", False))

    @cached_property
    def ALLOWED_NETWORKS(self) -> tuple[Network, ...]:
        """Private networks (CIDR strings) that calls to providers may reach over https. Default none.

        Pictures of people come from there only if they lie at their OpenID provider's own address.
        """
        return tuple(ip_network(item) for item in self.raw.get("ALLOWED_NETWORKS", ()))

    @property
    def HTTP_CONNECT_TIMEOUT(self) -> float:
        """Seconds to wait for a connection. Default 5."""
        return float(self.raw.get("HTTP_CONNECT_TIMEOUT", 5.0))

    @property
    def HTTP_READ_TIMEOUT(self) -> float:
        """Seconds to wait for the next bytes of an answer. Default 10."""
        return float(self.raw.get("HTTP_READ_TIMEOUT", 10.0))

    @property
    def HTTP_TOTAL_TIMEOUT(self) -> float:
        """Seconds one request may take altogether, redirects included, however slowly it drips. Default 20."""
        return float(self.raw.get("HTTP_TOTAL_TIMEOUT", 20.0))

    @property
    def HTTP_MAX_BYTES(self) -> int:
        """Largest answer read, in bytes after decoding. Default 1 MiB."""
        return int(self.raw.get("HTTP_MAX_BYTES", 1024 * 1024))

    @property
    def HTTP_CA_BUNDLE(self) -> str | None:
        """Path of a CA bundle for outbound TLS. Default None: the bundle of requests."""
        value = self.raw.get("HTTP_CA_BUNDLE")
        return str(value) if value else None

    @property
    def METADATA_CACHE_SECONDS(self) -> int:
        """Seconds that discovery documents and key sets stay in Django's cache. Default 3600."""
        return int(self.raw.get("METADATA_CACHE_SECONDS", 3600))

    @property
    def CLOCK_LEEWAY_SECONDS(self) -> int:
        """Seconds by which a provider's clock may differ from ours. Default 30."""
        return int(self.raw.get("CLOCK_LEEWAY_SECONDS", 30))

    @property
    def QQ_BASE_URLS(self) -> Mapping[str, str]:
        """Base address to use instead of https://graph.qq.com, by QQ app id: an emulator's, for its own app id.

        An app id that is not named here goes to the real addresses. Default none.
        """
        return self._base_urls("QQ_BASE_URLS")

    @property
    def WEIXIN_BASE_URLS(self) -> Mapping[str, str]:
        """Base address to use instead of WeChat's own two, by WeChat app id: an emulator's, for its own app id.

        One for https://open.weixin.qq.com and https://api.weixin.qq.com alike: their paths differ. Default none.
        """
        return self._base_urls("WEIXIN_BASE_URLS")

    @property
    def GITHUB_BASE_URLS(self) -> Mapping[str, str]:
        """Base address to use instead of https://github.com, by client id: an emulator's, or an Enterprise Server's.

        Its API is expected below /api/v3. allauth's GITHUB_URL, which is for all client ids, works too. Default none.
        """
        return self._base_urls("GITHUB_BASE_URLS")

    def _base_urls(self, name: str) -> Mapping[str, str]:
        return {str(app_id): str(base).rstrip("/") for app_id, base in self.raw.get(name, {}).items()}

    @cached_property
    def HOUSE(self) -> tuple[HouseSettings, ...]:
        """The OpenID providers, for a site that keeps them in its settings: a dict, or a list of dicts for several.

        Each has server_url (the issuer, exactly as the provider publishes it), client_id, client_secret and optionally
        name, id and what an entry in the admin has: scope (list), token_endpoint_auth_method,
        token_endpoint_auth_signing_alg, response_mode, id_token_signed_response_alg, hidden, api_origins (list). One of
        several may be without an id; the id of each other is part of its addresses: lower-case letters, digits and
        hyphens. An entry in the admin with the same id wins. Default none.
        """
        value = self.raw.get("HOUSE") or ()
        entries = [value] if isinstance(value, Mapping) else value
        if isinstance(entries, str) or not isinstance(entries, Sequence):
            raise ImproperlyConfigured('CONSUMER_SITE["HOUSE"] must be a dict, or a list of dicts.')
        house = tuple(_house_entry(entry) for entry in entries)
        ids = [entry.id for entry in house]
        if twice := sorted({repr(one) for one in ids if ids.count(one) > 1}):
            raise ImproperlyConfigured(f'CONSUMER_SITE["HOUSE"] has two entries with the id {", ".join(twice)}.')
        return house

    @property
    def SITE_URL(self) -> str:
        """Origin under which people see this site, such as https://app.example.com.

        For addresses to register at providers, shown in an admin that may be on another host. Default empty: the host
        of the page that shows them.
        """
        return str(self.raw.get("SITE_URL") or "").rstrip("/")

    @property
    def URLCONF(self) -> str:
        """Python path of the urlconf that includes consumer_site.urls, where that is not ROOT_URLCONF.

        For a project that serves several hosts, and has its admin on another one than the consumer. Default empty.
        """
        return str(self.raw.get("URLCONF") or "")

    @property
    def CALENDAR_NAME(self) -> str:
        """Name of the calendar on its pages. Default 朝夕日历 (Zhaoxi Calendar)."""
        return str(self.raw.get("CALENDAR_NAME") or "朝夕日历")

    @property
    def MONITORING_TOKEN(self) -> str:
        """Secret that monitoring sends as Authorization: Bearer, to read at /health/ready which check fails.

        22 or more characters. Default none: nobody reads more there than whether all is well.
        """
        value = str(self.raw.get("MONITORING_TOKEN") or "")
        if value and len(value) < 22:
            raise ImproperlyConfigured('CONSUMER_SITE["MONITORING_TOKEN"] has 22 or more characters.')
        return value

    @property
    def TRACING(self) -> bool:
        """Whether each request to this site, and each call it makes, is an OpenTelemetry span. Default False.

        Needs opentelemetry-api (the extra opentelemetry) and TracingMiddleware.
        """
        return bool(self.raw.get("TRACING", False))

    @property
    def AVATAR_MAX_BYTES(self) -> int:
        """Largest avatar picture copied from a provider, in bytes. Default 512 KiB."""
        return int(self.raw.get("AVATAR_MAX_BYTES", 512 * 1024))

    def reset(self) -> None:
        """Forget what was read, so that the next access reads the settings again."""
        self.__dict__.clear()


consumer_settings = ConsumerSettings()


def _reset(*, setting: str, **kwargs: object) -> None:
    if setting == "CONSUMER_SITE":
        consumer_settings.reset()


setting_changed.connect(_reset, dispatch_uid="consumer_site.conf")
