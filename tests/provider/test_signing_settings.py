"""signing_settings.py and claim_settings.py: what is believed of them, and what is refused by name."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import checks
from django.core.exceptions import ImproperlyConfigured

from provider_site.conf import provider_settings

_DEFAULTS = {
    "signing_algorithms": ("RS256", "ES256", "EdDSA", "PS256"),
    "jwks_max_age": timedelta(hours=1),
    "key_rotation": timedelta(days=90),
    "key_kept": timedelta(days=90),
    "host_claims": None,
}


def named(user: Any) -> dict[str, Any]:
    """Return claims; a host's function, found by its path."""
    return {"nickname": str(user)}


@pytest.mark.parametrize(("name", "default"), _DEFAULTS.items())
def test_default(name: str, default: Any) -> None:
    assert getattr(provider_settings, name) == default


def test_algorithms_are_in_one_order_whatever_the_host_writes(settings: Any) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"SIGNING_ALGORITHMS": ["EdDSA", "RS256", "EdDSA"]}
    assert provider_settings.signing_algorithms == ("RS256", "EdDSA")


def test_function_is_found_by_its_path(settings: Any) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"CLAIMS": f"{__name__}.named"}
    assert provider_settings.host_claims is named
    assert provider_settings.phone_verified("somebody", "+4930123456") is False


@pytest.mark.parametrize(
    ("key", "value", "name", "check"),
    [
        ("SIGNING_ALGORITHMS", ["ES256"], "signing_algorithms", "E021"),
        ("SIGNING_ALGORITHMS", ["RS256", "HS256"], "signing_algorithms", "E021"),
        ("SIGNING_ALGORITHMS", "RS256", "signing_algorithms", "E021"),
        ("JWKS_CACHE_SECONDS", 59, "jwks_max_age", "E021"),
        ("JWKS_CACHE_SECONDS", 86_401, "jwks_max_age", "E021"),
        ("KEY_ROTATION_DAYS", 0, "key_rotation", "E021"),
        ("KEY_KEPT_DAYS", True, "key_kept", "E021"),
        ("CLAIMS", {"gender": "female"}, "host_claims", "E009"),
        ("PHONE_VERIFIED", True, "phone_verified", "E009"),
    ],
)
def test_what_can_not_be_meant_is_refused_and_reported(
    settings: Any, key: str, value: Any, name: str, check: str
) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {key: value}
    with pytest.raises(ImproperlyConfigured, match=key):
        getattr(provider_settings, name)
    found = [message for message in checks.run_checks() if message.id == f"provider_site.{check}"]
    assert [key in message.msg for message in found] == [True]
