"""The benchmark's own arithmetic, its tables and its scenario files; what it measures is not a test."""

import http.server
import os
import re
import select
import shutil
import socket
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from benchmarks import load, machine, measurement, options, plot, postgres, processes, report, results, run, work
from benchmarks.measurement import Measurement
from benchmarks.scenarios import ORDER, Scenario, Step
from benchmarks.subjects import SUBJECTS, Subject
from tests.machine import missing

# What lg.c has room for.
MOST_STEPS, MOST_EXTRACTED, LONGEST_NAME, LONGEST_LINE = 6, 4, 31, 16383


def measured(subject: str, scenario: str = "refresh", number: int = 1, **changes: Any) -> Measurement:
    """Return a measurement of 100 flows in a second."""
    plain = Measurement(
        subject=subject,
        scenario=scenario,
        round=number,
        flows=100,
        per_second=100.0,
        p50=1.0,
        p99=2.0,
        errors=0,
        server_cpu=0.5,
        postgres_cpu=0.1,
        generator_cpu=0.01,
        machine_cpu=0.61,
    )
    return replace(plain, **changes)


def subjects(directory: Path) -> list[Subject]:
    """Return all subjects, nothing started."""
    return [make(work.Work(directory)) for make in SUBJECTS.values()]


def columns(line: str) -> int:
    """Return how many cells a line of a Markdown table has."""
    return len(line.strip("| ").split(" | "))


def test_medians_are_of_the_rounds_of_one_scenario_on_one_subject() -> None:
    rounds = [measured("ours", number=number, per_second=speed) for number, speed in enumerate((90.0, 300.0, 100.0))]
    found = measurement.summarize([*rounds, measured("ours", "jwks", per_second=7.0), measured("dot", per_second=5.0)])
    assert {key: one.per_second for key, one in found.items()} == {
        ("ours", "refresh"): 100.0,
        ("ours", "jwks"): 7.0,
        ("dot", "refresh"): 5.0,
    }
    one = found["ours", "refresh"]
    assert (one.server_cpu, one.postgres_cpu, one.generator_cpu) == pytest.approx((5.0, 1.0, 0.1))
    assert one.rounds == 3


def test_what_others_used_of_the_machine_is_what_the_run_did_not() -> None:
    assert measured("ours").others == pytest.approx(0.0)
    assert measured("ours", machine_cpu=1.22).others == pytest.approx(0.5)
    assert measured("ours", machine_cpu=0.0).others == 0.0


def test_run_that_others_disturbed_says_so() -> None:
    busy = measured("ours", machine_cpu=6.1)
    assert "90%" in report.disturbed([busy, busy, measured("ours")])
    assert report.disturbed([busy, measured("ours"), measured("ours")]) == ""
    assert report.disturbed([]) == ""


def test_ratio_pairs_the_rounds_before_it_takes_the_median() -> None:
    rows = [
        measured("ours", number=1, per_second=40.0, server_cpu=0.2, postgres_cpu=0.0),
        measured("ours", number=2, per_second=900.0, server_cpu=0.1, postgres_cpu=0.0),
        measured("ours", number=3, per_second=60.0, server_cpu=0.3, postgres_cpu=0.0),
        measured("dot", number=1, per_second=10.0, server_cpu=0.4, postgres_cpu=0.2),
        measured("dot", number=2, per_second=300.0, server_cpu=0.4, postgres_cpu=0.2),
        measured("dot", number=3, per_second=30.0, server_cpu=0.4, postgres_cpu=0.2),
    ]
    found = measurement.ratio(rows, ("ours", "refresh"), ("dot", "refresh"))
    assert found is not None
    assert (found.speed, found.cpu) == pytest.approx((3.0, 3.0))
    assert measurement.ratio(rows, ("ours", "refresh"), ("peer", "refresh")) is None
    assert measurement.ratio([replace(rows[0], flows=0), rows[3]], ("ours", "refresh"), ("dot", "refresh")) is None


def test_comparison_says_whether_each_goal_is_met() -> None:
    rows = [measured("ours", per_second=590.0), measured("dot"), measured("peer", per_second=500.0)]
    lines = report.comparison(rows).splitlines()
    assert [[re.split(r" *\| *", line.strip("| "))[column] for column in (1, 3, 5)] for line in lines[2:]] == [
        ["dot", "6", "no"],
        ["peer", "1", "yes"],
    ]
    assert report.comparison(rows[:1]) == ""


def test_every_line_of_a_table_has_a_cell_for_each_column() -> None:
    rows = [measured("ours", per_second=1234.5), measured("dot", "code_flow", errors=2)]
    counted = {("ours", "refresh"): postgres.Statements(6.0, 2.0)}
    lines = report.figures(measurement.summarize(rows), counted).splitlines()
    assert len({columns(line) for line in lines}) == 1
    # In the order of the scenarios, not of the measurements.
    assert "1,234" in lines[3]
    assert "6.0 + 2.0" in lines[3]
    assert len({len(line) for line in lines}) == 1


