"""Measure: `python -m benchmarks --help`."""

import sys

from benchmarks import machine, postgres, processes, report, results, servers
from benchmarks.measurement import Measurement
from benchmarks.options import Options, parse
from benchmarks.profiling import profile
from benchmarks.results import Results
from benchmarks.run import Bench, prepared, say
from benchmarks.work import ROOT, Work, peer_version

DOCUMENT = ROOT / "docs" / "performance.md"


def measure(bench: Bench) -> tuple[list[Measurement], dict[tuple[str, str], postgres.Statements]]:
    """Run all rounds, then count statements."""
    options = bench.options
    measurements: list[Measurement] = []
    for number in range(1, options.rounds + 1):
        for running, scenario in bench.turns():
            one = bench.measure(running, scenario, number, options.load)
            say(
                f"{number}/{options.rounds} {scenario.name:23} {one.subject:6} {one.per_second:9.1f}/s"
                f"  p50 {one.p50:7.2f}  p99 {one.p99:7.2f}  CPU {one.each(one.server_cpu + one.postgres_cpu):6.3f} ms"
                + (f"  {one.errors} errors: {one.sample}" if one.errors else "")
            )
            measurements.append(one)
    counted = {}
    if options.counting:
        for running, scenario in bench.turns():
            counted[running.subject.name, scenario.name] = bench.count(running, scenario)
    return measurements, counted


def in_words(options: Options) -> dict[str, str]:
    """Return what a reader has to know of the options."""
    return {
        "server of Django": servers.SERVERS[options.server].words,
        "connections": str(options.load.connections),
        "seconds": f"{options.load.seconds:g} after {options.load.warm_up:g}",
        "rounds": str(options.rounds),
    }


def main(options: Options) -> int:
    """Return 0 when every answer was right."""
    if options.render:
        results.show(options.render, results.load(options.render), DOCUMENT)
        return 0
    work = Work.of_checkout()
    prepared(work, options)
    with processes.Processes(work.directory / "logs") as started:
        cluster = postgres.Cluster(work.directory / "postgresql", started)
        bench = Bench(options, work, cluster, started)
        if options.profile:
            sys.stdout.write(profile(bench, *options.profile, options.load))
            return 0
        subjects = [bench.prepare(name) for name in options.subjects]
        for subject in subjects:
            bench.warm(bench.start(subject))
        measurements, counted = measure(bench)
        found = Results(
            machine=machine.describe(cluster.version(), peer_version(work)),
            settings=in_words(options),
            titles={subject.name: subject.title for subject in subjects},
            measurements=measurements,
            statements=counted,
        )
    if options.results:
        results.save(options.results, found)
        results.show(options.results, found, DOCUMENT)
    sys.stdout.write(found.tables() + "\n")
    if warning := report.disturbed(measurements):
        say(warning)
    return 1 if any(one.errors for one in measurements) else 0


if __name__ == "__main__":
    try:
        sys.exit(main(parse(sys.argv[1:])))
    except KeyboardInterrupt:
        sys.exit(130)
