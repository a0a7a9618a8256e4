"""Compare a worker's start and memory with stock DOT's, in the same minimal project: `python -m benchmarks.startup`.

The start is the CPU time of a fresh process until it has answered its first request (the metadata); compiled files are
there. Memory is the proportional set size of a gunicorn worker after 100 requests, with and without `--preload`. The
two projects take turns; printed are medians and their ratio.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from benchmarks import credentials
from benchmarks.work import ROOT

REQUESTS = 100
WAIT_SECONDS = 60.0

_HOST = """\
from pathlib import Path
HERE = Path(__file__).parent
SECRET_KEY, DEBUG, ALLOWED_HOSTS = "k" * 64, False, ["*"]
CONTRIB = [f"django.contrib.{name}" for name in
           ("admin", "auth", "contenttypes", "sessions", "messages", "staticfiles")]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": {
    "context_processors": ["django.template.context_processors.request",
                           "django.contrib.auth.context_processors.auth",
                           "django.contrib.messages.context_processors.messages"]}}]
DEFAULT_AUTO_FIELD, STATIC_URL, USE_TZ = "django.db.models.BigAutoField", "/static/", True
# Tables are made from the models: the way they came to be is not what is measured.
LABELS = ("admin", "auth", "contenttypes", "sessions", "oauth2_provider", "provider_site", "django_tasks_database")
MIGRATION_MODULES = dict.fromkeys(LABELS)
"""

_DOT = """\
from host import *
INSTALLED_APPS = [*CONTRIB, "oauth2_provider"]
ROOT_URLCONF = "dot_urls"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": HERE / "dot.sqlite3"}}
OAUTH2_PROVIDER = {"OIDC_ENABLED": True, "OIDC_RSA_PRIVATE_KEY": (HERE / "key.pem").read_text(),
                   "SCOPES": {"openid": "OpenID Connect", "nickname": "Nickname"}}
"""

_PROVIDER = """\
from host import *
from provider_site.dot_settings import dot_settings
INSTALLED_APPS = [*CONTRIB, "provider_site", "oauth2_provider", "django_tasks", "django_tasks_db"]
ROOT_URLCONF = "provider_urls"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": HERE / "provider.sqlite3"}}
PROVIDER_SITE = {"ISSUER": "http://localhost:8000", "KEY_RING": ["r" * 64]}
OAUTH2_PROVIDER = dot_settings()
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
MEDIA_ROOT = HERE / "media"
MIDDLEWARE.insert(1, "provider_site.middleware.EndpointMiddleware")
"""

_URLS = """\
from django.contrib import admin
from django.urls import include, path
urlpatterns = [path("admin/", admin.site.urls), path("{prefix}", include("{app}.urls"))]
"""

_SEED_DOT = """\
from oauth2_provider.models import get_application_model
get_application_model().objects.create(name="machine", client_id={client_id!r}, client_secret={secret!r},
    hash_client_secret=False, client_type="confidential", authorization_grant_type="client-credentials")
"""

_SEED_PROVIDER = """\
from django.contrib.auth import get_user_model
from provider_site.services.applications import register_application
register_application(name="machine", client_id={client_id!r}, client_secret={secret!r}, status="approved",
    owner=get_user_model().objects.create(username="owner"), authorization_grant_type="client-credentials",
    scopes={{"nickname": True}}, redirect_uris=[])
"""

# A process of its own: what it used until the first answer, to the millisecond.
_FIRST_ANSWER = """\
import io, resource, sys
from django.core.wsgi import get_wsgi_application
said = []
b"".join(get_wsgi_application()(
    {"REQUEST_METHOD": "GET", "PATH_INFO": sys.argv[1], "SERVER_NAME": "localhost", "SERVER_PORT": "8000",
     "wsgi.input": io.BytesIO(), "wsgi.errors": sys.stderr, "wsgi.url_scheme": "http"},
    lambda status, headers: said.append(status)))
assert said[0].startswith("200"), said
used = resource.getrusage(resource.RUSAGE_SELF)
print(used.ru_utime + used.ru_stime, len(sys.modules))
"""


@dataclass(frozen=True)
class Subject:
    """One of the two projects."""

    name: str
    settings: str
    prefix: str
    app: str
    seed: str

    def environment(self, directory: Path) -> dict[str, str]:
        """Return the environment of its processes; compiled files are written once, and elsewhere."""
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        paths = os.pathsep.join([str(directory), str(ROOT)])
        compiled = {"PYTHONPYCACHEPREFIX": str(directory / "compiled"), "PYTHONPATH": paths}
        return kept | compiled | {"DJANGO_SETTINGS_MODULE": f"{self.name}_settings"}

    def addresses(self) -> tuple[str, str, str]:
        """Return where metadata, keys and tokens are."""
        root = f"/{self.prefix}"
        return f"{root}.well-known/openid-configuration", f"{root}.well-known/jwks.json", "/o/token/"


SUBJECTS = (
    Subject("dot", _DOT, "o/", "oauth2_provider", _SEED_DOT),
    Subject("provider", _PROVIDER, "", "provider_site", _SEED_PROVIDER),
)


def _run(subject: Subject, directory: Path, *command: str) -> str:
    """Run Python in a project; return its output, or raise CalledProcessError."""
    done = subprocess.run(
        [sys.executable, *command],
        cwd=directory,
        env=subject.environment(directory),
        check=True,
        text=True,
        stdout=subprocess.PIPE,
    )
    return done.stdout


def make(directory: Path) -> None:
    """Write both projects, their tables and one machine's application in each."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (directory / "key.pem").write_bytes(pem)
    (directory / "host.py").write_text(_HOST)
    (directory / "wsgi.py").write_text(
        "from django.core.wsgi import get_wsgi_application as get\napplication = get()\n"
    )
    for subject in SUBJECTS:
        (directory / f"{subject.name}_settings.py").write_text(subject.settings)
        urls = _URLS.format(prefix=subject.prefix, app=subject.app)
        (directory / f"{subject.name}_urls.py").write_text(urls)
        _run(subject, directory, "-m", "django", "migrate", "--run-syncdb", "--verbosity", "0")
        seed = subject.seed.format(client_id=credentials.MACHINE, secret=credentials.CLIENT_SECRET)
        _run(subject, directory, "-c", f"import django; django.setup()\n{seed}")


