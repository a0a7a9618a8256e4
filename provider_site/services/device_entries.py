"""User codes entered by people: looked up a few times freely, then ever more slowly (RFC 8628 5.1).

Counted in the cache, each entry before it is looked up, so that many at once are no way around. What locks is always
an own wrong entry: nobody can keep others out, also where somebody guesses with many accounts.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.core.cache import cache

from provider_site import crypto
from provider_site.models import DeviceAuthorization
from provider_site.policy import networks, user_codes
from provider_site.services import device_authorizations, device_requests

_REMEMBERED = 24 * 3600
_FIRST_WAIT = 30
_LONGEST_WAIT = 3600
# Entries of wrong codes before somebody waits. Behind one address there may be a whole school.
_FREE_OF_PERSON, _FREE_OF_ADDRESS = 5, 30
# So many in an hour are no mistakes of people any more: each account waits after its first.
_MANY, _HOUR = 500, 3600
_EVERYBODY = "everybody"


class _Take(Enum):
    """Whether an entry may be looked up: freely, at the price of a lock, or not now."""

    FREE = 1
    LOCKED = 2
    REFUSED = 3


@dataclass(frozen=True, slots=True)
class Entry:
    """What became of a code that was entered: its device, or ``None``; or how many seconds to wait before the next."""

    device: DeviceAuthorization | None = None
    wait: int = 0


def enter(*, typed: str, user: Any, address: str | None) -> Entry:
    """Look up what somebody typed, if they need not wait. What can be no code is no guess, and costs nothing."""
    if wait := waiting(user=user, address=address):
        return Entry(wait=wait)
    user_code = user_codes.read(typed)
    if user_code is None:
        return Entry()
    free = _allowance()
    taken = {key: _take(key, free[key[0]]) for key in _who(user, address)}
    if _Take.REFUSED in taken.values():
        return Entry(wait=max(waiting(user=user, address=address), 1))
    device = device_authorizations.find_open(user_code=user_code)
    if device is None or device_requests.is_taken(device=device, user=user):
        _count(_key(_EVERYBODY, str(int(time.time()) // _HOUR)), 2 * _HOUR)
        return Entry(wait=waiting(user=user, address=address))
    for key, take in taken.items():
        _take_back(key, take)
    return Entry(device)


def waiting(*, user: Any, address: str | None) -> int:
    """Return how many seconds somebody has to wait before they may enter a code; mostly 0."""
    now, ends = time.time(), [cache.get(_key("lock", *key)) or 0.0 for key in _who(user, address)]
    return max(0, *(int(end - now + 0.999) for end in ends))


def _who(user: Any, address: str | None) -> list[tuple[str, str]]:
    where = [("address", networks.network_of(address))] if address else []
    return [("person", str(user.pk)), *where]


def _allowance() -> dict[str, int]:
    hour = int(time.time()) // _HOUR
    guesses = sum(cache.get(_key(_EVERYBODY, str(one))) or 0 for one in (hour, hour - 1))
    if guesses < _MANY:
        return {"person": _FREE_OF_PERSON, "address": _FREE_OF_ADDRESS}
    return {"person": 1, "address": _FREE_OF_PERSON}


def _take(key: tuple[str, str], free: int) -> _Take:
    """Count an entry; say whether it may be looked up. From the last free one on, each locks the next for longer."""
    number = _count(_key("count", *key), _REMEMBERED)
    if number < free:
        return _Take.FREE
    wait = min(_FIRST_WAIT * 2 ** min(number - free, 20), _LONGEST_WAIT)
    return _Take.LOCKED if cache.add(_key("lock", *key), time.time() + wait, wait) else _Take.REFUSED


def _take_back(key: tuple[str, str], take: _Take) -> None:
    """Undo the count of an entry of a right code, and no other: who has one code of their own may guess at others."""
    if take is _Take.LOCKED:
        cache.delete(_key("lock", *key))
    try:
        cache.decr(_key("count", *key))
    except ValueError:  # gone meanwhile
        return


def _count(key: str, seconds: int) -> int:
    cache.add(key, 0, seconds)
    try:
        return int(cache.incr(key))
    except ValueError:  # over in this very moment
        cache.set(key, 1, seconds)
        return 1


def _key(*parts: str) -> str:
    # Caches refuse some characters, and names of people are none of the cache's business.
    return "provider_site.device." + crypto.digest("\n".join(parts))
