"""The page of settings says what the code says."""

import re

import pytest

from consumer_site.conf import ConsumerSettings
from provider_site.conf import KNOWN_KEYS, ProviderSettings
from scripts import settings_reference


def test_page_of_settings_is_what_the_docstrings_say() -> None:
    assert settings_reference.TARGET.read_text(encoding="utf-8") == settings_reference.reference(), (
        "run `python -m scripts.settings_reference`"
    )


def test_every_setting_of_the_provider_is_on_the_page() -> None:
    assert {key for key, _paragraphs in settings_reference.entries(ProviderSettings)} == KNOWN_KEYS


@pytest.mark.parametrize("settings_class", [ProviderSettings, ConsumerSettings])
def test_every_setting_is_explained(settings_class: type) -> None:
    entries = list(settings_reference.entries(settings_class))
    assert entries
    for key, paragraphs in entries:
        assert re.search(r"[a-z]{3}", paragraphs[0]), key
