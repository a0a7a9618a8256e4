"""The extras are extras: without them nothing breaks, and switched off nothing of them is imported."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("prometheus_client", "opentelemetry", "site_monitoring.tracing", "provider_site.metrics_families")
SERVE = """
import sys
absent = sys.argv[1].split(",") if sys.argv[1] else []
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in absent:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
import django
django.setup()
from django.test import Client
answer = Client(headers={"host": "localhost:8000"}).get("/.well-known/openid-configuration")
print(answer.status_code, ",".join(name for name in sys.argv[2].split(",") if name in sys.modules))
"""


def serve(*absent: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Serve a request in a process that has not these libraries; print the status and which heavy modules it has."""
    command = [sys.executable, "-c", SERVE, ",".join(absent), ",".join(HEAVY)]
    own = os.environ | {"DJANGO_SETTINGS_MODULE": "project.settings", "PYTHONPATH": str(ROOT)} | environment
    return subprocess.run(command, cwd=ROOT, env=own, capture_output=True, text=True, check=False)


def test_without_the_libraries_the_sites_serve(tmp_path: Path) -> None:
    ran = serve("prometheus_client", "opentelemetry", VAR_DIR=str(tmp_path))
    assert ran.stdout.split() == ["200"], ran.stderr


def test_libraries_that_are_there_are_not_imported_unless_switched_on(tmp_path: Path) -> None:
    assert serve(VAR_DIR=str(tmp_path)).stdout.split() == ["200"]
    wanted = serve(VAR_DIR=str(tmp_path), METRICS="on", TRACING="on").stdout.split()
    assert wanted == ["200", ",".join(HEAVY)]


@pytest.mark.parametrize(
    ("switch", "library", "extra"),
    [("METRICS", "prometheus_client", "prometheus"), ("TRACING", "opentelemetry", "opentelemetry")],
)
def test_switch_without_its_library_names_the_extra(tmp_path: Path, switch: str, library: str, extra: str) -> None:
    ran = serve(library, VAR_DIR=str(tmp_path), **{switch: "on"})
    assert ran.returncode == 1
    assert f"django-oauth-sites[{extra}]" in ran.stderr
