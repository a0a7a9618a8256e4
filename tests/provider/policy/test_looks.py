"""policy/links.py and looks.py: what looks like something else."""

import pytest

from provider_site.policy import links, looks


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example\\@good.example/",
        "https://good.example@evil.example/",
        "https://:@evil.example/",
        "https://evil.example/\u202emoc.elpmaxe.doog//:sptth",
        "https://evil.example/\u200b",
        "https://go\u00adod.example/",
        "https://evil.example/\u3000good.example",
        "https://good.example\uff0fevil.example/",
        "ftp://good.example/",
        "javascript://good.example/%0aalert(1)",
        "https:///good.example",
        "https://good.example:99999/",
        "https://good.example:evil/",
    ],
)
def test_links_that_look_like_others_mislead(url: str) -> None:
    assert links.misleads(url)


@pytest.mark.parametrize(
    "url", ["https://good.example/", "http://good.example:8080/@ada?q=a@b#c", "https://bücher.example/日本?ü=é"]
)
def test_ordinary_links_do_not_mislead(url: str) -> None:
    assert not links.misleads(url)


def test_hidden_characters_are_named_once() -> None:
    assert looks.hidden("Ba\u200bn\u200bk\u3164") == ["U+200B ZERO WIDTH SPACE", "U+3164 HANGUL FILLER"]
    assert looks.hidden("\x07") == ["U+0007"]
    assert looks.hidden("Bücher, книги and 書\nof 2026 👍") == []


def test_words_of_several_alphabets_are_named() -> None:
    assert looks.mixed("Our B\u0430nk and the B\u0430nk, книги") == ["B\u0430nk", "B\u0430nk,"]
    assert looks.mixed("Bücher книги Βιβλία 書店 LINE明朝") == []
