"""The settings of signing keys: which algorithms there are, and how long a key lives in each part of its life."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import cached_property

from django.core.exceptions import ImproperlyConfigured

from provider_site.settings_reader import SettingsReader

# Each also the name that a JWS header has for it (RFC 7518 3.1, RFC 8037 3.1).
ALGORITHMS = ("RS256", "ES256", "EdDSA", "PS256")


class SigningSettings(SettingsReader):
    """What signs tokens, for how long, and how long what it signed can be verified."""

    @cached_property
    def signing_algorithms(self) -> Sequence[str]:
        """``SIGNING_ALGORITHMS``: what applications may have ID tokens signed by; RS256, ES256, EdDSA and PS256.

        RS256 is always one of them (OpenID Core 15.1). The site has a key of its own for each. Applications that chose
        one before it was taken from the list keep it, until they choose another.

        Raises ImproperlyConfigured without RS256, or with another algorithm.
        """
        value = self._user.get("SIGNING_ALGORITHMS", ALGORITHMS)
        if not isinstance(value, list | tuple) or "RS256" not in value or set(value) - set(ALGORITHMS):
            raise ImproperlyConfigured(
                f"PROVIDER_SITE['SIGNING_ALGORITHMS'] is a list of some of {', '.join(ALGORITHMS)}; RS256 is one of it."
            )
        return tuple(alg for alg in ALGORITHMS if alg in value)

    @cached_property
    def jwks_max_age(self) -> timedelta:
        """``JWKS_CACHE_SECONDS``: how long applications may keep the published keys; one hour.

        A new key is published for this long, and five minutes more, before it signs.

        Raises ImproperlyConfigured for anything but a number from 60 to 86400.
        """
        return timedelta(seconds=self._whole("JWKS_CACHE_SECONDS", 3600, least=60, most=86_400))

    @cached_property
    def key_rotation(self) -> timedelta:
        """``KEY_ROTATION_DAYS``: how long a key signs before ``rotate_signing_keys --due`` puts the next in; 90 days.

        Raises ImproperlyConfigured for anything but a number from 1 to 3650.
        """
        return timedelta(days=self._whole("KEY_ROTATION_DAYS", 90, least=1, most=3650))

    @cached_property
    def key_kept(self) -> timedelta:
        """``KEY_KEPT_DAYS``: how long a key that signs no more still verifies, before it is retired; 90 days.

        Far longer than an ID token lives: applications send an old one as a hint when they sign somebody out, and
        people keep receipts.

        Raises ImproperlyConfigured for anything but a number from 1 to 3650.
        """
        return timedelta(days=self._whole("KEY_KEPT_DAYS", 90, least=1, most=3650))
