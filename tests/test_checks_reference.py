"""The page of checks says what the checks say."""

import re

from scripts import checks_reference

ALL = re.compile(r'"((?:provider|consumer)_site(?:\.sandbox)?\.[EWC][0-9]{3})"')
BESIDE = (
    "deployment_checks.py",
    "deployment_checks/own.py",
    "deployment_checks/toolkit.py",
    "deployment_checks/rules.py",
)


def test_page_of_checks_is_what_the_checks_say() -> None:
    assert checks_reference.TARGET.read_text(encoding="utf-8") == checks_reference.reference(), (
        "run `python -m scripts.checks_reference`"
    )


def test_every_id_in_the_sources_is_on_the_page() -> None:
    files = [checks_reference.ROOT / name for name in checks_reference.SOURCES]
    files += [
        path
        for app in ("provider_site", "consumer_site")
        for name in BESIDE
        if (path := checks_reference.ROOT / app / name).exists()
    ]
    written = {found for path in files for found in ALL.findall(path.read_text(encoding="utf-8"))}
    assert len(written) > 90
    assert written == {entry.id for entry in checks_reference.entries()}


def test_every_check_of_deployment_names_the_document_that_asks_for_it() -> None:
    later = [entry for entry in checks_reference.entries() if int(entry.id[-3:]) >= 17 and "site.W" in entry.id]
    bare = {entry.id for entry in later if not entry.section}
    # These are about what works, and not about what is safe.
    assert bare <= {"provider_site.W023", "consumer_site.W017", "consumer_site.W018", "consumer_site.W019"}
