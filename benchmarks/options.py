"""What a run can be told."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.load import Load
from benchmarks.servers import SERVERS
from benchmarks.subjects import EARLIER, SUBJECTS

QUICK_SECONDS = 2.0
QUICK_WARM_UP = 0.7


@dataclass(frozen=True)
class Options:
    """A run: of what, how often, how long, and where to."""

    subjects: tuple[str, ...]
    only: tuple[str, ...]
    rounds: int
    load: Load
    server: str
    counting: bool
    refill: bool
    results: Path | None
    render: Path | None
    profile: tuple[str, str] | None
    before: str

    def wants(self, scenario: str) -> bool:
        """Say whether a scenario is asked for: by its name, or by what its name begins with."""
        return not self.only or any(scenario == name or scenario.startswith(f"{name}_") for name in self.only)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _subjects(text: str) -> tuple[str, ...]:
    names = _names(text)
    if unknown := set(names) - set(SUBJECTS):
        raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))} is none of {', '.join(SUBJECTS)}")
    return names


def _profile(text: str) -> tuple[str, str]:
    subject, colon, scenario = text.partition(":")
    if not colon or subject not in SUBJECTS or subject == "peer":
        raise argparse.ArgumentTypeError("SUBJECT:SCENARIO, of a Django project, such as ours:refresh")
    return subject, scenario


def parse(arguments: Sequence[str]) -> Options:
    """Return the options of a command line; argparse ends the process for a wrong one."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", type=_names, default=(), metavar="SCENARIO,…", help="leave the other scenarios out")
    parser.add_argument("--subjects", type=_subjects, default=tuple(SUBJECTS), metavar=",".join(SUBJECTS))
    parser.add_argument("--rounds", type=int, default=None, help="repetitions, interleaved; 3")
    parser.add_argument("--seconds", type=float, default=None, help="of each measurement; 7")
    parser.add_argument("--connections", type=int, default=Load.connections, help="%(default)s")
    parser.add_argument("--server", choices=[*SERVERS], default="gunicorn", help="for Django; %(default)s")
    parser.add_argument("--quick", action="store_true", help=f"one round of {QUICK_SECONDS:g} seconds")
    parser.add_argument("--no-counting", action="store_true", help="leave the pass out that counts statements")
    parser.add_argument("--refill", action="store_true", help="fill the databases anew, whatever is there")
    parser.add_argument("--results", type=Path, metavar="FILE.json", help="keep the figures, with a plot beside them")
    parser.add_argument("--render", type=Path, metavar="FILE.json", help="draw and write kept figures, measure nothing")
    parser.add_argument("--before", default="", metavar="COMMIT", help="measure this provider as it was there, too")
    parser.add_argument("--profile", type=_profile, metavar="SUBJECT:SCENARIO", help="profile one worker instead")
    given = parser.parse_args(arguments)
    load = Load(connections=given.connections)
    if given.quick:
        load = replace(load, seconds=QUICK_SECONDS, warm_up=QUICK_WARM_UP)
    if given.seconds is not None:
        load = replace(load, seconds=given.seconds)
    return Options(
        subjects=(*given.subjects, EARLIER) if given.before else given.subjects,
        before=given.before,
        only=given.only,
        rounds=given.rounds or (1 if given.quick else 3),
        load=load,
        server=given.server,
        refill=given.refill,
        counting=not given.no_counting,
        results=given.results,
        render=given.render,
        profile=given.profile,
    )
