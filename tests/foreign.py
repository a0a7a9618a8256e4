"""Make a stranger's Django project in its own virtual environment, and run it."""

import importlib.metadata
import os
import subprocess
import sys
import textwrap
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests import engines, readme

# What only this test run knows and a stranger's environment would hold.
KEPT_VARIABLES = ("HOME", "LANG", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "TMPDIR")

LOGIN_TEMPLATE = """\
<!doctype html><html lang="en"><head><title>The host's own sign-in</title></head><body><main><h1>Sign in</h1>
<form method="post">{% csrf_token %}{{ form.as_p }}<input type="hidden" name="next" value="{{ next }}">
<button type="submit">Sign in here</button></form></main></body></html>
"""


def constraints(path: Path) -> Path:
    """Write the versions of this environment into `path`: a stranger's pip then finds each in its cache."""
    pins = sorted(
        f"{distribution.name}=={distribution.version}"
        for distribution in importlib.metadata.distributions()
        if distribution.name not in {"django-oauth-sites", "pip", "setuptools"}
    )
    path.write_text("\n".join(pins) + "\n")
    return path


@dataclass
class ForeignProject:
    """A project made by `django-admin startproject` somewhere else, with a user model of its own."""

    directory: Path
    app: str
    user_model: str
    port: int = field(default_factory=engines.free_port)
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def python(self) -> Path:
        """Return the interpreter of the project's own virtual environment."""
        return self.directory / "venv" / "bin" / "python"

    @property
    def code(self) -> Path:
        """Return the directory of manage.py."""
        return self.directory / "host"

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment of the project's processes: nothing of this test run's is inherited."""
        kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
        pip = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        path = f"{self.python.parent}{os.pathsep}/usr/bin{os.pathsep}/bin"
        return {
            **kept,
            **pip,
            "PATH": path,
            "PYTHONWARNINGS": "default",
        } | self.variables

    def run(self, *command: str | Path, cwd: Path | None = None) -> str:
        """Run `command` in the project; return its output, or raise RuntimeError with it."""
        result = subprocess.run(
            command, cwd=cwd or self.code, env=self.environment, capture_output=True, text=True, check=False
        )
        if result.returncode:
            shown = " ".join(str(word) for word in command)
            raise RuntimeError(f"{shown}\n{result.stdout}{result.stderr}")
        return result.stdout

    def manage(self, *arguments: str) -> str:
        """Run manage.py; return what it printed."""
        return self.run(self.python, "manage.py", *arguments)

    def shell(self, source: str) -> str:
        """Run Python inside the project; return what it printed."""
        return self.manage("shell", "--verbosity", "0", "-c", textwrap.dedent(source))

    def install(self, wheel: Path) -> None:
        """Make the virtual environment and install the wheel with this app's extra by pip.

        Only what is imported is compiled, by the first process that does.
        """
        venv.create(self.directory / "venv", with_pip=False, symlinks=True)
        pins = constraints(self.directory / "constraints.txt")
        command = [sys.executable, "-m", "pip", "--python", self.python, "install", "--quiet", "--no-compile"]
        extra = self.app.removesuffix("_site")
        self.run(*command, "--constraint", pins, f"django-oauth-sites[{extra}] @ {wheel.as_uri()}", cwd=self.directory)

    def start(self, addresses: dict[str, str]) -> None:
        """Create the host project and add the README's lines; `addresses` are written in place of the README's."""
        self.code.mkdir()
        self.run(self.python, "-m", "django", "startproject", "host", ".")
        self._add_people()
        for part in ("settings", "urls"):
            text = readme.lines(f"{self.app.removesuffix('_site')}: {part}")
            for written, real in addresses.items():
                text = text.replace(written, real)
            with (self.code / "host" / f"{part}.py").open("a") as file:
                file.write(f"\n{text}")

    def _add_people(self) -> None:
        """Add what a host has before it meets us: its user model and its own sign-in page."""
        people = self.code / "people"
        (people / "migrations").mkdir(parents=True)
        (people / "templates" / "registration").mkdir(parents=True)
        for module in ("__init__.py", "migrations/__init__.py"):
            (people / module).touch()
        (people / "models.py").write_text(textwrap.dedent(self.user_model))
        (people / "templates" / "registration" / "login.html").write_text(LOGIN_TEMPLATE)
        with (self.code / "host" / "settings.py").open("a") as file:
            file.write('\nINSTALLED_APPS += ["people"]\nAUTH_USER_MODEL = "people.Person"\nLOGIN_URL = "/sign-in/"\n')
        with (self.code / "host" / "urls.py").open("a") as file:
            file.write(
                "\nfrom django.contrib.auth.views import LoginView\n\n"
                'urlpatterns += [path("sign-in/", LoginView.as_view())]\n'
            )

    def installed(self) -> set[str]:
        """Return the names of the distributions in the virtual environment, in lower case."""
        source = "import importlib.metadata as m; print(*{d.name.lower() for d in m.distributions()}, sep='\\n')"
        return set(self.run(self.python, "-c", source, cwd=self.directory).split())

    @contextmanager
    def serving(self) -> Iterator[Path]:
        """Run the project's server as a process of its own; yield the path of its log."""
        log = self.directory / "server.log"
        command = [self.python, "manage.py", "runserver", "--noreload", f"127.0.0.1:{self.port}"]
        with log.open("wb") as output:
            process = subprocess.Popen(command, cwd=self.code, env=self.environment, stdout=output, stderr=output)
        try:
            engines.wait_until(lambda: engines.listening(self.port), process, f"The host of {self.app}")
            yield log
        finally:
            engines.stop(process)
