"""Seal and open short texts with a rotating ring of keys."""

from __future__ import annotations

import base64
import json

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.core.exceptions import ImproperlyConfigured
from django.views.decorators.debug import sensitive_variables

from consumer_site.conf import consumer_settings

_INFO = b"consumer_site.vault.v1"


class UnsealError(ValueError):
    """A sealed text was made with no key of the ring, was changed, or belongs to something else."""


@sensitive_variables()
def _key(secret: str) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=_INFO).derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(derived))


@sensitive_variables()
def _ring() -> MultiFernet:
    secrets = consumer_settings.KEY_RING
    if not secrets:
        raise ImproperlyConfigured('CONSUMER_SITE["KEY_RING"] needs at least one secret to seal tokens with.')
    return MultiFernet([_key(secret) for secret in secrets])


@sensitive_variables()
def seal(text: str, *, binding: str) -> str:
    """Return `text` sealed with the newest key, readable only for the same `binding`."""
    return _ring().encrypt(json.dumps([binding, text]).encode()).decode()


@sensitive_variables()
def unseal(sealed: str, *, binding: str) -> str:
    """Return the sealed text; raise UnsealError when no key opens it or it was sealed for another `binding`."""
    try:
        opened = json.loads(_ring().decrypt(sealed.encode()))
    except (InvalidToken, ValueError):
        raise UnsealError("no key of the ring opens this") from None
    if not isinstance(opened, list) or len(opened) != 2 or opened[0] != binding:
        raise UnsealError("sealed for something else")
    return str(opened[1])
