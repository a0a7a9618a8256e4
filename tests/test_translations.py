"""Every string a person may see exists in English and in Simplified Chinese."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import polib
import pytest

from scripts import messages
from tests import machine

ROOT = messages.ROOT
CATALOGUES = [directory.relative_to(ROOT).as_posix() for directory in messages.catalogues(ROOT)]
# The sandbox's models have no forms and no admin.
OUR_APPS = ("provider_site", "consumer_site")
# Fields that no page and no admin may ever show.
NEVER_SHOWN = {
    *("avatar_key", "browser_digest", "code_digest", "credential_digest", "digest", "user_code_digest"),
    *("id_token_claims", "sealed_private_key", "sector_redirect_uris", "tokens_not_before"),
    *("asked_scope", "lease", "lease_until"),
}

# Strings that are the same in Chinese, each with the reason.
SAME_IN_CHINESE = {
    "ES256": "name of an algorithm",
    "EdDSA": "name of an algorithm",
    "GitHub": "brand",
    "OAuth": "name of a standard",
    "OpenID Connect": "name of a standard",
    "QQ": "brand",
    "ID": "Chinese readers write it so",
    "JSON": "name of a format",
    "JWT": "name of a standard",
    "PKCE": "name of a standard",
    "PS256": "name of an algorithm",
    "RS256": "name of an algorithm",
    "URL": "Chinese readers write it so",
}
CHINESE = re.compile(r"[\u3400-\u9fff]")
PERCENT_PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[-+ #0-9.]*[sdifgr]")
BRACE_PLACEHOLDER = re.compile(r"\{\w*\}")
TAG = re.compile(r"</?[a-z][^>]*>", re.IGNORECASE)

TEMPLATE_SILENCE = re.compile(
    r"\{%\s*comment\b.*?\{%\s*endcomment\s*%\}"
    r"|\{%\s*blocktrans(?:late)?\b.*?\{%\s*endblocktrans(?:late)?\s*%\}"
    r"|\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<!--.*?-->|<(?:script|style)\b.*?</(?:script|style)>|<!doctype[^>]*>",
    re.DOTALL | re.IGNORECASE,
)
SPOKEN_ATTRIBUTE = re.compile(r"""\b(?:alt|title|placeholder|aria-label)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
ENTITY = re.compile(r"&#?\w+;")
# A tag whose name the template computes is left without one.
TEMPLATE_TAG = re.compile(r"<[^<>]*>")
WORD = re.compile(r"[A-Za-z]{2,}")
# Words a template may hold outside a translation, each with the reason.
UNTRANSLATED_WORDS = {
    "Authlib",  # name of a library
    "English",  # a language by its own name
    "GitHub",  # brand
    "Python",  # name of a language
    "QQ",  # brand
    "allauth",  # name of a library
    "curl",  # name of a program
    "django",  # name of a library
}


def load(name: str) -> polib.POFile:
    path = messages.po_file(ROOT / name)
    assert path.exists(), f"{name} has no Chinese catalogue: run `python scripts/messages.py update`"
    return polib.pofile(str(path))


def sources(entry: polib.POEntry) -> list[str]:
    return [entry.msgid, entry.msgid_plural] if entry.msgid_plural else [entry.msgid]


