"""Write dist/sbom.json: what a deployment of the project installs, as a CycloneDX document.

Made of requirements.txt, so with the hash of every file; the same bytes for the same requirements.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import release_tools

ROOT = Path(__file__).resolve().parent.parent
SOURCE, TARGET = "requirements.txt", Path("dist") / "sbom.json"


def lacking(document: dict[str, Any], pinned: dict[str, str]) -> list[str]:
    """Return the pinned packages that the document does not name with their version and a hash."""
    named = {}
    for component in document.get("components", ()):
        hashes = [one for reference in component.get("externalReferences", ()) for one in reference.get("hashes", ())]
        if hashes:
            named[component["name"]] = component.get("version")
    return sorted(f"{name}=={version}" for name, version in pinned.items() if named.get(name) != version)


def main(arguments: list[str]) -> int:
    """Write it, and look whether it is whole. The one argument is another place for it."""
    program = release_tools.program("cyclonedx-py")
    if program is None:
        return 1
    target = Path(arguments[0]) if arguments else ROOT / TARGET
    target.parent.mkdir(exist_ok=True)
    options = ["--pyproject", "pyproject.toml", "--output-reproducible", "--output-format", "JSON"]
    command = [program, "requirements", *options, "--output-file", target, SOURCE]
    subprocess.run(command, cwd=ROOT, check=True)
    if missing := lacking(json.loads(target.read_text()), release_tools.pinned(ROOT / SOURCE)):
        print(f"{target} does not name {', '.join(missing)}", file=sys.stderr)
        return 1
    print(f"{target}: {len(release_tools.pinned(ROOT / SOURCE))} packages")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
