"""Fuzz one target under coverage: ``python -m tests.fuzz.run NAME FIGURES CORPUS [option of libFuzzer]…``.

``FIGURES`` is a file of two numbers of eight bytes that count inputs and bytes; new inputs that reach further go into
the directory ``CORPUS``. Needs atheris (requirements-fuzz.txt).
"""

import mmap
import struct
import sys
from pathlib import Path

import atheris

from tests.fuzz.mutator import mutated

# Where outside data is read. Every module more is a wait at the start of each run.
WATCHED = [
    *(f"provider_site.{name}" for name in ("policy", "services", "protocol", "crypto", "rates", "middleware", "http")),
    *("provider_site.storage.credentials", "project.environment", "project.hosts", "outbound_http", "keyset_lists"),
    *("consumer_site.jose", "consumer_site.connectors", "consumer_site.logout", "consumer_site.openid"),
    *("consumer_site.profile_fields", "consumer_site.provider_calls", "consumer_site.calendar", "consumer_site.vault"),
]
# Parsers in Python that outside data is handed to.
LIBRARIES = {
    "picture": ["PIL"],
    **{name: ["jwt"] for name in ("id_token", "logout_token", "provider_token", "key_set")},
}


def main(arguments: list[str]) -> None:
    """Fuzz the target; libFuzzer ends the process."""
    name, figures, corpus, *options = arguments
    with atheris.instrument_imports(include=[*WATCHED, *LIBRARIES.get(name, [])], enable_loader_override=False):
        from tests.fuzz.alone import build

        run, target = build(name)
    from django.core.cache import cache

    for number, seed in enumerate(target.seeds):
        (Path(corpus) / f"seed-{number}").write_bytes(seed)
    Path(figures).write_bytes(bytes(16))
    with open(figures, "r+b") as file:  # noqa: PTH123 - mapped by its descriptor
        counted = mmap.mmap(file.fileno(), 16)
    inputs = octets = 0

    def one(data: bytes) -> None:
        nonlocal inputs, octets
        inputs, octets = inputs + 1, octets + len(data)
        struct.pack_into("<QQ", counted, 0, inputs, octets)
        cache.clear()
        run(data)

    def other(data: bytes, most: int, seed: int) -> bytes:
        return mutated(data, most, seed, atheris.Mutate)

    atheris.Setup([sys.argv[0], corpus, *options, f"-max_len={target.longest}"], one, custom_mutator=other)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
