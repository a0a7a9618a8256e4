"""Seal and open short texts with a rotating ring of keys."""

from __future__ import annotations

import base64
import json

from cryptography.fernet import Fernet, InvalidToken
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
def _ring() -> list[Fernet]:
    secrets = consumer_settings.KEY_RING
    if not secrets:
        raise ImproperlyConfigured('CONSUMER_SITE["KEY_RING"] needs at least one secret to seal tokens with.')
    return [_key(secret) for secret in secrets]


@sensitive_variables()
def seal(text: str, *, binding: str) -> str:
    """Return `text` sealed with the newest key, readable only for the same `binding`."""
    return _ring()[0].encrypt(json.dumps([binding, text]).encode()).decode()


@sensitive_variables()
def unseal(sealed: str, *, binding: str) -> str:
    """Return the sealed text; raise UnsealError when no key opens it or it was sealed for another `binding`."""
    return _open(sealed, binding=binding)[1]


@sensitive_variables()
def position(sealed: str, *, binding: str) -> int:
    """Return which key of the ring opens it, 0 for the newest; raise UnsealError as `unseal`."""
    return _open(sealed, binding=binding)[0]


@sensitive_variables()
def reseal(sealed: str, *, binding: str) -> str:
    """Return the same text sealed with the newest key; raise UnsealError as `unseal`."""
    return seal(unseal(sealed, binding=binding), binding=binding)


@sensitive_variables()
def _open(sealed: str, *, binding: str) -> tuple[int, str]:
    for place, key in enumerate(_ring()):
        try:
            opened = json.loads(key.decrypt(sealed.encode()))
        except (InvalidToken, ValueError):
            continue
        if not isinstance(opened, list) or len(opened) != 2 or opened[0] != binding:
            raise UnsealError("sealed for something else")
        return place, str(opened[1])
    raise UnsealError("no key of the ring opens this")
