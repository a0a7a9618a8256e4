"""nginx in front of the workers, by the very lines of docs/nginx.conf, without TLS."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests import engines, machine

LINES = Path(__file__).resolve().parents[2] / "docs" / "nginx.conf"
AROUND = """
worker_processes 1;
daemon off;
pid {directory}/pid;
error_log {directory}/error.log;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    {lines}
}}
"""


@contextmanager
def in_front(directory: Path, *, port: int, workers: Sequence[int]) -> Iterator[None]:
    """Run nginx on a port before the workers on theirs."""
    lines = re.sub(r" *ssl_certificate.*\n", "", LINES.read_text(encoding="utf-8"))
    # As if TLS had ended here.
    lines = lines.replace("listen 443 ssl", f"listen {port}").replace("$scheme", "https")
    servers = re.findall(r"127\.0\.0\.1:\d+", lines)
    assert len(servers) == len(workers)
    for named, own in zip(servers, workers, strict=True):
        lines = lines.replace(named, f"127.0.0.1:{own}")
    directory.mkdir()
    configuration = directory / "nginx.conf"
    configuration.write_text(AROUND.format(directory=directory, lines=lines), encoding="utf-8")
    process = subprocess.Popen([machine.nginx(), "-e", f"{directory}/error.log", "-c", str(configuration)])
    try:
        engines.wait_until(lambda: engines.listening(port), process, "nginx")
        yield
    finally:
        engines.stop(process)
