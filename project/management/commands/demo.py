"""Prepare and serve the demonstration: both sites, seeded, with the background worker."""

import errno
import os
import signal
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.servers.basehttp import get_internal_wsgi_application, run
from django.utils import translation

from project.ports import complaint
from project.seeding import seed
from project.workers import background_worker

ADDRESS = "127.0.0.1"


class Command(BaseCommand):
    """Check the port, migrate, seed, print where to click, serve until Ctrl-C."""

    help = "Prepares and serves the demonstration: both sites, seeded, with the background worker."
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        """Add --prepare-only, for those who want the data without the server."""
        parser.add_argument("--prepare-only", action="store_true", help="Migrate and seed, then stop.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until interrupted; raise CommandError, one sentence, when the port is taken or DEBUG is off."""
        if not settings.DEBUG:
            raise CommandError("The demonstration runs only in development: unset PROVIDER_URL and CONSUMER_URL.")
        port = int(settings.PORT)
        if not options["prepare_only"]:
            self._want_free(port)
        call_command("migrate", verbosity=0, interactive=False)
        # What is seeded belongs to nobody's session: its language is the site's own.
        with translation.override(settings.LANGUAGE_CODE):
            demo = seed(path=settings.VAR_DIR / "demo.json")
        if options["prepare_only"]:
            return
        # Ended by a service manager as by Ctrl-C, also where a shell's background job ignores the latter: the worker is
        # stopped on the way out.
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, signal.default_int_handler)
        try:
            with background_worker():
                self._serve(port, demo)
        except KeyboardInterrupt:
            self.stdout.write("\nStopped.")

    def _want_free(self, port: int) -> None:
        if sentence := complaint(port):
            raise CommandError(sentence)

    def _serve(self, port: int, demo: dict[str, Any]) -> None:
        os.environ.setdefault("DJANGO_RUNSERVER_HIDE_WARNING", "true")
        try:
            run(
                ADDRESS,
                port,
                get_internal_wsgi_application(),
                threading=True,
                on_bind=lambda _port: self._tell(demo),
            )
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            self._want_free(port)
            raise

    def _tell(self, demo: dict[str, Any]) -> None:
        lines = [
            "",
            f"  Calendar (consumer)   {demo['consumer_url']}/",
            f"  Sign-in provider      {demo['provider_url']}/",
            f"  Administration        {demo['admin_url']}",
            "",
            "  Accounts at the provider:",
            *(f"    {account['username']:<10} {account['password']}" for account in demo["accounts"]),
            "",
            "  What to click:",
            f"    1. Open {demo['consumer_url']}/ and sign in with the provider, as xiaoming.",
            "    2. Allow what the calendar asks for: it then shows the nickname and the picture.",
            "    3. Sign out, sign in with QQ: an emulator on this machine, no real account needed.",
            f"    4. See at {demo['provider_url']}/ what is shared, and take it back.",
            "",
            f"  The same, for programs: {settings.VAR_DIR / 'demo.json'}",
            f"  E-mail is not sent but written to {settings.VAR_DIR / 'mail'}",
            "  Ctrl-C stops everything; the data is kept. 'make demo-reset' starts over.",
            "",
        ]
        self.stdout.write("\n".join(lines))
        self.stdout.flush()
