"""Django's PostgreSQL, whose kept connections are looked at before each request without asking the server.

A server that stops or fails over writes to its idle connections, or closes them: their sockets become readable, which
costs a millisecond's thousandth to see. A round trip (``SELECT 1``) is made only then, and after some seconds without
use, in which a firewall may have forgotten the connection. What dies unseen between two requests of a busy process is
found by TCP's own timeouts (databases.py).
"""

import select
import time
from typing import Any

from django.db.backends.postgresql import base
from psycopg import Error

from project.databases import IDLE_OPTION

IDLE_SECONDS = 30.0


def is_readable(connection: Any) -> bool:
    """Tell whether the server has sent something unasked or closed the connection; also when nobody can tell."""
    if connection.closed or not hasattr(select, "poll"):
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


class DatabaseWrapper(base.DatabaseWrapper):
    """Kept connections checked by their sockets: ``CONN_HEALTH_CHECKS``, and every connection taken from a pool."""

    def get_connection_params(self) -> dict[str, Any]:
        """Return what psycopg connects with: without our own option."""
        params: dict[str, Any] = super().get_connection_params()
        params.pop(IDLE_OPTION, None)
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connect, or take one that is alive from the pool, which gets the dead ones back and replaces them."""
        connection = super().get_new_connection(conn_params)
        if self.pool:
            for _attempt in range(self.pool.max_size):
                if self._is_trusted(connection) or _answers(connection):
                    break
                self.pool.putconn(connection)
                connection = super().get_new_connection(conn_params)
        connection.seen_at = time.monotonic()
        return connection

    def close_if_health_check_failed(self) -> None:
        """Close a kept connection that is dead, once before the first query of a request."""
        if self.connection is None or not self.health_check_enabled or self.health_check_done:
            return
        if self._is_trusted(self.connection):
            self.health_check_done = True
        else:
            super().close_if_health_check_failed()
        if self.connection is not None:
            self.connection.seen_at = time.monotonic()

    def _is_trusted(self, connection: Any) -> bool:
        """Tell whether a connection needs no round trip: used a moment ago, and nothing heard since."""
        idle = time.monotonic() - getattr(connection, "seen_at", time.monotonic())
        return idle < self.settings_dict["OPTIONS"].get(IDLE_OPTION, IDLE_SECONDS) and not is_readable(connection)


def _answers(connection: Any) -> bool:
    try:
        connection.execute("SELECT 1")
    except Error:
        return False
    return True
