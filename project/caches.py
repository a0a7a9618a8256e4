"""Redis that may be gone, or hang: requests go on without it, and come back to it by themselves.

After a failure it is left alone for some seconds, in which nobody waits for it; then one request asks again. Meanwhile
each process keeps by itself what it would have counted there, as a deployment without Redis does. Copies of sessions
are kept nowhere then: who ends a session in another process could not take them away.
"""

import logging
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from django.core.cache.backends import redis as django_redis
from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.locmem import LocMemCache

logger = logging.getLogger(__name__)

# A process waits for the timeout of a Redis that hangs (databases.py) once in so many seconds.
REST_SECONDS = 5
# Of a session that ends while Redis can't be told, a copy there answers for so long after it is back.
COPY_SECONDS = 60


@dataclass(slots=True)
class _Outage:
    """What a process knows of one Redis: whether it is gone, and when to ask again."""

    is_gone: bool = False
    rests_until: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def may_ask(self) -> bool:
        """Tell whether this call goes to Redis: each while it is there, one at a time while it is gone."""
        if not self.is_gone:
            return True
        with self.lock:
            now = time.monotonic()
            asks = now >= self.rests_until
            if asks:
                self.rests_until = now + REST_SECONDS
            return asks

    def began(self) -> bool:
        """Note a failure; tell whether it is the first."""
        with self.lock:
            first, self.is_gone = not self.is_gone, True
            self.rests_until = time.monotonic() + REST_SECONDS
            return first

    def is_over(self) -> None:
        """Note that Redis has answered."""
        if self.is_gone:
            with self.lock:
                self.is_gone = False
            logger.warning("Redis answers again")


# Django makes a cache for each thread; what is known is the process's.
_outages: dict[str, _Outage] = {}


class RedisCache(django_redis.RedisCache):
    """Django's, with the memory of the process in its place while Redis can't be reached."""

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._outage = _outages.setdefault(str(server), _Outage())
        self._instead = self._make_instead({name: value for name, value in params.items() if name != "OPTIONS"})

    @property
    def is_gone(self) -> bool:
        """Whether the last that asked Redis got no answer: whoever watches the site wants to know."""
        return self._outage.is_gone

    def _make_instead(self, params: dict[str, Any]) -> BaseCache:
        return LocMemCache("instead of Redis", {**params, "OPTIONS": {"MAX_ENTRIES": 20_000}})

    def _ask(self, name: str, *args: Any, **kwargs: Any) -> Any:
        if self._outage.may_ask():
            from redis import exceptions  # noqa: PLC0415 - an optional dependency

            try:
                answer = getattr(super(), name)(*args, **kwargs)
            # Not there, hanging, still loading; a replica by now; full, where nothing is evicted.
            except (
                exceptions.ConnectionError,
                exceptions.TimeoutError,
                exceptions.ReadOnlyError,
                exceptions.OutOfMemoryError,
            ) as error:
                if self._outage.began():
                    # Its words may hold the address and its password.
                    logger.error("Redis is gone, each process counts for itself: %s", type(error).__name__)  # noqa: TRY400
            else:
                self._outage.is_over()
                return answer
        return getattr(self._instead, name)(*args, **kwargs)

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Put what is not there yet."""
        return bool(self._ask("add", key, value, timeout, version))

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        """Return what is there."""
        return self._ask("get", key, default, version)

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        """Put it there."""
        self._ask("set", key, value, timeout, version)

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Let it stay for longer."""
        return bool(self._ask("touch", key, timeout, version))

    def delete(self, key: Any, version: int | None = None) -> bool:
        """Take it away."""
        return bool(self._ask("delete", key, version))

    def get_many(self, keys: Any, version: int | None = None) -> dict[Any, Any]:
        """Return what of these is there."""
        found: dict[Any, Any] = self._ask("get_many", keys, version)
        return found

    def has_key(self, key: Any, version: int | None = None) -> bool:
        """Tell whether it is there."""
        return bool(self._ask("has_key", key, version))

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        """Add to a number; raises ValueError where there is none."""
        return int(self._ask("incr", key, delta, version))

    def set_many(self, data: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> list[Any]:
        """Put them there; return what could not be."""
        return list(self._ask("set_many", data, timeout, version) or [])

    def delete_many(self, keys: Any, version: int | None = None) -> None:
        """Take them away."""
        self._ask("delete_many", keys, version)

    def clear(self) -> None:
        """Take everything away."""
        self._ask("clear")


class SessionCopies(RedisCache):
    """Copies of sessions, for a minute: where Redis can't be reached, a session is read from its row."""

    def _make_instead(self, params: dict[str, Any]) -> BaseCache:
        return DummyCache("", params)

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        """Keep a copy, not for as long as the session may live."""
        kept = COPY_SECONDS if timeout is None or timeout is DEFAULT_TIMEOUT else min(timeout, COPY_SECONDS)
        super().set(key, value, kept, version)
