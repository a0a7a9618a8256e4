"""A plugin for pytest: each worker takes a Redis database of its own, for a test empties the cache when it ends.

Loaded before Django reads its settings and after pytest-xdist has named the worker: gw0, gw1, … up to Redis's sixteen.
"""

import os

worker = os.environ.get("PYTEST_XDIST_WORKER", "")
if worker.startswith("gw") and os.environ.get("CACHE_URL"):
    os.environ["CACHE_URL"] = f"{os.environ['CACHE_URL'].rpartition('/')[0]}/{int(worker[2:])}"
