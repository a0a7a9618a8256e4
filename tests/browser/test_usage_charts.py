"""The charts of usage in a real browser: on a narrow phone, in both colour schemes, by keyboard."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from provider_site.models import DailyCount
from provider_site.services import usage
from tests import factories
from tests.servers import LiveSites

pytestmark = pytest.mark.browser

# Bars that stick out of their drawing, labels that are cut, and the colours of the bars and of what is behind them.
MEASURE = """() => {
  const outside = (inner, outer) => inner.left < outer.left - 1 || inner.right > outer.right + 1
    || inner.top < outer.top - 1 || inner.bottom > outer.bottom + 1;
  const sticksOut = bar => outside(bar.getBoundingClientRect(), bar.closest('svg').getBoundingClientRect());
  const bars = [...document.querySelectorAll('.usage-bar')];
  const labels = [...document.querySelectorAll('.usage-chart span')];
  return {
    bars: bars.length,
    outside: bars.filter(sticksOut).length,
    cut: labels.filter(label => label.scrollWidth > label.clientWidth + 1 && label.clientWidth).length,
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    bar: getComputedStyle(bars[0]).fill,
    behind: getComputedStyle(document.querySelector('.card')).backgroundColor,
  };
}"""


def luminance(colour: str) -> float:
    """Return the relative luminance of a computed colour (WCAG 2.2)."""
    parts = [int(part) / 255 for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two computed colours (WCAG 2.2)."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_spike_on_a_narrow_phone_is_drawn_whole_and_read_by_keyboard(
    live_sites: LiveSites, user: Any, new_visit: Callable[..., Any], scheme: str
) -> None:
    application = factories.make_application(owner=user).application
    for ago in range(90):
        number = 2_000_000_000 if ago == 40 else ago % 3
        day = usage.today() - timedelta(days=ago)
        DailyCount.objects.create(application=application, day=day, kind=DailyCount.Kind.ERROR, count=number)
    page = new_visit(color_scheme=scheme, viewport={"width": 320, "height": 640}).page
    user.emailaddress_set.create(email=user.email, verified=True, primary=True)
    page.goto(f"{live_sites.provider}/o/developer/{application.pk}/usage/?days=90")
    page.locator("#id_login").fill(user.username)
    page.locator("#id_password").fill(factories.PASSWORD)
    page.locator("#id_password").press("Enter")
    page.locator(".usage-bars").first.wait_for()
    page.wait_for_load_state("load")  # the bars are there before the stylesheets may be
    found = page.evaluate(MEASURE)
    assert (found["bars"], found["outside"], found["cut"], found["overflow"]) == (90, 0, 0, 0)
    assert contrast(found["bar"], found["behind"]) >= 3  # WCAG 2.2, 1.4.11
    page.locator(".usage-numbers summary").focus()
    page.keyboard.press("Enter")
    page.locator(".usage-numbers table").wait_for()
    page.keyboard.press("Tab")
    scrolls = "document.activeElement.matches('.usage-scroll') && document.activeElement.scrollWidth > innerWidth"
    assert page.evaluate(scrolls)  # the arrow keys move what has the focus
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
