"""The grep of all output for all secrets finds each that leaks, and names it without repeating it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from provider_site.storage import credentials
from tests.secret_watch.watch import Watch

ROOT = Path(__file__).resolve().parent.parent
# Test of leaky.py -> what is said of it.
LEAKS = {
    "test_log": "credential osrt_…, token or client secret in a log",
    "test_log_of_an_exception": "code, handle or verifier in a log",
    "test_log_of_another_library": "code, handle or verifier in a log",
    "test_output": "password in stdout call",
    "test_key": "sealed text of the provider in stderr call",
    "test_mail": "credential osat_…, token or client secret in an e-mail",
    "test_vault": "sealed text of the vault in a log",
    "test_setting": "secret of the settings in a log",
}


def test_each_leak_fails_its_test_without_repeating_the_secret(tmp_path: Path) -> None:
    base = tmp_path / "base"
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--basetemp", str(base), "-n", "1"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    ran = subprocess.run(
        [*command, "tests/secret_watch/leaky.py"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    # Its log is one of a process that a test of this run has started.
    shutil.rmtree(base, ignore_errors=True)
    assert ran.returncode == 1, ran.stdout
    said = dict(re.findall(r"::(\w+) wrote secrets: (.+)", ran.stdout))
    for test, leak in LEAKS.items():
        assert leak in said.get(test, ""), (test, ran.stdout)
    assert said.keys() == LEAKS.keys()
    assert "11 passed, 8 errors" in ran.stdout
    assert re.search(r"test_process\d*/server\.log: credential oscs_…", ran.stdout)
    assert re.search(r"os(at|rt|cs)_[0-9A-Za-z]{20}", ran.stdout) is None
    assert "correct horse" not in ran.stdout
    assert "PRIVATE KEY" not in ran.stdout


class TestWatch:
    def test_secret_is_found_anywhere_in_a_text(self) -> None:
        watch = Watch()
        watch.record("password", "correct horse", "correct house", None, "short", b"in bytes, of its own")
        assert len(watch) == 3
        assert watch.found("xcorrect horsex") == {"password"}
        assert watch.found("in bytes, of its own") == {"password"}
        assert watch.found("correct hors, short") == set()
        assert watch.found("correct horse", allowed=["password"]) == set()

    def test_credential_of_another_process_is_told_by_its_checksum(self) -> None:
        secret = credentials.new_client_secret()
        assert Watch().found(f"made {secret}.") == {"credential oscs_…"}
        assert Watch().found(f"made {secret[:-1]}") == set()

    def test_token_that_another_process_signed_is_told_by_its_shape_in_files_alone(self) -> None:
        token = f"eyJ{'a' * 20}.eyJ{'b' * 20}.{'c' * 60}"
        assert Watch().found_in_file(token) == {"signed token"}
        assert Watch().found(token) == set()
