"""A target in a process of its own, without the test suite around it."""

import logging
import os
import tempfile

from tests.fuzz.target import Run, Target


def targets() -> dict[str, Target]:
    """Set Django up with a database in memory, and nothing of a deployment's settings; return every target."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "project.settings",
        "DATABASE_URL": "sqlite://:memory:",
        "VAR_DIR": tempfile.mkdtemp(prefix="fuzz-"),
    }
    import django

    django.setup()
    logging.disable(logging.CRITICAL)
    from tests.fuzz.registry import TARGETS

    return TARGETS


def build(name: str) -> tuple[Run, Target]:
    """Return the function of a target, and the target."""
    target = targets()[name]
    if target.needs_database:
        from django.test.utils import setup_databases

        setup_databases(verbosity=0, interactive=False)
    return target.build(), target


if __name__ == "__main__":
    print(*sorted(targets()))  # noqa: T201 - a script's output
