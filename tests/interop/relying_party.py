"""A party in a process of its own, made with a library of another language: one line of JSON each way."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from tests import machine

DIRECTORY = Path(__file__).resolve().parent
LIBRARIES = {"openid-client": "openid_client.mjs", "oauth4webapi": "oauth4webapi.mjs"}


class ClientRefused(Exception):
    """What the library threw: its own code and message, and the OAuth error behind it."""

    def __init__(self, told: dict[str, Any]) -> None:
        super().__init__(json.dumps(told))
        self.code, self.error, self.status = told.get("code"), told.get("error"), told.get("status")
        self.description = told.get("description")


class Script:
    """A running script of this directory."""

    def __init__(self, name: str, **environment: str) -> None:
        self._process = subprocess.Popen(
            [machine.node(DIRECTORY), name],
            cwd=DIRECTORY,
            env=os.environ | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def ask(self, action: str, **given: Any) -> Any:
        """Have it do something. Raises ClientRefused with what the library has against it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"action": action} | given) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"the script ended with status {self._process.wait(10)}"
        answer = json.loads(line)
        if "error" in answer:
            raise ClientRefused(answer["error"])
        return answer["result"]

    def leave(self) -> None:
        """End it, and with it its connections."""
        self._process.communicate(timeout=10)


class RelyingParty(Script):
    """A running client."""

    def __init__(self, library: str) -> None:
        self.library = library
        super().__init__(LIBRARIES[library])
