"""One measurement, and what several of one kind amount to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Measurement:
    """A scenario on a subject in one round. A flow is a pass over all steps; latencies are in milliseconds."""

    subject: str
    scenario: str
    round: int
    flows: int
    per_second: float
    p50: float
    p99: float
    errors: int
    server_cpu: float
    """CPU seconds of the server's processes; the following ones likewise."""
    postgres_cpu: float
    generator_cpu: float
    machine_cpu: float
    """What all processes of the machine used, in CPU seconds."""
    sample: str = ""
    """What the load generator saw of the first wrong answer."""

    def each(self, seconds: float) -> float:
        """Return milliseconds of CPU for each flow."""
        return seconds * 1000 / self.flows if self.flows else 0.0

    @property
    def others(self) -> float:
        """The part of the machine's work that was none of this."""
        known = self.server_cpu + self.postgres_cpu + self.generator_cpu
        return max(0.0, 1 - known / self.machine_cpu) if self.machine_cpu else 0.0


def read(
    figures: dict[str, Any], *, subject: str, scenario: str, number: int, used: Sequence[float], generator_cpu: float
) -> Measurement:
    """Return what the load generator printed, with the CPU of server, PostgreSQL and machine that was `used`."""
    flow = figures["flow"]
    server, database, machine = used
    return Measurement(
        subject=subject,
        scenario=scenario,
        round=number,
        flows=flow["n"],
        per_second=flow["rps"],
        p50=flow["p50"],
        p99=flow["p99"],
        errors=figures["errors"],
        server_cpu=server,
        postgres_cpu=database,
        generator_cpu=generator_cpu,
        machine_cpu=machine,
        sample=figures["sample"] if figures["errors"] else "",
    )


@dataclass(frozen=True)
class Summary:
    """The medians over the rounds of one scenario on one subject; CPU in milliseconds for each flow."""

    subject: str
    scenario: str
    rounds: int
    per_second: float
    p50: float
    p99: float
    server_cpu: float
    postgres_cpu: float
    generator_cpu: float
    others: float
    errors: int


def summarize(measurements: Iterable[Measurement]) -> dict[tuple[str, str], Summary]:
    """Return the medians by subject and scenario."""
    kinds: dict[tuple[str, str], list[Measurement]] = {}
    for one in measurements:
        kinds.setdefault((one.subject, one.scenario), []).append(one)
    return {
        (subject, scenario): Summary(
            subject=subject,
            scenario=scenario,
            rounds=len(rows),
            per_second=median(row.per_second for row in rows),
            p50=median(row.p50 for row in rows),
            p99=median(row.p99 for row in rows),
            server_cpu=median(row.each(row.server_cpu) for row in rows),
            postgres_cpu=median(row.each(row.postgres_cpu) for row in rows),
            generator_cpu=median(row.each(row.generator_cpu) for row in rows),
            others=median(row.others for row in rows),
            errors=sum(row.errors for row in rows),
        )
        for (subject, scenario), rows in kinds.items()
    }


@dataclass(frozen=True)
class Ratio:
    """How many times as many flows a second as another, and with how many times less CPU."""

    scenario: str
    other: str
    speed: float
    cpu: float


def ratio(measurements: Iterable[Measurement], mine: tuple[str, str], other: tuple[str, str]) -> Ratio | None:
    """Compare a (subject, scenario) with another, round by round, and return the medians; `None` without both.

    Measured one after the other, the two of a round have met the same machine; the medians of each alone may not have.
    """
    rows = list(measurements)
    by_round = [
        {row.round: row for row in rows if (row.subject, row.scenario) == key and row.flows} for key in (mine, other)
    ]
    pairs = [(by_round[0][number], by_round[1][number]) for number in sorted(set(by_round[0]) & set(by_round[1]))]
    if not pairs:
        return None
    return Ratio(
        scenario=mine[1],
        other=other[0],
        speed=median(one.per_second / two.per_second for one, two in pairs),
        cpu=median(_cpu(two) / (_cpu(one) or 1e-9) for one, two in pairs),
    )


def _cpu(row: Measurement) -> float:
    return row.each(row.server_cpu + row.postgres_cpu)
