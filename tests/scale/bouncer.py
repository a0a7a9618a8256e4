"""PgBouncer in transaction mode, in front of a PostgreSQL of the tests."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from tests import engines, machine

# A client is given a server's connection for each transaction: fewer of these than clients, so that they do change.
CONFIGURATION = """
[databases]
* = host=127.0.0.1 port={server} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
auth_type = any
pool_mode = transaction
default_pool_size = 3
max_client_conn = 100
unix_socket_dir =
logfile = {directory}/log
"""


@contextmanager
def bouncing(database_url: str) -> Iterator[str]:
    """Run PgBouncer before the server of `database_url`; yield the URL to connect to in its place."""
    program = machine.pgbouncer()
    server, port = urlsplit(database_url).port, engines.free_port()
    directory = Path(tempfile.mkdtemp(prefix="bouncer-"))
    # PgBouncer refuses to run as root.
    account = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
    owner = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}
    if account:
        os.chown(directory, account.pw_uid, account.pw_gid)
    ini = directory / "pgbouncer.ini"
    ini.write_text(CONFIGURATION.format(server=server, port=port, directory=directory))
    quiet = {"cwd": directory, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([program, str(ini)], **quiet, **owner)
    try:
        engines.wait_until(lambda: engines.listening(port), process, "PgBouncer")
        yield database_url.replace(f":{server}/", f":{port}/")
    finally:
        # At SIGTERM it waits for its clients; SIGINT does, too, and SIGQUIT does not.
        process.kill()
        process.wait()
        shutil.rmtree(directory, ignore_errors=True)
