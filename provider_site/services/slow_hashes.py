"""Secrets of stock DOT's slow hashes: a stranger's guesses may cost only so much, and a right one costs once.

A third of a second of CPU before anybody is authenticated is a lever to stop a site with. So each application has a
budget of guesses; a secret that was right is known again by a keyed digest, so that guesses don't lock its client out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.cache import cache
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

GUESSES_PER_MINUTE = 10
_KNOWN_FOR_SECONDS = 7 * 86400
_SALT = "provider_site.slow_hashes"


def verify(*, application: Any, stored: str, secret: str, by_hash: Callable[[], bool], is_guess: bool) -> bool:
    """Tell whether ``secret`` is the one behind ``stored``; ``by_hash``, the slow answer, is asked as seldom as can be.

    False, unasked, for a guess when the application's budget of this minute is spent.
    """
    # Of the stored hash too: what was right for another hash says nothing. Keyed: the cache alone guesses nothing.
    mark = salted_hmac(_SALT, f"{stored}\n{secret}", algorithm="sha256").hexdigest()
    known = f"{_SALT}.known.{application.pk}"
    if constant_time_compare(str(cache.get(known, "")), mark):
        return True
    if is_guess and not _has_a_guess_left(application):
        return False
    right = by_hash()
    if right:
        cache.set(known, mark, _KNOWN_FOR_SECONDS)
    return right


def _has_a_guess_left(application: Any) -> bool:
    """Take one of the minute's guesses, before it is made: many at once are as costly as one after the other."""
    key = f"{_SALT}.guesses.{application.pk}.{timezone.now():%d%H%M}"
    cache.add(key, 0, 120)
    try:
        return int(cache.incr(key)) <= GUESSES_PER_MINUTE
    except ValueError:  # the cache has dropped it meanwhile, or keeps nothing
        return True
