"""How often something may happen (``RATE_LIMITS``), counted in a cache that all processes share.

A process takes what it may let through in small portions, so that most requests ask no cache: of no limit more is let
through than it says, by all processes together, and each process may leave a portion unused. A time that is over is
over for everybody: what is counted in it begins anew. Who waits, waits for that.

Where the cache can't be reached, each process counts for itself, and the log says so: people sign in all the same.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass

from django.core.cache import caches

from provider_site import crypto
from provider_site.conf import provider_settings
from provider_site.errors import TooManyRequests
from provider_site.rates import Rate
from provider_site.signals import limit_reached

logger = logging.getLogger("provider_site.limits")

# A portion is so small a part of a limit.
_PORTIONS = 64
# A cache that failed is left alone for so many seconds: each try may take as long as its timeout.
_RESTS = 5
# So many counts are kept in a process; the oldest give way.
_KEPT = 20_000


@dataclass(slots=True)
class _Portion:
    """What a process may still let through until a moment, and whether there is more to be had then."""

    until: float
    left: int
    is_last: bool
    # By all processes, when this portion was taken.
    counted: int


@dataclass(slots=True)
class _State:
    cache_rests_until: float = 0.0
    # Until then somebody may have to wait.
    somebody_waits_until: float = 0.0


_lock = threading.Lock()
_state = _State()
_portions: dict[tuple[str, str], _Portion] = {}


def require(limit: str, *who: object) -> None:
    """Count one of what ``limit`` bounds, of whom ``who`` names; raises TooManyRequests where it is one too many."""
    if wait := spend(limit, *who):
        raise TooManyRequests(f"{limit} of {' '.join(map(str, who))}", wait=wait)


def spend(limit: str, *who: object) -> int:
    """Count one; return how many seconds to wait before it may happen, or 0: now."""
    wait = _spend(limit, *who)
    if wait:
        limit_reached.send(sender=Rate, limit=limit)
    return wait


def _spend(limit: str, *who: object) -> int:
    rate = provider_settings.rate_limits[limit]
    if rate is None:
        return 0
    now, key = time.time(), (limit, "\n".join(map(str, who)))
    with _lock:
        portion = _portions.get(key)
        # One that lasts for longer was begun before the clock was set back.
        if portion is not None and now < portion.until <= now + rate.seconds:
            if portion.left:
                portion.left -= 1
                return 0
            if portion.is_last:
                return _seconds(portion.until - now)
    size = max(1, rate.number // _PORTIONS)
    until = _end(key, rate, now)
    counted = _count(key, size, until, now)
    granted = max(0, min(size, rate.number - (counted - size)))
    with _lock:
        _portions.pop(key, None)  # to the end of those that give way
        if len(_portions) >= _KEPT:
            del _portions[next(iter(_portions))]
        _portions[key] = _Portion(until, max(granted - 1, 0), is_last=granted < size, counted=counted)
        if granted < size:
            _state.somebody_waits_until = max(_state.somebody_waits_until, until)
    return 0 if granted else _seconds(until - now)


def waiting(limit: str, *who: object) -> int:
    """Return how many seconds somebody has to wait by what this process knows, counting nothing; mostly 0."""
    now, portion = time.time(), _portions.get((limit, "\n".join(map(str, who))))
    rate = provider_settings.rate_limits[limit]
    if portion is None or rate is None or not now < portion.until <= now + rate.seconds:
        return 0
    if portion.left or not portion.is_last:
        return 0
    limit_reached.send(sender=Rate, limit=limit)
    return _seconds(portion.until - now)


def forget() -> None:
    """Forget what this process has counted, as a process that has just begun has."""
    with _lock:
        _portions.clear()
        _state.cache_rests_until = _state.somebody_waits_until = 0.0


def nobody_waits() -> bool:
    """Tell whether ``waiting`` is 0 for everybody: the cheapest question, for endpoints that count their answers."""
    return time.time() >= _state.somebody_waits_until


def _end(key: tuple[str, str], rate: Rate, now: float) -> float:
    """Return when the time is over that now is in; it begins for each at another moment, and not for all at once."""
    shift = int(crypto.digest("\n".join(key))[:8], 16) % rate.seconds
    return ((now + shift) // rate.seconds + 1) * rate.seconds - shift


def _count(key: tuple[str, str], number: int, until: float, now: float) -> int:
    """Add to what all processes have counted in this time, and return the sum."""
    with _lock:
        portion = _portions.get(key)
        known = (portion.counted if portion is not None and portion.until == until else 0) + number
    if not now < _state.cache_rests_until <= now + _RESTS:
        try:
            # A small cache throws counts out, and begins anew where this process knows better.
            return max(_count_in_cache(key, number, until, now), known)
        except Exception as error:  # noqa: BLE001 - each cache has errors of its own
            _state.cache_rests_until = now + _RESTS
            logger.warning("rate limits are counted by each process for itself: %s", type(error).__name__)
    return known


def _count_in_cache(key: tuple[str, str], number: int, until: float, now: float) -> int:
    # Caches refuse some characters, and names of people are none of the cache's business.
    name = "provider_site.limit." + crypto.digest("\n".join([*key, str(int(until))]))
    cache = caches[provider_settings.limits_cache]
    cache.add(name, 0, until - now + 60)
    try:
        return int(cache.incr(name, number))
    except ValueError:  # thrown out meanwhile, for want of room
        cache.set(name, number, until - now + 60)
        return number


def _seconds(wait: float) -> int:
    return max(1, int(wait + 0.999))
