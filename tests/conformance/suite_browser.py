"""The suite's browser: it follows the tasks of the suite's configuration, in a real browser here."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

CONFIGURATION = Path(__file__).resolve().parents[2] / "docs" / "conformance-suite.json"
EXAMPLE = "https://id.example.com"


def configuration(*, issuer: str, username: str, password: str) -> dict[str, Any]:
    """Return the documented configuration, with this provider and this account put in."""
    text = CONFIGURATION.read_text(encoding="utf-8")
    for placeholder, value in ((EXAMPLE, issuer), ("<user name>", username), ("<password>", password)):
        assert placeholder in text, placeholder
        text = text.replace(placeholder, value)
    read: dict[str, Any] = json.loads(text)
    return read


def entries_for(settings: dict[str, Any], module: str) -> list[dict[str, Any]]:
    """Return the browser's entries for a module: its own, or everybody's."""
    entries: list[dict[str, Any]] = settings["override"].get(module, settings)["browser"]
    return entries


def matches(pattern: str, url: str) -> bool:
    """Tell whether an address fits a pattern, in which * stands for anything."""
    return re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), url) is not None


def visit(page: Any, url: str, entries: list[dict[str, Any]]) -> list[str]:
    """Go to an address and do the tasks of the first entry that fits it; return the names of those that were done."""
    entry = next(entry for entry in entries if matches(entry["match"], url))
    page.goto(url)
    done = []
    for task in entry["tasks"]:
        if not matches(task.get("match", "*"), page.url):
            assert task.get("optional"), f"{task['task']} at {page.url}"
            continue
        for command in task.get("commands", []):
            _obey(page, command)
        done.append(task["task"])
    return done


def _obey(page: Any, command: list[Any]) -> None:
    action, kind, target, *more = command
    if action == "wait" and kind == "contains":
        page.wait_for_url(lambda url: target in url, timeout=more[0] * 1000)
        return
    element = page.locator({"id": f"#{target}", "xpath": f"xpath={target}", "css": target}[kind]).first
    if action == "wait":
        element.wait_for(state="attached", timeout=more[0] * 1000)
        if len(more) > 1:
            assert re.search(more[1], element.inner_text()), f"{more[1]} is not in {element.inner_text()[:2000]}"
    elif action == "text":
        element.fill(more[0])
    elif element.count() == 0:
        assert action == "click", command
        assert "optional" in more, f"{command} at {page.url}"
    elif element.evaluate("node => node.tagName") == "INPUT":
        element.click()
    else:
        with page.expect_navigation():
            element.click()
