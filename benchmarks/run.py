"""Fill what has to be filled, start everybody, and measure them in turn."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import load, measurement, postgres, processes, servers
from benchmarks.measurement import Measurement
from benchmarks.options import Options
from benchmarks.scenarios import ORDER, Scenario
from benchmarks.subjects import EARLIER, SUBJECTS, Subject, before, with_database
from benchmarks.work import ROOT, Work, digest, install_peer, make_generator, make_keys, unpack

# Tokens that were made when a database was filled work for a day.
FILLED_FOR_SECONDS = 12 * 3600
WARM_UP = load.Load(seconds=0.5, warm_up=0.0)
COUNTING = load.Load(connections=1, seconds=2.0, warm_up=0.0)


def say(text: str) -> None:
    """Tell what is going on, beside the results."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


@dataclass
class Running:
    """A subject that answers, and the next line of its variables that nobody has used."""

    subject: Subject
    process: "subprocess.Popen[bytes]"
    port: int
    offset: int = 0


@dataclass
class Bench:
    """One run."""

    options: Options
    work: Work
    cluster: postgres.Cluster
    started: processes.Processes
    running: dict[str, Running] = field(default_factory=dict)

    def prepare(self, name: str) -> Subject:
        """Fill a subject's database if what it depends on has changed; copy it for this run."""
        subject = before(self.work) if name == EARLIER else SUBJECTS[name](self.work)
        stamp = self.work.directory / f"{name}.filled"
        known = {"digest": digest(subject.sources), "tool": sys.version}
        if not self._is_filled(subject, stamp, known):
            say(f"filling {subject.title} …")
            stamp.unlink(missing_ok=True)
            self.cluster.make(subject.filled)
            environment = with_database(subject, subject.filled)
            for command in subject.seed:
                subprocess.run(command, cwd=subject.directory, env=environment, check=True)
            self.cluster.analyze(subject.filled)
            stamp.write_text(json.dumps(known | {"at": time.time()}))
        self.cluster.make(subject.database, template=subject.filled)
        return subject

    def _is_filled(self, subject: Subject, stamp: Path, known: Mapping[str, str]) -> bool:
        if self.options.refill or not stamp.exists() or not self.cluster.exists(subject.filled):
            return False
        found = json.loads(stamp.read_text())
        return bool(found.pop("at") > time.time() - FILLED_FOR_SECONDS and found == known)

    def start(self, subject: Subject, *, workers: int = 0, threads: int = 0) -> Running:
        """Start a subject under the server of this run."""
        port = subject.port or processes.free_port()
        command = list(subject.command)
        environment = with_database(subject, subject.database)
        if subject.application:
            application = subject.application
            if self.options.profile:
                environment |= {"BENCH_WSGI": application, "BENCH_PROFILE": str(self.work.directory / "profile.pstats")}
                application = "benchmarks.profiled:application"
            server = servers.SERVERS[self.options.server]
            command = server.command(application, port, workers or server.workers, threads or server.threads)
        process = self.started.start(
            subject.name, command, ready=lambda: processes.listening(port), env=environment, cwd=subject.directory
        )
        running = self.running[subject.name] = Running(subject, process, port)
        return running

    def measure(self, running: Running, scenario: Scenario, number: int, how: load.Load) -> Measurement:
        """Load a subject with a scenario; return what came of it."""
        directory = self.work.directory / "scenarios"
        directory.mkdir(exist_ok=True)
        path = directory / f"{running.subject.name}-{scenario.name}.txt"
        path.write_text(scenario.render())
        variables = self.work.variables(running.subject.name)
        seen: list[tuple[float, float, float]] = []
        figures = load.run(
            self.work.generator,
            port=running.port,
            scenario=path,
            load=how,
            own={name: variables / f"{name}.txt" for name in scenario.own},
            pool={name: variables / f"{name}.txt" for name in scenario.pool},
            offset=running.offset,
            at_mark=lambda: seen.append(self._used(running)),
        )
        if "rt" in scenario.own:
            # A refresh token that was used once is gone.
            running.offset += how.connections
        used = [after - before for before, after in zip(*seen, strict=True)]
        return measurement.read(
            figures,
            subject=running.subject.name,
            scenario=scenario.name,
            number=number,
            used=used,
            generator_cpu=figures["lg_cpu_s"],
        )

    def _used(self, running: Running) -> tuple[float, float, float]:
        pids = (running.process.pid, self.cluster.process.pid)
        return (*(processes.cpu_seconds(pid) for pid in pids), processes.machine_seconds())  # type: ignore[return-value]  # a pair, whose length mypy loses

    def warm(self, running: Running) -> None:
        """Have a server import what it imports at its first requests, and open its connections."""
        for scenario in filter(lambda one: self.options.wants(one.name), running.subject.scenarios):
            self.measure(running, scenario, 0, WARM_UP)

    def turns(self) -> Iterator[tuple[Running, Scenario]]:
        """Yield who is asked what, so that those who are compared come one after the other."""
        for name in filter(self.options.wants, ORDER):
            for running in self.running.values():
                yield from ((running, one) for one in running.subject.scenarios if one.name == name)

    def count(self, running: Running, scenario: Scenario) -> postgres.Statements:
        """Return how many statements a flow has, and how many marks of transactions."""
        self.cluster.count(on=True)
        # The one at the end is not among the measured; on average half of it was asked.
        flows = 0.5 + self.measure(running, scenario, 0, COUNTING).flows
        counted = self.cluster.statements(running.subject.database)
        self.cluster.count(on=False)
        return postgres.Statements(counted.said / flows, counted.marks / flows)


def prepared(work: Work, options: Options) -> None:
    """Make what a run needs beside its servers."""
    make_keys(work)
    make_generator(work)
    if "peer" in options.subjects:
        install_peer(work)
    if options.before:
        unpack(work, options.before)
    if not servers.installed(options.server):
        raise RuntimeError(f"{options.server} is not installed: `make bench` does that")
    os.chdir(ROOT)
