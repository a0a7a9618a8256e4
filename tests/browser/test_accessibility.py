"""What looks at the pages finds what is wrong with one that is bad."""

from typing import Any

import pytest

from tests import accessibility

pytestmark = pytest.mark.browser

GOOD = """<!doctype html><html lang="en"><title>Good</title><style>{style}</style>
<main><h1>Good</h1><p>{body}</p></main></html>"""
TWO_SMALL = "<a href='#a' style='display: block; height: 12px; width: 12px; overflow: hidden'>{}</a>"


@pytest.mark.parametrize(
    ("body", "style", "finding"),
    [
        ("<img src='data:,'>", "", "image-alt"),
        ("<input>", "", "label"),
        ("Pale", "p { color: #999 }", "color-contrast"),
        # It is on its way to a pale colour: found as it will be, not as it is for the moment.
        ("Pale", "p { animation: pale 60s forwards } @keyframes pale { to { color: #999 } }", "color-contrast"),
        (TWO_SMALL.format("one") + TWO_SMALL.format("two"), "", "target-size"),
        ("Wide", "p { width: 3000px }", "wider than the window: <p>Wide</p>"),
        ("W" * 500, "p { width: 10px }", "wider than the window: <p>WWW"),
        ("</p><h1>Twice</h1><p>", "", "the page has 2 h1"),
        ("<script>document.title = ' · '; document.documentElement.lang = ''</script>", "", "the page has no title"),
    ],
)
def test_bad_page_is_found_out(page: Any, body: str, style: str, finding: str) -> None:
    page.set_content(GOOD.format(body="Fine", style=""))
    assert accessibility.findings(page) == []
    page.set_content(GOOD.format(body=body, style=style))
    found = accessibility.findings(page)
    assert any(words.startswith(finding) for words in found), found


def test_excused_elements_and_no_others_are_left_out(page: Any) -> None:
    page.set_content(GOOD.format(body="<img class='known' src='data:,'><img src='data:,'>", style=""))
    assert len(accessibility.violations(page, rules=["image-alt"])) == 2
    assert len(accessibility.violations(page, rules=["image-alt"], excused={"image-alt": ".known"})) == 1
    assert not accessibility.violations(page, rules=["color-contrast"])


PALE = "p { color: #999 } .dark { background: #000 } .off { visibility: hidden }"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("Pale</p><p>Pale", 1),
        ("Pale</p><p><b>Pale</b>", 2),
        ("Pale</p><p style='color: #aaa'>Paler", 2),
        ("Fine", 1),
        ("</p><div class='dark'><p>Fine</p></div><div><p>Pale</p></div><p>", 1),
        ("</p><div><p class='off'>Gone</p></div><div><p>Pale</p></div><p>", 1),
        ("</p><div><p>.</p></div><div><p>Pale</p></div><p>", 1),
        ("</p><label>Off <input disabled></label><label>On <input></label><p>", 1),
    ],
    ids=["the same", "another element", "another colour", "one", "another ground", "hidden", "short", "disabled"],
)
def test_each_style_of_text_is_looked_at_once(page: Any, body: str, found: int) -> None:
    page.set_content(GOOD.format(body=body, style=PALE + "label { color: #999 }"))
    assert len(accessibility.violations(page, rules=["color-contrast"])) == found
    assert "data-known-style" not in page.content()


def test_style_known_from_another_page_is_not_looked_at_again(page: Any) -> None:
    looked: set[int] = set()
    page.set_content(GOOD.format(body="Fine", style=""))
    assert not accessibility.violations(page, rules=["color-contrast"], looked=looked)
    page.set_content(GOOD.format(body="Pale", style=PALE))
    assert not accessibility.violations(page, rules=["image-alt"], looked=looked)
    assert len(accessibility.violations(page, rules=["color-contrast"], looked=looked)) == 1
    assert not accessibility.violations(page, rules=["color-contrast"], looked=looked)
