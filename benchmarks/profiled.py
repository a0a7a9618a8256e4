"""A WSGI application that profiles another, BENCH_WSGI, and writes BENCH_PROFILE when its worker ends.

For one worker of one thread: a profile sees the thread it was enabled in.
"""

import atexit
import cProfile
import importlib
import itertools
import os
import time
from collections.abc import Callable, Iterable
from typing import Any

_module, _, _name = os.environ["BENCH_WSGI"].partition(":")
_application = getattr(importlib.import_module(_module), _name)
# CPU time: waiting for PostgreSQL is not what is looked for.
_profile = cProfile.Profile(time.thread_time)
# What is imported and made at first is left out.
_LEFT_OUT = 50
_requests = itertools.count()
atexit.register(lambda: _profile.dump_stats(os.environ["BENCH_PROFILE"]))


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer, watched."""
    if next(_requests) < _LEFT_OUT:
        early: Iterable[bytes] = _application(environ, start_response)
        return early
    _profile.enable()
    try:
        answer: Iterable[bytes] = _application(environ, start_response)
        return answer
    finally:
        _profile.disable()
