"""The consent page as a test reads it: its parts without markup, and what its form would send."""

import html
import re
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format

from provider_site.services import facts
from tests.provider.driver import Driver


def ask(driver: Driver, **changes: Any) -> tuple[str, str]:
    """Send an authorization request; return the consent page's address and its HTML."""
    answer = driver.authorize(**changes)
    assert answer.status_code == 302, answer.content.decode()[:1000]
    address = answer["Location"]
    assert address.startswith("/o/consent/"), address
    page = driver.browser.get(address)
    assert page.status_code == 200
    return address, page.content.decode()


def words(markup: str) -> str:
    """Return what stands in markup, without its tags."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", markup)).split())


def part(page: str, name: str) -> str:
    """Return the words of the part of the page with this class; empty where there is none."""
    found = re.search(rf'<(section|details|fieldset) class="{name}".*?</\1>', page, re.DOTALL)
    return words(found[0]) if found else ""


def reason(page: str) -> str:
    """Return why the page says it asks."""
    return part(page, "reason-asked").removeprefix("Why you are asked").strip()


def row(page: str, scope_title: str) -> str:
    """Return the words of the row with this title."""
    for found in re.findall(r'<li class="scope.*?</li>', page, re.DOTALL):
        if scope_title in words(found):
            return words(found)
    raise AssertionError(f"no row {scope_title!r}")


def ticked(page: str) -> set[str]:
    """Return the scopes whose boxes come ticked."""
    return {tag[1] for tag in re.finditer(r'<input type="checkbox" name="scope" value="([^"]+)"[^>]* checked>', page)}


def duration(page: str) -> str:
    """Return the duration that comes selected."""
    found = re.search(r'<input type="radio" name="duration" value="([^"]+)"[^>]* checked>', page)
    assert found is not None
    return found[1]


def change_facts(driver: Driver, **changes: Any) -> None:
    """Let the application have other facts, as after a review."""
    known = facts.read(application=driver.application)
    facts.write(application=driver.application, facts=type(known).from_json(known.to_json() | changes))


def day(moment: Any) -> str:
    """Return a day as the page writes it."""
    return date_format(timezone.localtime(moment), "DATE_FORMAT")
