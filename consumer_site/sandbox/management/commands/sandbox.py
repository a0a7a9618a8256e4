from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import Error
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from consumer_site.sandbox.checks import EVERY_CHECK
from consumer_site.sandbox.own_server import HOST, serving
from consumer_site.sandbox.services import SERVICES


class Command(BaseCommand):
    """Serve the emulators of QQ, WeChat and GitHub on a port of their own."""

    help = "Serves the emulators of QQ, WeChat and GitHub on this machine, on a port of their own. Needs DEBUG."
    # The project's own checks are none of the emulators' business; theirs are looked at in handle().
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the port."""
        parser.add_argument("--port", type=int, default=8123, help="Port to listen at; 0: any free one. Default 8123.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the emulators' tables, say what is registered, and serve until interrupted."""
        if not settings.DEBUG:
            raise CommandError("The emulators sign in anybody as anybody: they run under DEBUG alone.")
        errors = [found for check in EVERY_CHECK for found in check() if isinstance(found, Error)]
        if errors:
            raise CommandError("\n".join(f"{found.id}: {found.msg} {found.hint}" for found in errors))
        if settings.DATABASES["default"].get("ENGINE", "django.db.backends.dummy") == "django.db.backends.dummy":
            raise CommandError("The emulators keep codes and tokens in the default database: configure DATABASES.")
        # Their own tables alone: the project's migrations are its own decision.
        call_command("migrate", "consumer_sandbox", verbosity=0, interactive=False)
        try:
            with serving(options["port"]) as server:
                base = f"http://{HOST}:{server.server_port}/sandbox"
                self.stdout.write("\n".join(told(base)))
                self.stdout.flush()
                server.serve_forever()
        except OSError as error:
            raise CommandError(f"Port {options['port']} cannot be used: {error}") from error
        except KeyboardInterrupt:
            self.stdout.write("")


def told(base: str) -> Iterator[str]:
    """Yield the lines that say what runs where, with which apps."""
    yield f"Sign-in emulators at {base}/ (for development: anybody signs in as anybody)"
    for service in SERVICES.values():
        yield f"{service.key}: {base}/{service.path}"
        for app_id, app in service.apps().items():
            secret = getattr(app, "key", "") or app.secret
            yield f"  {app_id}  secret {secret}  ({app.name})"
    yield "Quit with CONTROL-C."
