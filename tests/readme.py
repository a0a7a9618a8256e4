"""Read the README's own lines, so that what a newcomer copies is what the tests run."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def lines(marker: str, readme: str = "README.md", *, language: str = "python") -> str:
    """Return the fence of a language that follows the HTML comment `<!-- marker -->`.

    Raise LookupError unless there is exactly one.
    """
    text = (ROOT / readme).read_text(encoding="utf-8")
    pattern = rf"^[ ]*<!-- {re.escape(marker)} -->\s*\n[ ]*```{language}\n(.*?)^[ ]*```"
    fences = re.findall(pattern, text, re.MULTILINE | re.DOTALL)
    if len(fences) != 1:
        raise LookupError(f"{readme} has {len(fences)} {language} fences marked <!-- {marker} -->, not one")
    return str(fences[0])
