"""Read settings.CONSUMER_SITE through one typed object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.utils.functional import cached_property

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class HouseSettings:
    """The house provider as configured in settings, for a site that uses no SocialApp row."""

    server_url: str
    client_id: str
    client_secret: str
    name: str

    def __repr__(self) -> str:
        return f"HouseSettings(server_url={self.server_url!r}, client_id={self.client_id!r})"


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
        """Private networks (CIDR strings) that outbound calls may reach over https. Default none."""
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
    def HOUSE(self) -> HouseSettings | None:
        """The OpenID provider, when no SocialApp row names one.

        A dict with server_url (the issuer, exactly as the provider publishes it), client_id, client_secret and
        optionally name. A SocialApp row with provider "house" wins over it. Default None.
        """
        value = self.raw.get("HOUSE")
        if not value:
            return None
        missing = [key for key in ("server_url", "client_id") if not value.get(key)]
        if missing:
            raise ImproperlyConfigured(f'CONSUMER_SITE["HOUSE"] lacks {", ".join(missing)}.')
        return HouseSettings(
            server_url=str(value["server_url"]),
            client_id=str(value["client_id"]),
            client_secret=str(value.get("client_secret", "")),
            name=str(value.get("name", "")),
        )

    @property
    def SITE_URL(self) -> str:
        """Origin under which people see this site, such as https://app.example.com.

        For addresses to register at providers, shown in an admin that may be on another host. Default empty: the host
        of the page that shows them.
        """
        return str(self.raw.get("SITE_URL") or "").rstrip("/")

    @property
    def CALENDAR_NAME(self) -> str:
        """Name of the calendar on its pages. Default 朝夕日历 (Zhaoxi Calendar)."""
        return str(self.raw.get("CALENDAR_NAME") or "朝夕日历")

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
