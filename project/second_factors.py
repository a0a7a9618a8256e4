"""Authenticator apps and recovery codes in the database: sealed anew, or given up where no key opens them."""

from dataclasses import dataclass, field
from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import InvalidToken

BATCH = 200
# What of a row is sealed (allauth.mfa); passkeys have nothing secret.
_SEALED = {Authenticator.Type.TOTP: ("secret",), Authenticator.Type.RECOVERY_CODES: ("seed", "migrated_codes")}


@dataclass
class Survey:
    """How many rows were sealed anew, and the user names behind those that no key of the ring opens."""

    resealed: int = 0
    unreadable: list[str] = field(default_factory=list)
    forgotten: int = 0


def reseal(*, forget: bool = False) -> Survey:
    """Seal every row anew by the first key of MFA_KEY_RING; with `forget` delete those that nothing opens.

    A row that changes at the same moment, as a recovery code is used, stays as it is then. Safe to stop and repeat.
    """
    survey = Survey()
    rows = Authenticator.objects.filter(type__in=_SEALED).select_related("user").order_by("pk")
    for row in rows.iterator(chunk_size=BATCH):
        same = Authenticator.objects.filter(pk=row.pk, data=row.data)
        try:
            data = {name: _resealed(row, name, value) for name, value in row.data.items()}
        except InvalidToken:
            survey.unreadable.append(row.user.get_username())
            if forget:
                survey.forgotten += same.delete()[0]
            continue
        survey.resealed += same.update(data=data)
    return survey


def _resealed(row: Authenticator, name: str, value: Any) -> Any:
    if name not in _SEALED[row.type]:
        return value
    seal = get_adapter()
    if isinstance(value, list):
        return [seal.encrypt(seal.decrypt(text)) for text in value]
    return seal.encrypt(seal.decrypt(value))
