"""Prepare and serve the demonstration: both sites, seeded, with the background worker."""

import errno
import os
import signal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.servers.basehttp import get_internal_wsgi_application, run
from django.utils import translation

from project.environment import CONSUMER, PROVIDER
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
        if hasattr(self.stdout, "reconfigure"):
            # A terminal that can't write Chinese gets question marks, not a crash.
            self.stdout.reconfigure(errors="replace")
        self.stdout.write(instructions(demo, directory=settings.VAR_DIR))
        self.stdout.flush()


def where_applications_live(demo: dict[str, Any]) -> list[str]:
    """Return the lines about registering and reviewing applications; none where the provider is not served."""
    if "applications" not in demo:
        return []
    return [
        "  Register applications and have them reviewed · 登记应用与审核:",
        f"    {demo['developer_url']}   as developer · 用 developer 登录",
        f"    {demo['review_url']}   as reviewer · 用 reviewer 登录",
        "",
    ]


def instructions(demo: dict[str, Any], *, directory: Path) -> str:
    """Return what the terminal shows, in both languages: it tells us nothing reliable about its reader's."""
    calendar, provider = f"{demo['consumer_url']}/", f"{demo['provider_url']}/"
    has_both = {CONSUMER, PROVIDER} <= set(settings.SITES)
    lines = [
        "",
        f"  Calendar (consumer)   {calendar}   日历（接入方）",
        f"  Sign-in provider      {provider}   统一登录（提供方）",
        f"  Administration        {demo['admin_url']}   管理后台",
        "",
        "  Accounts at the provider · 提供方的账号:",
        *(f"    {account['username']:<10} {account['password']}" for account in demo["accounts"]),
        "",
        *where_applications_live(demo),
        "  What to click:",
        f"    1. Open {calendar} and sign in with the provider, as xiaoming.",
        "    2. Allow what the calendar asks for: it then shows the nickname and the picture.",
        "    3. Sign out, sign in with QQ, WeChat or GitHub: emulators on this machine, no real account needed.",
        f"    4. See at {provider} what is shared, and take it back.",
        *([f"    5. Open {calendar}tv/, a television that you sign in from another screen."] if has_both else []),
        "",
        "  怎么试：",
        f"    1. 打开 {calendar} ，在登录页选“{settings.SITE_TITLES[PROVIDER]}登录”，用 xiaoming 登录。",
        "    2. 允许日历获取所列信息，日历随即显示昵称和头像。",
        "    3. 退出登录，再用 QQ、微信或 GitHub 登录：它们是本机的模拟器，不需要真实的账号。",
        f"    4. 在 {provider} 的“已授权的应用”查看分享了什么，并可取消授权。",
        *([f"    5. 打开 {calendar}tv/ ，这是一台电视，在另一块屏幕上为它登录。"] if has_both else []),
        "",
        f"  The same, for programs · 供程序读取: {directory / 'demo.json'}",
        f"  E-mail is not sent but written to · 邮件不会发出，保存在: {directory / 'mail'}",
        "  Ctrl-C stops everything; the data is kept. 'make demo-reset' starts over.",
        "  按 Ctrl-C 全部停止，数据会保留；make demo-reset 从头开始。",
        "",
    ]
    return "\n".join(lines)
