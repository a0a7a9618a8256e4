"""Issue tokens without a pause and print how long each took: `python -m benchmarks.growth.issuer <lock timeout>`."""

import os
import sys
import time

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")

import django

django.setup()

from django.conf import settings  # noqa: E402  models are imported once Django is set up
from django.db import connection  # noqa: E402 - after the settings are there

from benchmarks.growth.visits import Visitor  # noqa: E402 - after the settings are there

settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def main() -> None:
    """Sign somebody in, exchange, refresh, and get machines' tokens; a lock that is waited for too long ends it."""
    visitor = Visitor(name=f"issuer{os.getpid()}")
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [sys.argv[1]])
    while True:
        for name, visit in visitor.hot():
            began = time.perf_counter()
            visit()
            if name in {"client_credentials", "code exchange", "refresh"}:
                sys.stdout.write(f"{(time.perf_counter() - began) * 1000}\n")
                sys.stdout.flush()
        time.sleep(0.01)


if __name__ == "__main__":
    main()