def test_goals_name_scenarios_that_both_sides_have(tmp_path: Path) -> None:
    known = {subject.name: {scenario.name for scenario in subject.scenarios} for subject in subjects(tmp_path)}
    for mine, other, its, goal in report.GOALS:
        assert mine in known["ours"], mine
        assert its in known[other], its
        assert goal > 0


def problems(scenario: Scenario) -> list[str]:
    """Return what the load generator would not understand, or send with nothing in a variable's place."""
    found = []
    known = {"len", *scenario.own, *scenario.pool}
    if not 0 < len(scenario.steps) <= MOST_STEPS:
        found.append("steps")
    for text in scenario.render().split("@step ")[1:]:
        first, *lines = text.split("\n")
        if not re.fullmatch(rf"\w{{1,{LONGEST_NAME}}} \d{{3}}(,\d{{3}})*", first):
            found.append(f"step: {first}")
        marks = [line for line in lines if line.startswith("@")]
        found += [mark for mark in marks if not re.fullmatch(r"@(json|hdr) \w{1,31} \S{1,63}", mark)]
        request = lines[len(marks) :]
        if not re.fullmatch(r"(GET|POST) /\S* HTTP/1\.1", request[0]):
            found.append(f"request line: {request[0]}")
        if request[0].startswith("POST") and "Content-Length: {{len}}" not in request:
            found.append("a body without its length")
        found += [name for name in re.findall(r"\{\{(\w+)\}\}", text) if name not in known]
        known |= {mark.split()[1] for mark in marks}
        if len(marks) > MOST_EXTRACTED or max(map(len, lines)) > LONGEST_LINE:
            found.append("too much")
    return found


@pytest.mark.parametrize("name", SUBJECTS)
def test_load_generator_understands_every_scenario(name: str, tmp_path: Path) -> None:
    scenarios = SUBJECTS[name](work.Work(tmp_path)).scenarios
    assert [(scenario.name, problems(scenario)) for scenario in scenarios if problems(scenario)] == []
    assert len({scenario.name for scenario in scenarios}) == len(scenarios)
    assert {scenario.name for scenario in scenarios} <= set(ORDER)


def test_mistakes_in_a_scenario_are_found() -> None:
    get = Step("one", [200], "GET", "/{{code}}", json={"code": "code"})
    assert problems(Scenario("s", [get, get])) == ["code"], "it is sent before it is known"
    assert problems(Scenario("s", [replace(get, target="/")])) == []
    assert problems(Scenario("s", [replace(get, name="a name", target="/")])) == ["step: a name 200"]
    assert problems(Scenario("s", [replace(get, method="POST", target="/")])) == ["a body without its length"]


def test_options_take_scenarios_by_name_or_by_what_their_names_begin_with() -> None:
    given = options.parse(["--quick", "--only", "client_credentials,jwks", "--subjects", "ours,dot"])
    assert given.subjects == ("ours", "dot")
    names = ("client_credentials", "client_credentials_jwt", "jwks", "jwks_else", "clients", "userinfo")
    assert [name for name in names if given.wants(name)] == list(names[:4])
    assert (given.rounds, given.load.seconds) == (1, options.QUICK_SECONDS)
    assert options.parse([]).rounds == 3
    assert options.parse([]).wants("userinfo")
    assert options.parse(["--quick", "--seconds", "5"]).load.seconds == 5


