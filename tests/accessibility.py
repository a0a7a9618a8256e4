"""What may be wrong with a page for people who see, hear, point or read otherwise: axe, reflow, headings, title.

Of axe-playwright-python only its copy of axe-core (MPL-2.0) is used. It runs inside the page and fetches nothing.
"""

import functools
from collections.abc import Iterable, Mapping
from importlib import resources
from typing import Any

# WCAG 2.0 to 2.2, levels A and AA, and what axe's authors know of practice.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

# Contrast is half of what axe costs, and text in rows is all of the same style: only the first of each is looked at.
# Two texts are of one style if all around them have the same tags, classes and colours. What lies over something else,
# or is not seen, is never taken for another.
_MARK = """looked => {
  const known = new Set(looked), names = ['color', 'background-color', 'background-image', 'opacity', 'filter',
    'font-size', 'font-weight', 'text-shadow', 'text-decoration-line', '-webkit-text-fill-color', 'mix-blend-mode',
    'clip-path', 'overflow'];
  const digest = text => {
    let [a, b] = [0xdeadbeef, 0x41c6ce57];
    for (let at = 0; at < text.length; at++) {
      a = Math.imul(a ^ text.charCodeAt(at), 2654435761);
      b = Math.imul(b ^ text.charCodeAt(at), 1597334677);
    }
    return 4294967296 * (2097151 & b) + (a >>> 0);
  };
  const walk = (element, around) => {
    const style = getComputedStyle(element);
    if (!['static', 'relative'].includes(style.position) || !(element instanceof HTMLElement)) return;
    const isOff = element.matches(':disabled, [aria-disabled=true]') || Boolean(element.control?.disabled);
    const parts = [around, element.localName, element.className, isOff, ...names.map(name => style[name])];
    const own = digest(parts.join('|'));
    const text = [...element.childNodes].filter(({nodeType}) => nodeType === 3).map(({data}) => data.trim()).join('');
    if (text.length > 1 && element.checkVisibility({visibilityProperty: true, opacityProperty: true})) {
      if (known.has(own)) element.setAttribute('data-known-style', '');
      known.add(own);
    }
    for (const child of element.children) walk(child, own);
  };
  walk(document.documentElement, '');
  return [...known];
}"""

_RUN = """async ([options, excused, looked]) => {
  // A colour on its way from one scheme or state to the other is not what people read.
  await new Promise(requestAnimationFrame);
  for (const animation of document.getAnimations()) animation.finish();
  const known = (MARK)(looked);
  axe.configure({rules: [{id: 'color-contrast', selector: ':not([data-known-style])'}]});
  const isExcused = (id, target) => excused[id] && document.querySelector(target).matches(excused[id]);
  const words = ({target, html, failureSummary}) => `at ${target}\\n  ${html.slice(0, 300)}\\n  ${failureSummary}`;
  const found = await axe.run(document, options);
  const wrong = found.violations.flatMap(({id, help, nodes}) => nodes
    .filter(({target}) => !isExcused(id, target[0])).map(node => `${id}: ${help}\\n  ${words(node)}`));
  // Only now: axe may have named an element by its mark.
  for (const marked of document.querySelectorAll('[data-known-style]')) marked.removeAttribute('data-known-style');
  return [wrong, known];
}""".replace("MARK", _MARK)

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


def violations(
    page: Any,
    *,
    rules: Iterable[str] = (),
    excused: Mapping[str, str] | None = None,
    looked: set[int] | None = None,
) -> list[str]:
    """Return axe's findings on the page as it is now, each with its element.

    ``rules`` are the only ones asked, all of ``TAGS`` by default; ``excused`` the elements, by selector, that a rule
    may find; ``looked`` the styles of text whose contrast is known from other pages, to which this one's are added.
    Playwright evaluates in the page whatever its content security policy, so the policy stays in force.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(_axe())
    wanted = {"type": "rule", "values": list(rules)} if rules else {"type": "tag", "values": TAGS}
    # WCAG 2.2's target size is off in axe unless it is asked for.
    options = {"runOnly": wanted} if rules else {"runOnly": wanted, "rules": {"target-size": {"enabled": True}}}
    # "preload" would let it fetch the style sheets once more, and put them into the page.
    options |= {"resultTypes": ["violations"], "iframes": False, "preload": False}
    found: list[str]
    found, known = page.evaluate(_RUN, [options, dict(excused or {}), list(looked or ())])
    if looked is not None and (not rules or "color-contrast" in rules):
        looked.update(known)
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


def findings(
    page: Any,
    *,
    rules: Iterable[str] = (),
    excused: Mapping[str, str] | None = None,
    looked: set[int] | None = None,
) -> list[str]:
    """Return everything that is wrong with the page as it is now: axe, width, title, language, headings."""
    return violations(page, rules=rules, excused=excused, looked=looked) + overflow(page) + outline(page)
