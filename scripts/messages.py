"""Extract and compile the Simplified Chinese catalogues: `update` rewrites every .po, `compile` every .mo.

Both need GNU gettext. The .mo files are committed beside the .po files (docs/decisions/0002).
"""

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

from django.core.management.commands.makemessages import Command as MakeMessages

ROOT = Path(__file__).resolve().parent.parent
LOCALE = "zh_Hans"
# Each catalogue's directory; one that lies inside another has strings of its own only if it has a locale directory.
CATALOGUES = ("provider_site", "consumer_site", "consumer_site/sandbox", "project")
# Dates that change at every extraction, and the tool's version, would make a difference out of nothing.
VOLATILE_HEADERS = re.compile(r'^"(?:POT-Creation-Date|PO-Revision-Date|X-Generator):.*\n', re.MULTILINE)
HEADER = """\
msgid ""
msgstr ""
"Project-Id-Version: django-oauth-sites\\n"
"Language: zh_Hans\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"
"""


class ExactMakeMessages(MakeMessages):
    """Extract without guessing: a new string is untranslated, never given a similar string's translation."""

    msgmerge_options = [*MakeMessages.msgmerge_options, "--no-fuzzy-matching"]


def catalogues(root: Path) -> list[Path]:
    """Return the directories under `root` that have a catalogue of their own."""
    found = []
    for name in CATALOGUES:
        directory = root / name
        if directory.is_dir() and ("/" not in name or (directory / "locale").is_dir()):
            found.append(directory)
    return found


def po_file(directory: Path) -> Path:
    """Return the path of the catalogue of `directory`."""
    return directory / "locale" / LOCALE / "LC_MESSAGES" / "django.po"


def update(root: Path) -> None:
    """Bring every .po under `root` up to date with its sources; strings no longer used disappear."""
    for directory in catalogues(root):
        po = po_file(directory)
        if not po.exists():
            po.parent.mkdir(parents=True, exist_ok=True)
            po.write_text(HEADER, encoding="utf-8")
        nested = [other.relative_to(directory) for other in catalogues(root) if directory in other.parents]
        command = [sys.executable, Path(__file__).resolve(), "extract"]
        # makemessages works on the current directory, and needs no settings but those it would find.
        environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
        subprocess.run([*command, *(f"{path}/*" for path in nested)], cwd=directory, env=environment, check=True)
        po.write_text(VOLATILE_HEADERS.sub("", po.read_text(encoding="utf-8")), encoding="utf-8")


def extract(ignored: list[str]) -> None:
    """Run makemessages on the current directory."""
    arguments = ["--locale", LOCALE, "--no-location", "--no-wrap", "--no-obsolete"]
    for pattern in ("static/*", "migrations/*", *ignored):
        arguments += ["--ignore", pattern]
    ExactMakeMessages().run_from_argv(["messages.py", "makemessages", *arguments])


def compile_catalogues(root: Path) -> None:
    """Compile every .po under `root`; a placeholder that differs from its original's stops it."""
    for directory in catalogues(root):
        po = po_file(directory)
        if po.exists():
            command = ["msgfmt", "--check-format", "--output-file", po.with_suffix(".mo"), po]
            subprocess.run(command, check=True)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("action", choices=["update", "compile", "extract"])
    parser.add_argument("ignored", nargs="*", help="for extract: patterns to leave out")
    parser.add_argument("--root", type=Path, default=ROOT, help="another copy of the project")
    options = parser.parse_args()
    if options.action == "update":
        update(options.root.resolve())
    elif options.action == "compile":
        compile_catalogues(options.root.resolve())
    else:
        extract(options.ignored)


if __name__ == "__main__":
    main()
