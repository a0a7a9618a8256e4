"""Show what one worker does during a scenario."""

import io
import pstats

from benchmarks.load import Load
from benchmarks.run import Bench

_LINES = 60


def profile(bench: Bench, subject: str, scenario: str, how: Load) -> str:
    """Return the profile of a scenario by own and by cumulative time. Raises RuntimeError for an unknown scenario."""
    prepared = bench.prepare(subject)
    wanted = [one for one in prepared.scenarios if one.name == scenario]
    if not wanted:
        raise RuntimeError(f"{subject} has no scenario {scenario}")
    running = bench.start(prepared, workers=1, threads=1)
    measured = bench.measure(running, wanted[0], 1, how)
    # A worker writes what it saw on its way out.
    bench.started.stop(running.process)
    output = io.StringIO()
    output.write(
        f"{subject} {scenario}: {measured.flows} flows; CPU time, warm-up included, without the first requests\n"
    )
    stats = pstats.Stats(str(bench.work.directory / "profile.pstats"), stream=output)
    stats.sort_stats("tottime").print_stats(_LINES)
    stats.sort_stats("cumulative").print_stats(_LINES)
    return output.getvalue()