def first_answer(subject: Subject, directory: Path) -> tuple[float, int]:
    """Return the CPU seconds of a fresh process until its first answer, and how many modules it has."""
    seconds, modules = _run(subject, directory, "-c", _FIRST_ANSWER, subject.addresses()[0]).split()
    return float(seconds), int(modules)


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def served(subject: Subject, directory: Path, *, preload: bool) -> Iterator[tuple[int, str]]:
    """Serve a project by gunicorn with one worker; yield the master's process id and the origin."""
    port = _free_port()
    command = [sys.executable, "-m", "gunicorn", "wsgi", "--bind", f"127.0.0.1:{port}", "--log-level", "error"]
    command += ["--workers", "1", "--threads", "4", *(["--preload"] if preload else [])]
    server = subprocess.Popen(command, cwd=directory, env=subject.environment(directory))
    try:
        end = time.monotonic() + WAIT_SECONDS
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if server.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"gunicorn did not start: {subject.name}")
            time.sleep(0.1)
        yield server.pid, f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def _fetch(address: str, form: Mapping[str, str] | None = None) -> None:
    data = urllib.parse.urlencode(form).encode() if form else None
    with urllib.request.urlopen(urllib.request.Request(address, data), timeout=WAIT_SECONDS) as answer:  # noqa: S310 - its own server
        json.loads(answer.read())


def ask(subject: Subject, origin: str) -> None:
    """Ask for metadata, keys and tokens in turn."""
    form = {"grant_type": "client_credentials", "scope": "nickname"}
    form |= {"client_id": credentials.MACHINE, "client_secret": credentials.CLIENT_SECRET}
    metadata, keys, token = subject.addresses()
    for _turn in range(REQUESTS // 4):
        _fetch(origin + metadata)
        _fetch(origin + keys)
        _fetch(origin + token, form)
        _fetch(origin + token, form)


def _proportional_mib(process: int) -> float:
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("Pss:")).split()[1]) / 1024


def memory(subject: Subject, directory: Path, *, preload: bool) -> tuple[float, float]:
    """Return the MiB of a worker after 100 requests, and those of master and worker together."""
    with served(subject, directory, preload=preload) as (master, origin):
        ask(subject, origin)
        children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        workers = [_proportional_mib(int(child)) for child in children]
        return workers[0], workers[0] + _proportional_mib(master)


def report(rows: Mapping[str, Mapping[str, list[float]]]) -> str:
    """Return a table of medians and their ratio."""
    lines = ["| | stock DOT | provider_site | ratio |", "|---|---|---|---|"]
    for title, found in rows.items():
        dot, ours = (statistics.median(found[subject.name]) for subject in SUBJECTS)
        lines.append(f"| {title} | {dot:.3g} | {ours:.3g} | {ours / dot:.2f} |")
    return "\n".join(lines)


def main(rounds: int) -> None:
    """Measure both in turns, and print the table."""
    rows: dict[str, dict[str, list[float]]] = {}

    def add(title: str, subject: Subject, value: float) -> None:
        rows.setdefault(title, {}).setdefault(subject.name, []).append(value)

    with tempfile.TemporaryDirectory(prefix="startup-") as name:
        directory = Path(name)
        make(directory)
        for subject in SUBJECTS:
            first_answer(subject, directory)  # compiles
        for _round in range(rounds):
            for subject in SUBJECTS:
                seconds, modules = first_answer(subject, directory)
                add("CPU until the first answer, seconds", subject, seconds)
                add("modules", subject, modules)
        for _round in range(max(1, rounds // 3)):
            for preload, words in ((False, ""), (True, ", --preload")):
                for subject in SUBJECTS:
                    worker, both = memory(subject, directory, preload=preload)
                    add(f"a worker's memory (PSS), MiB{words}", subject, worker)
                    add(f"master and worker, MiB{words}", subject, both)
    sys.stdout.write(report(rows) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="starts of each; %(default)s")
    main(parser.parse_args().rounds)
