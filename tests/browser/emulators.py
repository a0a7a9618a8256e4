"""The ways of a person's browser at the consumer: in by an emulator, and on from page to page."""

import re
from typing import Any


def press(page: Any, selector: str) -> None:
    """Press the first such button, and wait for the page it leads to."""
    with page.expect_navigation():
        page.locator(selector).first.click()


def choose(page: Any, person: str, *, decision: str = "allow") -> None:
    """Decide at an emulator, as one of its test persons."""
    page.wait_for_url(re.compile("/sandbox/"))
    page.locator(f"input[name=person][value={person}]").check()
    press(page, f"button[value={decision}]")


def sign_in_by(page: Any, consumer: str, service: str, person: str) -> None:
    """Sign in to the calendar by an emulated service."""
    page.goto(f"{consumer}/accounts/login/")
    press(page, f"form[action*='/{service}/login/'] button")
    choose(page, person)
    page.wait_for_url(f"{consumer}/calendar/")


def connect(page: Any, consumer: str, service: str, person: str, *, decision: str = "allow") -> None:
    """Connect a further account of an emulated service to the one signed in to."""
    page.goto(f"{consumer}/accounts/3rdparty/")
    press(page, f".choices form[action*='/{service}/login/'] button")
    choose(page, person, decision=decision)


def sign_out(page: Any, consumer: str) -> None:
    """Sign out where there is nothing to choose."""
    press(page, "header form button")
    page.wait_for_url(f"{consumer}/")
