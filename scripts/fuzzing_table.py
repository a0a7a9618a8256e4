"""Write docs/fuzzing.md from the targets and from the figures of their runs: `python -m scripts.fuzzing_table`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.fuzz import alone
from tests.fuzz.target import Target

DOCS = Path(__file__).resolve().parent.parent / "docs"
TARGET, FIGURES = DOCS / "fuzzing.md", DOCS / "fuzzing.json"
HEAD = """\
# Bad input

Written by `python -m scripts.fuzzing_table` from the targets in `tests/fuzz/targets/` and the figures in
`fuzzing.json`.

Whatever is sent, by whomever: no 500, no endless work, no memory without a bound, and nothing believed that should not
be. Three ways of trying look for the input that says otherwise.

| What | With | In the ordinary suite | By `make fuzz` |
|---|---|---|---|
| parsers of outside data | atheris | the kept corpus, replayed | 10 minutes for each target |
| endpoints for machines | schemathesis, from [openapi.yaml](openapi.yaml) | a few for each | 50 times as many |
| every address of both sites | Hypothesis | one plain and one odd request for each | 50 times as many |

atheris changes inputs by what code they reach, and JSON by its meaning (`tests/fuzz/mutator.py`). Hypothesis sends any
method, body, header and charset, and the fields of each page's own forms with others in their place; as nobody, as a
person, as staff.

```console
make fuzz                                        # everything
make fuzz ARGS="redirect_match id_token"         # some targets
make fuzz ARGS=endpoints                         # the HTTP part alone
FUZZ_SECONDS=5 make fuzz                         # seconds for each: to see that it runs
FUZZ_SECONDS=3600 FUZZ_JOBS=8 make fuzz          # an hour for each, eight at once
```

atheris has wheels for Linux and Python 3.11 to 3.13 (decision
[0055](decisions/0055-parsers-are-fuzzed-under-coverage.md)). A run begins with the target's own seeds, its corpus and
whatever earlier runs on the same machine left in `var/fuzz/found`. An input that takes longer than 10 seconds, or for
which the process grows beyond 1,500 MB, is a fault like any other; it is written to `var/fuzz/faults` and ends its
target.

From a run of 30 seconds on, inputs that take a step through the project's code that none before took are added to
`tests/fuzz/corpus/` (`python -m tests.fuzz.distil`). The ordinary suite replays that corpus and counts the lines each
input costs: more than two million is a failure, so that a loop without an end fails there instead of hanging.

## What holds for each target

A target refuses an input in the way its code documents, or what it returns has to pass an oracle that does not share
the code: another parser, the bytes read by hand, or the same thing written and read again.
"""
FOUND = """
## What was found and mended

While the targets were written and run; the inputs are seeds of their targets now.

| Input | What happened | Target |
|---|---|---|
| a key set whose key has a list or an object for its curve | a 500 at each sign-in there, and at each sign-out | `key_set` |
| GitHub's token answer with an error that is a list or an object | a 500 at the sign-in | `github_answer` |
| a redirect URI that is none, such as `https://[::1`, beside an address for third-party sign-in | an exception in place of a sentence | `links`, `portable_import` |
| an application in a document that is `{}`, or whose facts are | was read as one without a name | `portable_document` |
| a redirect URI of an app with three slashes, `com.example.app:///cb` | answered at `com.example.app:/cb` | `redirect_register` |
| half a surrogate pair in a document's redirect URI | an exception at the database in place of a sentence | `portable_import` |
| `https://[2606:4700::1].evil.example/` as a link of an application | was read as the address in brackets | `links` |
"""  # noqa: E501 - rows of a table
_SUMMED = ("inputs", "bytes", "seconds", "faults")
MIDDLE = """
## What was tried

Sums over all runs so far; *edges* are the branches of the watched modules that the last run reached, *faults* the
inputs that ended a run, whether the code was wrong or the oracle.

| Target | Inputs | Bytes | Minutes | Edges | Faults |
|---|---:|---:|---:|---:|---:|
"""


def lines(targets: Mapping[str, Target]) -> Iterator[str]:
    """Yield the document's tables and what stands between them."""
    figures = json.loads(FIGURES.read_text())
    yield HEAD + "\n| Target | Reads | Holds |\n|---|---|---|\n"
    for name, target in sorted(targets.items()):
        yield f"| `{name}` | {target.reads} | {target.oracle} |\n"
    yield MIDDLE
    for name, done in sorted(figures.items()):
        yield row(f"`{name}`", done, f"{done['edges']:,}")
    yield row("together", {key: sum(done[key] for done in figures.values()) for key in _SUMMED}, "")
    yield FOUND


def row(name: str, done: Mapping[str, int], edges: str) -> str:
    """Return one row of the figures."""
    minutes = done["seconds"] / 60
    return f"| {name} | {done['inputs']:,} | {done['bytes']:,} | {minutes:.1f} | {edges} | {done['faults']} |\n"


if __name__ == "__main__":
    TARGET.write_text("".join(lines(alone.targets())))
