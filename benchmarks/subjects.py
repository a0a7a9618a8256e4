"""What is measured: how each is filled, started and asked."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import credentials, postgres
from benchmarks.provider.seed import HOST, SCOPE
from benchmarks.scenarios import Provider, Scenario, floor_scenarios
from benchmarks.work import ROOT, Work

PEER_PORT = 8100


@dataclass(frozen=True)
class Subject:
    """One of the measured: a Django project under a WSGI server, or a program of its own."""

    name: str
    title: str
    scenarios: Sequence[Scenario]
    environment: Mapping[str, str]
    seed: Sequence[Sequence[str]]
    """Commands that fill the database named in the environment and write variables."""
    sources: Sequence[Path]
    """What the filled database depends on."""
    application: str = ""
    """The WSGI application; empty for a program with a command of its own."""
    command: Sequence[str] = ()
    port: int = 0
    """Its port, where it can't be told one."""
    directory: Path = ROOT

    @property
    def database(self) -> str:
        """The database it is measured on, a copy of the filled one."""
        return f"bench_{self.name}"

    @property
    def filled(self) -> str:
        """The database that was filled."""
        return f"filled_{self.name}"


def _django(work: Work, settings: str) -> dict[str, str]:
    return {
        **work.environment,
        "DJANGO_SETTINGS_MODULE": settings,
        "SECRET_KEY": "k" * 64,
        "BENCH_PGPORT": str(postgres.PORT),
        "BENCH_PGUSER": postgres.USER,
        "BENCH_RSA_KEY": str(work.keys / "rsa.pem"),
    }


def floor(work: Work) -> Subject:
    """Return the bare views."""
    return Subject(
        name="floor",
        title="bare Django views",
        scenarios=floor_scenarios(),
        environment=_django(work, "benchmarks.floor.settings"),
        seed=[[sys.executable, "-m", "benchmarks.floor.seed"]],
        sources=[ROOT / "benchmarks" / "floor"],
        application="benchmarks.wsgi:application",
    )


def dot(work: Work) -> Subject:
    """Return stock django-oauth-toolkit."""
    provider = Provider(
        authorize="/o/authorize/",
        token="/o/token/",
        introspection="/o/introspect/",
        userinfo="/o/userinfo/",
        discovery="/o/.well-known/openid-configuration",
        jwks="/o/.well-known/jwks.json",
        cookie="sessionid",
        scope="openid profile email",
        machine_scope="read",
        resource_server=credentials.MACHINE,
        headers={"Host": "127.0.0.1"},
    )
    environment = _django(work, "benchmarks.dot.settings")
    return Subject(
        name="dot",
        title="django-oauth-toolkit, unhashed secrets",
        scenarios=provider.scenarios({"client_credentials": credentials.MACHINE}, {"code_flow": credentials.WEB}),
        environment=environment,
        seed=[
            [sys.executable, "-m", "django", "migrate", "--verbosity", "0"],
            [sys.executable, "-m", "benchmarks.dot.seed", str(work.variables("dot"))],
        ],
        sources=[ROOT / "benchmarks" / "dot", ROOT / "benchmarks" / "credentials.py"],
        application="benchmarks.wsgi:application",
    )


def ours(work: Work) -> Subject:
    """Return this provider."""
    return _provider(work, name="ours", title="this provider", root=ROOT)


def before(work: Work) -> Subject:
    """Return this provider as it was at the commit that the run was given."""
    return _provider(work, name="before", title="this provider, before", root=work.earlier)


def _provider(work: Work, *, name: str, title: str, root: Path) -> Subject:
    """Return the provider of a checkout as the reference project serves it: https ends at a proxy, DEBUG is off."""
    provider = Provider(
        authorize="/o/authorize/",
        token="/o/token/",
        introspection="/o/introspect/",
        userinfo="/o/userinfo/",
        discovery="/.well-known/openid-configuration",
        jwks="/.well-known/jwks.json",
        cookie="__Host-sessionid",
        scope=SCOPE,
        machine_scope="calendar.read",
        resource_server=credentials.RESOURCE_SERVER,
        headers={"Host": HOST, "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"},
    )
    environment = {
        **_django(work, "project.settings"),
        # The earlier checkout comes first; what fills its database may be missing from it.
        "PYTHONPATH": f"{root}{os.pathsep}{ROOT}",
        "SITES": "provider",
        "PROVIDER_URL": f"https://{HOST}",
        "BEHIND_PROXY": "true",
        # Counted as always, and never reached: here is one client where there are many.
        "RATE_LIMITS": '{"token": "100000000/m", "introspection": "100000000/m"}',
        "PROVIDER_KEY_RING": "r" * 64,
        "VAR_DIR": str(work.directory / "var"),
        "STATIC_ROOT": str(work.directory / f"static-{name}"),
    }
    python = sys.executable
    return Subject(
        name=name,
        title=title,
        scenarios=provider.scenarios(
            {"client_credentials": credentials.MACHINE, "client_credentials_jwt": credentials.MACHINE_JWT},
            {"code_flow": credentials.WEB, "code_flow_es256": credentials.WEB_ES256},
        ),
        environment=environment,
        seed=[
            [python, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"],
            [python, "manage.py", "migrate", "--verbosity", "0"],
            [
                *("env", "DJANGO_SETTINGS_MODULE=benchmarks.provider.seed_settings"),
                *(python, "-m", "benchmarks.provider.seed", str(work.variables(name))),
            ],
        ],
        sources=[
            # Where it is decided what rows look like; a run that counts is told to fill anew (--refill).
            *(root / "provider_site" / part for part in ("migrations", "models", "storage", "crypto.py")),
            *(ROOT / "benchmarks" / "provider", ROOT / "benchmarks" / "credentials.py"),
        ],
        application="project.wsgi:application",
        directory=root,
    )


def peer(work: Work) -> Subject:
    """Return oidc-provider with its PostgreSQL adapter."""
    provider = Provider(
        authorize="/auth",
        token="/token",
        introspection="/token/introspection",
        userinfo="/me",
        discovery="/.well-known/openid-configuration",
        jwks="/jwks",
        cookie="_session",
        scope=SCOPE.replace(" offline_access", ""),
        machine_scope="",
        resource_server=credentials.MACHINE,
        headers={"Host": f"127.0.0.1:{PEER_PORT}"},
    )
    seeding = ["env", "SEED=1", "WORKERS=1", "node", "op.mjs"]
    return Subject(
        name="peer",
        title="oidc-provider (Node.js)",
        scenarios=provider.scenarios(
            {"client_credentials": credentials.MACHINE},
            {"code_flow": credentials.WEB, "code_flow_es256": credentials.WEB_ES256},
        ),
        environment={
            **work.environment,
            "ADAPTER": "pg",
            "PORT": str(PEER_PORT),
            "WORKERS": "2",
            "BENCH_DIR": str(work.directory),
            "NODE_ENV": "production",
        },
        seed=[seeding],
        sources=[ROOT / "benchmarks" / "peer" / name for name in ("op.mjs", "pg_adapter.mjs", "package-lock.json")],
        command=["node", "op.mjs"],
        port=PEER_PORT,
        directory=work.peer,
    )


SUBJECTS = {"floor": floor, "dot": dot, "ours": ours, "peer": peer}
EARLIER = "before"


def with_database(subject: Subject, database: str) -> dict[str, str]:
    """Return the subject's environment with the database it is to use, in each one's own words."""
    return {
        **os.environ,
        **subject.environment,
        "BENCH_DATABASE": database,
        "DATABASE_URL": postgres.url(database),
        "PGDB": database,
    }