def translations(entry: polib.POEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def facts(catalogue: Any) -> dict[tuple[str, str, str], list[str]]:
    return {
        (entry.msgctxt or "", entry.msgid, entry.msgid_plural or ""): translations(entry)
        for entry in catalogue
        if entry.msgid and not entry.obsolete and any(translations(entry))
    }


@pytest.fixture(scope="module")
def extracted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the project whose catalogues have just been brought up to date."""
    machine.gettext("xgettext")
    machine.gettext("msgmerge")
    copy = tmp_path_factory.mktemp("extracted")
    for package in ("provider_site", "consumer_site", "project"):
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__", "static"))
    command = [sys.executable, ROOT / "scripts" / "messages.py", "update", "--root", copy]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return copy


@pytest.mark.parametrize("name", CATALOGUES)
def test_catalogue_has_every_string_of_the_sources_and_no_other(name: str, extracted: Path) -> None:
    wanted = {(entry.msgctxt, entry.msgid) for entry in polib.pofile(str(messages.po_file(extracted / name)))}
    present = {(entry.msgctxt, entry.msgid) for entry in load(name) if not entry.obsolete}
    assert sorted(str(key) for key in wanted - present) == [], "missing: run `python scripts/messages.py update`"
    assert sorted(str(key) for key in present - wanted) == [], "unused: run `python scripts/messages.py update`"


@pytest.mark.parametrize("name", CATALOGUES)
def test_no_string_is_untranslated_or_fuzzy(name: str) -> None:
    catalogue = load(name)
    assert [entry.msgid for entry in catalogue.untranslated_entries()] == []
    assert [entry.msgid for entry in catalogue.fuzzy_entries()] == []


@pytest.mark.parametrize("name", CATALOGUES)
def test_every_chinese_string_has_chinese_in_it(name: str) -> None:
    offenders = [
        text
        for entry in load(name)
        for text in translations(entry)
        if not CHINESE.search(text) and not (text == entry.msgid and text in SAME_IN_CHINESE)
    ]
    assert offenders == []


@pytest.mark.parametrize("name", CATALOGUES)
@pytest.mark.parametrize("pattern", [PERCENT_PLACEHOLDER, BRACE_PLACEHOLDER, TAG], ids=["percent", "brace", "tag"])
def test_placeholders_and_tags_survive_translation(name: str, pattern: re.Pattern[str]) -> None:
    offenders = []
    for entry in load(name):
        # A language without a singular form translates the plural.
        original = sources(entry)[-1]
        offenders += [
            (original, text)
            for text in translations(entry)
            if sorted(pattern.findall(original)) != sorted(pattern.findall(text))
        ]
    assert offenders == []


@pytest.mark.parametrize("name", CATALOGUES)
def test_compiled_catalogue_matches_its_source(name: str) -> None:
    catalogue = load(name)
    compiled = messages.po_file(ROOT / name).with_suffix(".mo")
    assert compiled.exists(), "run `python scripts/messages.py compile`"
    assert facts(polib.mofile(str(compiled))) == facts(catalogue), "run `python scripts/messages.py compile`"


def test_one_string_has_one_translation_in_all_catalogues() -> None:
    """Django merges the apps' catalogues, so of two translations of one string only one would ever be seen."""
    seen: dict[tuple[str, str, str], tuple[str, list[str]]] = {}
    differing = []
    for name in CATALOGUES:
        for key, texts in facts(load(name)).items():
            first, others = seen.setdefault(key, (name, texts))
            if texts != others:
                differing.append((key[1], {first: others, name: texts}))
    assert differing == []


def template_files() -> list[Path]:
    return sorted(
        path
        for package in ("provider_site", "consumer_site", "project")
        for path in (ROOT / package).rglob("*")
        if path.suffix in {".html", ".txt"} and "templates" in path.parts
    )


def test_no_template_speaks_outside_a_translation() -> None:
    offenders = {}
    for path in template_files():
        text = TEMPLATE_SILENCE.sub(" ", path.read_text(encoding="utf-8"))
        spoken = " ".join(first or second for first, second in SPOKEN_ATTRIBUTE.findall(text))
        visible = ENTITY.sub(" ", f"{spoken} {TEMPLATE_TAG.sub(' ', text)}")
        if words := [word for word in WORD.findall(visible) if word not in UNTRANSLATED_WORDS]:
            offenders[path.relative_to(ROOT).as_posix()] = words
    assert offenders == {}


def test_every_label_of_our_models_is_in_chinese() -> None:
    """Cover what forms and the admin show of a model: its names, its fields' labels, help and choices."""
    from django.apps import apps
    from django.utils.translation import override

    offenders = []
    with override("zh-hans"):
        for model in apps.get_models():
            meta = model._meta
            if meta.app_label not in OUR_APPS:
                continue
            labels = [(meta.label, meta.verbose_name), (meta.label, meta.verbose_name_plural)]
            for field in meta.local_fields + meta.local_many_to_many:
                if not (field.primary_key or field.auto_created or field.name in NEVER_SHOWN):
                    labels.append((str(field), field.verbose_name))
                    labels += [(str(field), field.help_text)] if field.help_text else []
                    labels += [(str(field), label) for value, label in field.flatchoices]
            offenders += [
                f"{where}: {label}"
                for where, label in labels
                if not CHINESE.search(str(label)) and str(label) not in SAME_IN_CHINESE
            ]
    assert offenders == []
