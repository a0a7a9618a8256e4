"""Call a site as its clients do: by its public name, bounded in time and size, no redirect followed.

Not the guarded client of the apps: its addresses come from the operator, who may well mean this very machine.
"""

from __future__ import annotations

import http.client
import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

MAX_BYTES = 2 * 1024 * 1024
AGENT = "site-doctor"


class Unreachable(Exception):
    """No answer came; the words say why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a site answered, and when it was asked and had answered (seconds since 1970)."""

    url: str
    status: int
    fields: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)
    asked: float = 0.0
    answered: float = 0.0

    def header(self, name: str) -> str:
        """Return a header's value, its lines joined; empty where there is none."""
        return ", ".join(self.headers(name))

    def headers(self, name: str) -> list[str]:
        """Return each line of a header."""
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def document(self) -> dict[str, Any]:
        """Return the JSON object in the body; raise ValueError where there is none."""
        told = json.loads(self.body)
        if not isinstance(told, dict):
            raise ValueError("not a JSON object")  # noqa: TRY004 - what came is wrong, not what was passed
        return told

    def text(self) -> str:
        """Return the body as text, whatever it is."""
        return self.body.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom to believe, and how long to wait for each answer in seconds."""

    ca_file: str | None = None
    timeout: float = 10.0

    def context(self) -> ssl.SSLContext:
        """Return TLS as a careful client has it: verified, by this bundle or the system's."""
        return ssl.create_default_context(cafile=self.ca_file)

    def get(self, url: str, **options: Any) -> Answer:
        """Return the answer to a GET."""
        return self.call("GET", url, **options)

    def post(self, url: str, form: Mapping[str, str], **options: Any) -> Answer:
        """Return the answer to a form."""
        headers = {"Content-Type": "application/x-www-form-urlencoded", **(options.pop("headers", None) or {})}
        return self.call("POST", url, body=urlencode(form).encode(), headers=headers, **options)

    def call(
        self,
        method: str,
        url: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        host: str = "",
    ) -> Answer:
        """Return the answer; ``host`` is what the Host header says instead of the address's own. Raise Unreachable."""
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection = self._connection(parts.scheme, parts.hostname or "", parts.port)
        began = time.time()
        try:
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            for name, value in {"Host": host or parts.netloc, "User-Agent": AGENT, **(headers or {})}.items():
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            told = response.read(MAX_BYTES)
            return Answer(url, response.status, tuple(response.getheaders()), told, began, time.time())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Unreachable(f"{parts.scheme}://{parts.netloc}: {reason(error)}") from error
        finally:
            connection.close()

    def _connection(self, scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
        if scheme == "https":
            return http.client.HTTPSConnection(host, port, timeout=self.timeout, context=self.context())
        return http.client.HTTPConnection(host, port, timeout=self.timeout)


def reason(error: Exception) -> str:
    """Return why a call failed, in a few words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not believed: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {error.reason or type(error).__name__}"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return f"{type(error).__name__}: {error}"