@pytest.mark.parametrize(
    "wrong", [["--subjects", "ours,nobody"], ["--server", "nobody"], ["--profile", "ours"], ["--profile", "peer:jwks"]]
)
def test_options_refuse_what_there_is_not(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        options.parse(wrong)
    assert "usage" in capsys.readouterr().err


def test_results_are_the_same_after_they_were_kept(tmp_path: Path) -> None:
    found = results.Results(
        machine={"cores": "2"},
        settings={"rounds": "3"},
        titles={"ours": "this provider"},
        measurements=[measured("ours"), measured("dot")],
        statements={("ours", "refresh"): postgres.Statements(6.0, 2.0)},
    )
    path, document = tmp_path / "after.json", tmp_path / "performance.md"
    document.write_text("Before\n<!-- after -->\nold\n<!-- /after -->\nAfter\n")
    results.save(path, found)
    assert results.load(path) == found
    results.show(path, found, document)
    text = document.read_text()
    assert text.startswith("Before\n<!-- after -->\n")
    assert text.endswith("<!-- /after -->\nAfter\n")
    assert "\n![Flows a second](after.svg)\n" in text
    assert found.tables() in text
    assert "old" not in text
    results.show(path, found, document)
    assert document.read_text() == text
    assert results.between("nothing", "after", "x") == "nothing"


def test_plot_has_a_bar_for_each_subject_of_each_scenario() -> None:
    rows = [measured("ours"), measured("dot"), measured("ours", "jwks", per_second=21_000.0)]
    drawn = ET.fromstring(plot.draw(rows, {"ours": "this <provider>", "dot": "stock"}))
    texts = [element.text for element in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert [texts.count(text) for text in ("21,000", "100", "refresh", "jwks", "this <provider>")] == [1, 3, 1, 1, 1]
    bars = [element for element in drawn.iter("{http://www.w3.org/2000/svg}rect") if element.get("x") == str(plot.LEFT)]
    assert len(bars) == 3
    assert all(0 < float(bar.attrib["width"]) <= plot.WIDTH - plot.LEFT - plot.RIGHT for bar in bars)
    assert plot.draw([], {}) == ""


def test_cpu_of_a_process_counts_what_is_below_it_and_what_has_ended() -> None:
    line = "17 (a) b (c) S 4 " + " ".join(["0"] * 9) + " 100 20 3 1 20 0"
    tick = os.sysconf("SC_CLK_TCK")
    assert processes.parse_stat(line) == (4, 124 / tick)
    before = processes.cpu_seconds(os.getpid())
    spin = "import time\nwhile time.process_time() < 0.05: pass"
    subprocess.run([sys.executable, "-c", spin], check=True)
    assert processes.cpu_seconds(os.getpid()) >= before + 0.03
    assert processes.machine_seconds() > 0


def test_machine_is_described_without_its_name() -> None:
    assert machine.cpu_model("processor : 0\nmodel name\t: A B\nmodel name\t: C\n") == "A B"
    assert machine.memory_gib("MemTotal:       16305948 kB\nMemFree: 1 kB\n") == 16
    described = machine.describe("15.1", "9.0")
    assert described["PostgreSQL"] == "15.1"
    assert os.uname().nodename not in " ".join(described.values()).split()


def test_port_is_waited_for_until_nobody_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "START_SECONDS", 0.0)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        assert not processes.wait_for(port)
        assert not processes.listening(port)
        taken.listen()
        assert processes.listening(port)
    assert processes.wait_for(port)


def test_server_that_ends_before_it_is_ready_is_told_with_its_log(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "print('no port left')"]
    with (
        processes.Processes(tmp_path) as started,
        pytest.raises(RuntimeError, match="no port left"),
    ):
        started.start("server", command, ready=lambda: False, env=os.environ)


def test_servers_end_with_the_run_and_so_does_what_they_started(tmp_path: Path) -> None:
    ours, theirs = os.pipe()
    child = f"import os, signal; os.write({theirs}, b'here'); signal.pause()"
    server = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}], close_fds=False)"

    def child_is_there() -> bool:
        return bool(select.select([ours], [], [], 0)[0])

    with processes.Processes(tmp_path) as started:
        command = [sys.executable, "-c", server]
        process = started.start("server", command, ready=child_is_there, env=os.environ, pass_fds=[theirs])
        os.close(theirs)
        assert os.read(ours, 4) == b"here"
    assert process.poll() is not None
    # The end of the file: nobody is left who holds the other side.
    assert select.select([ours], [], [], 10)[0]
    assert os.read(ours, 1) == b""
    os.close(ours)


class _Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = b'{"code": "c-1"}' if self.path == "/code" else b"{}"
        self.send_response(200 if self.path in {"/code", "/use/c-1"} else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        pass


def test_load_generator_runs_a_flow_between_two_marks(tmp_path: Path) -> None:
    if not (shutil.which("cc") or shutil.which("gcc")):
        missing("A C compiler", "gcc")
    files = work.Work(tmp_path)
    work.make_generator(files)
    steps = [
        Step("get", [200], "GET", "/code", {"Host": "localhost"}, json={"code": "code"}),
        Step("use", [200], "GET", "/use/{{code}}", {"Host": "localhost"}),
    ]
    path = tmp_path / "flow.txt"
    path.write_text(Scenario("flow", steps).render())
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    marks: list[bool] = []
    try:
        figures = load.run(
            files.generator,
            port=server.server_port,
            scenario=path,
            load=load.Load(connections=1, seconds=0.1, warm_up=0.0),
            own={},
            pool={},
            offset=0,
            at_mark=lambda: marks.append(True),
        )
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert len(marks) == 2
    assert figures["errors"] == 0, figures["sample"]
    one = measurement.read(
        figures, subject="ours", scenario="flow", number=1, used=(1.0, 2.0, 3.0), generator_cpu=figures["lg_cpu_s"]
    )
    assert one.flows > 0
    assert (one.server_cpu, one.postgres_cpu, one.machine_cpu) == (1.0, 2.0, 3.0)


def test_database_is_filled_anew_when_what_it_depends_on_changes(tmp_path: Path) -> None:
    file = work.ROOT / "benchmarks" / "credentials.py"
    assert work.digest([file]) == work.digest([file])
    assert work.digest([file]) != work.digest([file, work.ROOT / "benchmarks" / "dot"])
    assert run.COUNTING.connections == 1
