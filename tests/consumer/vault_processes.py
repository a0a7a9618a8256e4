"""Ask the vault in processes of their own, some of which die on the way.

A program: it is started once, reads a job per line and forks for each, so that a test pays no start of Django.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


class Processes:
    """The running program."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def together(self, account: Any, times: int, *, port: int) -> list[str]:
        """Let `times` processes ask for an account's tokens at once; return each one's, by `fingerprint`."""
        found: list[str] = self._do(job="together", account=account.pk, times=times, port=port)
        return found

    def killed(self, account: Any, point: str, *, port: int) -> int:
        """Kill a process that asks for an account's tokens at a point of its way; return the signal it died by."""
        died: int = self._do(job="killed", account=account.pk, point=point, port=port)
        return died

    def _do(self, **job: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


def fingerprint(token: str) -> str:
    """Return what may be printed of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


@contextmanager
def running(environment: dict[str, str]) -> Iterator[Processes]:
    """Start the program with these variables besides its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.consumer.vault_processes"],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "project.settings", **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Processes(process)
    finally:
        process.communicate(timeout=30)


def _ask(account: int, port: int) -> str:
    from allauth.socialaccount.models import SocialAccount
    from django.conf import settings

    from consumer_site import vault
    from tests.servers import move_settings

    move_settings(settings, port)
    return fingerprint(vault.fresh_tokens(account=SocialAccount.objects.get(pk=account)).access_token)


def _ask_together(account: int, port: int, barrier: Any, answers: Any) -> None:
    barrier.wait(30)
    try:
        answers.put(_ask(account, port))
    except Exception as error:  # noqa: BLE001 - the test is told whatever it was
        answers.put(repr(error))


def _ask_and_die(account: int, port: int, point: str) -> None:
    from django.db import connection

    def die_there(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        writes = sql.startswith("UPDATE") and "consumer_site_storedtoken" in sql
        answer = writes and "refreshed_at" in sql
        if answer and point == "answered":
            os.kill(os.getpid(), signal.SIGKILL)
        result = execute(sql, params, many, context)
        if (answer and point == "stored") or (writes and not answer and point == "leased"):
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    with connection.execute_wrapper(die_there):
        _ask(account, port)


def _run(job: dict[str, Any]) -> Any:
    fork = multiprocessing.get_context("fork")
    account, port = job["account"], job["port"]
    if job["job"] == "killed":
        child = fork.Process(target=_ask_and_die, args=(account, port, job["point"]))
        child.start()
        child.join(60)
        return -(child.exitcode or 0)
    barrier, answers = fork.Barrier(job["times"]), fork.Queue()
    children = [fork.Process(target=_ask_together, args=(account, port, barrier, answers)) for _ in range(job["times"])]
    for child in children:
        child.start()
    found = [answers.get(timeout=60) for _ in children]
    for child in children:
        child.join(60)
    return found


def main() -> None:
    """Do the jobs until there are no more."""
    import django

    django.setup()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_run(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
