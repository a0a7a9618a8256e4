"""Run the commands of a run-book exactly as its page has them.

A line of `manage.py` runs in this process, through Django's own way from a line's arguments to the command, so that the
test's database and settings are those of the site; every other line runs in bash. What a line changes in the
environment holds for the lines after it, and for the settings, as after a restart.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.core.management import call_command
from django.db import connection, connections

from project.environment import read_list
from provider_site.storage import clients
from tests import readme

_MANAGE = "python manage.py "
_ASSIGNMENT = re.compile(r"^(export )?[A-Z_]+=")
_RINGS = ("PROVIDER_KEY_RING", "CONSUMER_KEY_RING")


def database_url() -> str:
    """Return the URL of the database under test, as a deployment would have it."""
    one: dict[str, Any] = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{one['NAME']}"
    who = quote(one["USER"]) + (f":{quote(one['PASSWORD'])}" if one["PASSWORD"] else "")
    return f"postgresql://{who}@{one['HOST']}:{one['PORT']}/{one['NAME']}"


class Site:
    """A deployment in which somebody follows a run-book: its environment, and the settings made of it."""

    def __init__(self, directory: Path, settings: Any) -> None:
        self.directory = directory
        self._settings = settings
        self.environment = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
            "HOME": str(directory),
            "SECRET_KEY": settings.SECRET_KEY,
            "PROVIDER_KEY_RING": ",".join(settings.PROVIDER_SITE["KEY_RING"]),
            "CONSUMER_KEY_RING": ",".join(settings.CONSUMER_SITE["KEY_RING"]),
            "DATABASE_URL": database_url(),
            "DATABASE": str(connection.settings_dict["NAME"]),
            "MEDIA_ROOT": str(settings.MEDIA_ROOT),
            "BACKUP": str(directory),
        }

    def follow(self, page: str, step: str, **variables: str) -> str:
        """Run the commands of a step; return what they wrote. Raise what a command raises, or CalledProcessError."""
        self.environment |= variables
        fence = textwrap.dedent(readme.lines(step, f"docs/runbooks/{page}.md", language="sh"))
        return "".join(self._run(line) for line in fence.replace("\\\n", " ").splitlines() if line.strip())

    def _run(self, line: str) -> str:
        if line.startswith(_MANAGE):
            return self._manage(line.removeprefix(_MANAGE))
        if _ASSIGNMENT.match(line):
            self._assign(line)
            return ""
        if "$DATABASE" in line:
            connections.close_all()  # what is copied or put in another's place is used by nobody
        command = ["bash", "-euo", "pipefail", "-c", line]
        done = subprocess.run(
            command, cwd=self.directory, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{line}\n{done.stderr}"
        return done.stdout

    def _manage(self, line: str) -> str:
        words = [self._expanded(word) for word in shlex.split(line)]
        source = words[words.index("<") + 1] if "<" in words else None
        target = words[words.index(">") + 1] if ">" in words else None
        arguments = words[: min(words.index(sign) if sign in words else len(words) for sign in "<>")]
        output = io.StringIO()
        with contextlib.ExitStack() as stack:
            stack.enter_context(contextlib.redirect_stdout(output))
            if source:
                stack.enter_context(_stdin(self.directory / source))
            call_command(*arguments)
        if target:
            (self.directory / target).write_text(output.getvalue(), encoding="utf-8")
            return ""
        return output.getvalue()

    def _expanded(self, word: str) -> str:
        return re.sub(r"\$(\w+)", lambda found: self.environment[found[1]], word)

    def _assign(self, line: str) -> None:
        script = f"set -euo pipefail -a; {line}; env -0"
        done = subprocess.run(["bash", "-c", script], env=self.environment, capture_output=True, text=True, check=True)
        found = dict(pair.split("=", 1) for pair in done.stdout.split("\0") if "=" in pair)
        self.environment |= {name: value for name, value in found.items() if name not in {"_", "PWD", "SHLVL"}}
        self._restart()

    def _restart(self) -> None:
        """Give the settings what the environment says now, and forget what a new process does not know."""
        clients._known.clear()
        provider, consumer = (read_list(name, environ=self.environment) for name in _RINGS)
        self._settings.PROVIDER_SITE = self._settings.PROVIDER_SITE | {"KEY_RING": provider}
        self._settings.CONSUMER_SITE = self._settings.CONSUMER_SITE | {"KEY_RING": consumer}
        self._settings.MFA_KEY_RING = provider
        self._settings.SECRET_KEY = self.environment["SECRET_KEY"]
        self._settings.SECRET_KEY_FALLBACKS = read_list("SECRET_KEY_FALLBACKS", environ=self.environment)


@contextlib.contextmanager
def _stdin(path: Path) -> Any:
    kept = sys.stdin
    with path.open(encoding="utf-8") as file:
        sys.stdin = file
        try:
            yield
        finally:
            sys.stdin = kept
