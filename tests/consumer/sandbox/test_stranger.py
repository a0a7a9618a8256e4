"""The emulators in a project that has nothing of ours but them, each time in a process of its own."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import requests

from tests.consumer.sandbox.social import choose

ROOT = Path(__file__).parents[3]


def environment(**more: str) -> dict[str, str]:
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.consumer.settings_stranger",
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "error",
        "PYTHONUNBUFFERED": "1",
        **more,
    }


def sandbox(*options: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the command where it is expected to end by itself."""
    return subprocess.run(
        [sys.executable, "-m", "django", "sandbox", *options],
        cwd=ROOT,
        env=environment(**more),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


# What a shell started in the background ignores an interrupt, and so do its children: a test run may be one of those.
AT_A_TERMINAL = (
    "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "runpy.run_module('django', run_name='__main__', alter_sys=True)"
)


@contextmanager
def running(directory: Path) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """Run the command on a free port, in a project whose own urls cannot even be imported."""
    more = {"STRANGER_DATABASE": str(directory / "stranger.sqlite3"), "STRANGER_URLS": "no.such.urls"}
    command = [sys.executable, "-c", AT_A_TERMINAL, "sandbox", "--port", "0"]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(**more), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line.rstrip())
            if line.startswith("Quit"):
                break
        try:
            yield process, lines
        finally:
            process.kill()


def test_one_installed_app_and_one_line_of_urls_are_enough() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.consumer.sandbox.stranger"],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["seen"] == ["小企鹅", "张三", "mona-octo"]
    assert found["pages"] == [200] * 5
    assert "no issues" in found["checked"]
    assert "No changes" in found["migrations"]


def test_command_serves_on_its_own_port_whatever_urls_the_project_has(tmp_path: Path) -> None:
    with running(tmp_path) as (process, lines):
        told = "\n".join(lines)
        (base,) = re.findall(r"^Sign-in emulators at (http://127\.0\.0\.1:\d+/sandbox)/", told)
        assert re.search(r"wx0000000000000002 +secret sandbox-weixin-inside-secret", told)
        assert requests.get(base.removesuffix("/sandbox"), timeout=10).url == f"{base}/"
        query = {"client_id": "Ov23liSandbox0000001", "redirect_uri": "http://127.0.0.1:9/callback/", "state": "s"}
        there = choose(f"{base}/github/login/oauth/authorize?{urlencode(query)}", "octo")
        assert there.startswith("http://127.0.0.1:9/callback/?code=")
        # Another machine's name means another site that points here (DNS rebinding).
        foreign = requests.get(f"{base}/", headers={"Host": "evil.example"}, timeout=10)
        assert foreign.status_code == 400
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 0


def test_command_refuses_without_debug(tmp_path: Path) -> None:
    done = sandbox("--port", "0", STRANGER_DEBUG="0", STRANGER_DATABASE=str(tmp_path / "none.sqlite3"))
    assert done.returncode == 1
    assert "under DEBUG alone" in done.stderr
    assert not (tmp_path / "none.sqlite3").exists()


def test_command_says_so_when_the_port_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = sandbox("--port", port, STRANGER_DATABASE=str(tmp_path / "stranger.sqlite3"))
    assert done.returncode == 1
    assert f"Port {port} cannot be used" in done.stderr
