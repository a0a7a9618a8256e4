"""Read what an OpenID provider publishes: its metadata and its keys."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from django.core.cache import cache

from consumer_site.conf import consumer_settings
from consumer_site.errors import AnswerInvalid, SignInError, Unreachable
from consumer_site.http import OutboundSession, json_object
from consumer_site.jose import KeySource
from consumer_site.openid.metadata import Metadata, discovery_address, read_metadata

_FAILED_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Issuer:
    """One OpenID provider, by the address it calls itself."""

    server_url: str

    def metadata(self) -> Metadata:
        """Return the issuer's metadata, from Django's cache or freshly fetched.

        Raise NotConfigured for no usable address, AnswerInvalid for a document that can't be trusted, and an
        OutboundError or Unreachable when there is none.
        """
        address = discovery_address(self.server_url)
        key = self._cache_key()
        document = cache.get(key)
        if document is not None:
            return read_metadata(document, server_url=self.server_url)
        document = dict(_fetch_sparingly(address))
        found = read_metadata(document, server_url=self.server_url)
        # Only a document that was found sound gets here: a wrong one must not stay for an hour.
        cache.set(key, document, timeout=consumer_settings.METADATA_CACHE_SECONDS)
        return found

    def forget(self) -> None:
        """Drop the cached document: it is sound, and yet of no use to the client that read it."""
        cache.delete(self._cache_key())

    def _cache_key(self) -> str:
        return "consumer_site:discovery:" + hashlib.sha256(discovery_address(self.server_url).encode()).hexdigest()

    def keys(self) -> KeySource:
        """Return where the issuer's signing keys are."""
        return KeySource(self.metadata().jwks_uri, _fetch_sparingly)


def _fetch_sparingly(address: str) -> Mapping[str, Any]:
    """Return the JSON object at an address of an issuer's; raise as `fetch_json`.

    Where that failed within the last minute, one request at a time waits to see whether it still does, and the others
    fail at once: anybody may send logout tokens, and an issuer that hangs must not hold every worker of this site.
    """
    name = hashlib.sha256(address.encode()).hexdigest()
    failed, asking = f"consumer_site:failed:{name}", f"consumer_site:asking:{name}"
    alone = cache.add(asking, 1, timeout=2 * consumer_settings.HTTP_TOTAL_TIMEOUT)
    if not alone and cache.get(failed):
        raise Unreachable(f"{urlsplit(address).hostname} has not answered a moment ago")
    try:
        document = fetch_json(address)
    except (SignInError, requests.RequestException):
        cache.set(failed, 1, timeout=_FAILED_SECONDS)
        raise
    finally:
        if alone:
            cache.delete(asking)
    cache.delete(failed)
    return document


def fetch_json(address: str) -> Mapping[str, Any]:
    """Return the JSON object at a public address; raise AnswerInvalid, Unreachable or an OutboundError."""
    with OutboundSession() as session:
        response = session.get(address, headers={"Accept": "application/json"})
    if response.status_code != 200:
        raise by_status(response)
    return json_object(response)


def by_status(response: requests.Response) -> Exception:
    """Return the error that an unexpected status means: a passing fault of the provider, or a wrong answer."""
    detail = f"{response.url} answered {response.status_code}"
    if response.status_code in {408, 429} or response.status_code >= 500:
        return Unreachable(detail)
    return AnswerInvalid(detail)
