"""What may be wrong with a page for people who see, hear, point or read otherwise: axe, reflow, headings, title.

Of axe-playwright-python only its copy of axe-core (MPL-2.0) is used. It runs inside the page and fetches nothing.
"""

import functools
from collections.abc import Iterable, Mapping
from importlib import resources
from typing import Any

# WCAG 2.0 to 2.2, levels A and AA, and what axe's authors know of practice.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

_RUN = """async ([options, excused]) => {
  // A colour on its way from one scheme or state to the other is not what people read.
  await new Promise(requestAnimationFrame);
  for (const animation of document.getAnimations()) animation.finish();
  const isExcused = (id, target) => excused[id] && document.querySelector(target).matches(excused[id]);
  const words = ({target, html, failureSummary}) => `at ${target}\\n  ${html.slice(0, 300)}\\n  ${failureSummary}`;
  const found = await axe.run(document, options);
  return found.violations.flatMap(({id, help, nodes}) => nodes.filter(({target}) => !isExcused(id, target[0]))
    .map(node => `${id}: ${help}\\n  ${words(node)}`));
}"""

_OVERFLOW = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return null;
  const cuts = element => getComputedStyle(element).overflowX !== 'visible';
  const isCut = element => element && (cuts(element) || isCut(element.parentElement));
  const right = element => {
    const range = document.createRange();
    range.selectNodeContents(element);  // its text may stick out where its box does not
    return Math.max(element.getBoundingClientRect().right, range.getBoundingClientRect().right);
  };
  const wide = [...document.body.querySelectorAll('*')].filter(element => right(element) > width + 1);
  const shown = wide.filter(element => !isCut(element.parentElement));
  return shown.slice(-3).map(element => element.outerHTML.slice(0, 200));
}"""


@functools.cache
def _axe() -> str:
    return resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


def violations(page: Any, *, rules: Iterable[str] = (), excused: Mapping[str, str] | None = None) -> list[str]:
    """Return axe's findings on the page as it is now, each with its element.

    ``rules`` are the only ones asked, all of ``TAGS`` by default; ``excused`` the elements, by selector, that a rule
    may find. Playwright evaluates in the page whatever its content security policy, so the policy stays in force.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(_axe())
    wanted = {"type": "rule", "values": list(rules)} if rules else {"type": "tag", "values": TAGS}
    # WCAG 2.2's target size is off in axe unless it is asked for.
    options = {"runOnly": wanted} if rules else {"runOnly": wanted, "rules": {"target-size": {"enabled": True}}}
    # "preload" would let it fetch the style sheets once more, and put them into the page.
    options |= {"resultTypes": ["violations"], "iframes": False, "preload": False}
    found: list[str] = page.evaluate(_RUN, [options, dict(excused or {})])
    return found


def overflow(page: Any) -> list[str]:
    """Return the innermost elements that stick out of the page to the right, if they make it scroll sideways."""
    wide = page.evaluate(_OVERFLOW)
    return [] if wide is None else [f"wider than the window: {element}" for element in wide or ["?"]]


def outline(page: Any) -> list[str]:
    """Return what is wrong with the page's title, language and headings of the first level."""
    title, language, headings = page.evaluate(
        "() => [document.title, document.documentElement.lang, document.querySelectorAll('h1').length]"
    )
    wrong = []
    if not title.strip(" ·|"):
        wrong.append("the page has no title")
    if not language:
        wrong.append("the page has no language")
    if headings != 1:
        wrong.append(f"the page has {headings} h1")
    return wrong


def findings(page: Any, *, rules: Iterable[str] = (), excused: Mapping[str, str] | None = None) -> list[str]:
    """Return everything that is wrong with the page as it is now: axe, width, title, language, headings."""
    return violations(page, rules=rules, excused=excused) + overflow(page) + outline(page)
