"""Write docs/checks.md from the checks themselves: `python -m scripts.checks_reference`."""

import ast
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import django

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "checks.md"
SOURCES = (
    "provider_site/checks.py",
    "consumer_site/checks.py",
    "consumer_site/provider_checks.py",
    "consumer_site/sandbox/checks.py",
)
HEAD = """\
# Checks

Written by `python -m scripts.checks_reference` from the checks themselves. `python manage.py check` says what cannot
work, `check --deploy` also what is unsafe, `check --database default` also what is wrong in rows. E is an error:
`manage.py` goes no further; W is a warning. Words in braces are filled in. To be silent about one that you have thought
about: `SILENCED_SYSTEM_CHECKS = ["provider_site.W012"]`.

Django's own `check --deploy` says more (`DEBUG`, `SECRET_KEY`, HSTS, secure cookies, redirects to https), and so does
django-oauth-toolkit's. [The doctor](doctor.md) looks at the running site.
"""
_ID = re.compile(r"\b((?:provider|consumer)_site(?:\.sandbox)?\.[EWC][0-9]{3})\b")
_KINDS = {"Error", "Warning", "CheckWarning"}


@dataclass(frozen=True)
class Entry:
    """A check's id, what it says, what to do, and which document asks for it."""

    id: str
    text: str
    hint: str
    section: str = ""


class Module:
    """A file of checks whose messages are made where they are found."""

    def __init__(self, path: Path) -> None:
        self.tree = ast.parse(path.read_text(encoding="utf-8"))
        self.functions = {node.name: node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef)}
        self.words = {
            target.id: node.value
            for node in self.tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }

    def entries(self) -> Iterator[Entry]:
        """Yield an entry for each message made, one for each id that it may have."""
        for function in self.functions.values():
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and _called(node.func) in _KINDS:
                    options = {option.arg: option.value for option in node.keywords}
                    if "id" in options:
                        yield from self._made(function, node.args[0], options)

    def _made(self, function: ast.FunctionDef, text: ast.expr, options: dict[str | None, ast.expr]) -> Iterator[Entry]:
        told, docstring = self._said(function, text), ast.get_docstring(function) or ""
        hint = self._said(function, options["hint"])
        for check_id in self._ids(function, options["id"]):
            lines = hint.replace("{line}", self._lines(function, check_id)) if "{line}" in hint else hint
            # What a docstring names is about all messages of its function.
            section = _sections(told + hint + (docstring if _count(function) == 1 else ""))
            yield Entry(check_id, told, lines, section)

    def _lines(self, function: ast.FunctionDef, check_id: str) -> str:
        """Return the lines that the table of settings has for an id."""
        rows = [
            row
            for place in [function, *self.words.values()]
            for row in ast.walk(place)
            if isinstance(row, ast.Tuple) and len(row.elts) == 3 and ast.unparse(row.elts[1]) == repr(check_id)
        ]
        return ", ".join(self._said(function, row.elts[2]) for row in rows)

    def _ids(self, function: ast.FunctionDef, node: ast.expr) -> list[str]:
        """Return the ids a message may have: its own, or all those of the table that its function reads it from."""
        own = [word.value for word in ast.walk(node) if isinstance(word, ast.Constant) and isinstance(word.value, str)]
        if found := [word for word in own if _ID.fullmatch(word)]:
            return found
        read = {word.id for word in ast.walk(function) if isinstance(word, ast.Name)}
        tables = [self.words[name] for name in sorted(read) if name in self.words]
        sources = "\n".join(ast.unparse(table) for table in [function, *tables])
        return sorted(set(_ID.findall(sources)))

    def _said(self, function: ast.FunctionDef, node: ast.expr) -> str:
        if isinstance(node, ast.Constant):
            return str(node.value)
        if isinstance(node, ast.JoinedStr):
            return "".join(self._part(function, part) for part in node.values)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in self.functions:
            called = self.functions[node.func.id]
            ends = [one.value for one in ast.walk(called) if isinstance(one, ast.Return) and one.value is not None]
            return " / ".join(self._said(called, end) for end in ends)
        if isinstance(node, ast.Name) and node.id in self.words:
            return self._said(function, self.words[node.id])
        if isinstance(node, ast.Name):
            told = [
                one
                for one in ast.walk(function)
                if isinstance(one, ast.Assign) and any(_called(target) == node.id for target in one.targets)
            ]
            if _count(function) > 1:  # each message has the words made last before it
                told = sorted((one for one in told if one.lineno < node.lineno), key=lambda one: one.lineno)[-1:]
            return " / ".join(self._said(function, one.value) for one in told) or "{" + node.id + "}"
        if isinstance(node, ast.BinOp):
            return self._said(function, node.left) + self._said(function, node.right)
        return "{what is wrong with it}" if ast.unparse(node).startswith("str(") else "{…}"

    def _part(self, function: ast.FunctionDef, part: ast.expr) -> str:
        if not isinstance(part, ast.FormattedValue):
            return self._said(function, part)
        if isinstance(part.value, ast.Name) and part.value.id.isupper():
            return self._said(function, part.value)
        return "{" + (part.value.id if isinstance(part.value, ast.Name) else "…") + "}"


def _count(function: ast.FunctionDef) -> int:
    return sum(isinstance(node, ast.Call) and _called(node.func) in _KINDS for node in ast.walk(function))


def _called(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _sections(text: str) -> str:
    found = re.findall(
        r"(?:RFC [0-9]+|OpenID [A-Z][A-Za-z-]+(?: [A-Z][a-z]+)?)(?: (?:section )?[0-9]+(?:\.[0-9]+)*)?", text
    )
    return ", ".join(dict.fromkeys(word.replace("section ", "") for word in found))


def entries() -> list[Entry]:
    """Return an entry for each message of every check, by id."""
    from consumer_site import deployment_checks as of_consumer  # noqa: PLC0415 - after django.setup()
    from provider_site import deployment_checks as of_provider  # noqa: PLC0415

    found = [entry for name in SOURCES for entry in Module(ROOT / name).entries()]
    rules = [*of_provider.RULES, *of_consumer.RULES, *of_consumer.ALONE]
    found += [Entry(rule.id, f"{rule.text}.", rule.hint, rule.section) for rule in rules]
    return sorted(dict.fromkeys(found), key=lambda entry: (_group(entry.id), entry.id))


def _group(check_id: str) -> int:
    order = ("provider_site.E", "provider_site.W", "consumer_site.E", "consumer_site.W")
    return next((place for place, start in enumerate(order) if check_id.startswith(start)), len(order))


def _cell(text: str) -> str:
    return " ".join(text.replace("{}", "{…}").replace("|", "\\|").split())


def reference() -> str:
    """Return the whole page."""
    parts, last = [HEAD], ""
    for entry in entries():
        app = entry.id.rpartition(".")[0]
        if app != last:
            parts.append(f"\n## {app}\n\n| Id | What is wrong | What to do | Asked for by |\n|---|---|---|---|\n")
            last = app
        parts.append(
            f"| {entry.id.rpartition('.')[2]} | {_cell(entry.text)} | {_cell(entry.hint)} | {entry.section} |\n"
        )
    return "".join(parts)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    django.setup()
    TARGET.write_text(reference(), encoding="utf-8")
