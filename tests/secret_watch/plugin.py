"""Fail each test that wrote a secret into a log, to its output or into an e-mail, and a run whose processes did."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.secret_watch import births
from tests.secret_watch.watch import Watch

# These don't pass their records on to the root.
LOGGERS = (None, "django", "django.server", "django_tasks", "django_tasks_db")
# What people get by e-mail, and nowhere else.
MAILED = {"reset key", "user code"}
OUR_LOGGERS = {"provider_site", "consumer_site", "outbound_http", "keyset_lists", "site_monitoring", "site_doctor"}
EXEMPT = ("weakened", "shows_secrets")
_LARGEST = 20_000_000


class Written(logging.Handler):
    """Keep each record of a test as text: of our loggers as any host sees it, of others as our configuration does."""

    def __init__(self) -> None:
        from project.logs import LineFormatter, ReferenceFilter

        super().__init__()
        self.lines: list[str] = []
        self.plain = logging.Formatter()
        self.redacted = LineFormatter()
        self.of_site = ReferenceFilter()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it, and leave it as it was for other handlers."""
        kept = record.args, record.exc_text
        record.exc_text = None
        if record.name.partition(".")[0] in OUR_LOGGERS:
            self.lines.append(self.plain.format(record))
        else:
            self.of_site.filter(record)
            self.lines.append(self.redacted.format(record))
        record.args, record.exc_text = kept

    def join(self) -> None:
        """Listen wherever records go, whatever a test has configured."""
        for name in LOGGERS:
            logger = logging.getLogger(name)
            if self not in logger.handlers:
                logger.addHandler(self)


class SecretWatch:
    """The plugin: one for each worker."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.watch = Watch()
        self.written: Written | None = None
        self.leaks: list[str] = []
        self.sent: set[str] = set()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        """Begin once everything is imported."""
        if not hasattr(session.config.option, "dist") or session.config.option.dist == "no" or self._is_worker:
            births.install(self.watch)
            self.written = Written()

    @property
    def _is_worker(self) -> bool:
        return hasattr(self.config, "workerinput")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Listen to this test."""
        if self.written is not None:
            self.written.join()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> None:
        """Look at the mail while it is there: after a run's last test the outbox is taken down."""
        if self.written is not None:
            self.sent = self._mailed()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Iterator[Any]:  # a generator, as pluggy's wrappers are
        """Fail the end of a test that wrote a secret, naming where and which kind and never the secret."""
        report: pytest.TestReport = yield
        if report.when != "teardown" or self.written is None:
            return report
        leaks = self._leaks(report)
        # A weakened build is one that may be made to leak.
        if leaks and not any(item.get_closest_marker(name) for name in EXEMPT):
            told = f"{item.nodeid} wrote secrets: {'; '.join(leaks)}"
            report.sections = [section for section in report.sections if "Captured" not in section[0]]
            report.outcome, report.longrepr = "failed", told
        return report

    def _leaks(self, report: pytest.TestReport) -> list[str]:
        assert self.written is not None
        lines, self.written.lines = self.written.lines, []
        places = {"a log": "\n".join(lines)}
        for name, text in report.sections:
            if "stdout" in name or "stderr" in name:
                places[name.partition(" ")[2]] = text
        leaks = [(place, self.watch.found(text)) for place, text in places.items() if text]
        leaks.append(("an e-mail", self.sent))
        return [f"{', '.join(sorted(kinds))} in {place}" for place, kinds in leaks if kinds]

    def _mailed(self) -> set[str]:
        from django.core import mail

        messages = getattr(mail, "outbox", [])
        return self.watch.found("\n".join(f"{one.subject}\n{one.body}" for one in messages), allowed=MAILED)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Look through what the processes of this worker's tests have logged."""
        if self.written is not None:
            self.leaks = [*self._leaks_of_processes()]
        if self._is_worker:
            self.config.workeroutput["secrets"] = self.leaks  # type: ignore[attr-defined]  # xdist's
        elif self.leaks:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _leaks_of_processes(self) -> Iterator[str]:
        factory = getattr(self.config, "_tmp_path_factory", None)
        if factory is None or factory._basetemp is None:
            return
        for path in sorted(factory._basetemp.rglob("*.log")):
            if path.is_file() and not path.is_symlink() and path.stat().st_size < _LARGEST:
                kinds = self.watch.found_in_file(path.read_text("utf-8", "replace"))
                if kinds:
                    yield f"{_below(path, factory._basetemp)}: {', '.join(sorted(kinds))}"

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: Any) -> None:
        """Take over what a worker found."""
        self.leaks += getattr(node, "workeroutput", {}).get("secrets", [])

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Name the files."""
        if self.leaks:
            terminalreporter.section("secrets in the logs of processes")
            for leak in self.leaks:
                terminalreporter.write_line(leak, red=True)


def _below(path: Path, base: Path) -> str:
    return str(path.relative_to(base))
