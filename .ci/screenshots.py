"""Take the README's pictures from a real run: a fresh demonstration, a real browser, each journey per language."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
LANGUAGES = {"en": "en-US", "zh": "zh-CN"}
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


def free_port() -> int:
    """Return a loopback port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    """Return once `url` answers; raise RuntimeError when the demonstration ends first or takes a minute."""
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).close()  # noqa: S310 - our own loopback address
        except urllib.error.URLError:
            time.sleep(0.2)
        else:
            return
    raise RuntimeError("The demonstration did not start.")


def journey(page: Any, demo: dict[str, Any], suffix: str) -> None:
    """Sign in at the calendar as xiaoming, taking the consent page and the calendar."""
    password = next(account["password"] for account in demo["accounts"] if account["username"] == "xiaoming")
    page.goto(f"{demo['consumer_url']}/accounts/login/")
    page.screenshot(path=IMAGES / f"sign-in-{suffix}.png")
    page.locator("form[action*='/accounts/house/login/'] button").click()
    page.fill("#id_login", "xiaoming")
    page.fill("#id_password", password)
    page.locator("form[action='/accounts/login/'] button[type=submit]").click()
    page.wait_for_url("**/o/consent/**")
    page.screenshot(path=IMAGES / f"consent-{suffix}.png", full_page=True)
    for box in page.locator("main input[type=checkbox]:enabled").all():
        box.check()
    page.locator("#allow").click()
    page.wait_for_url("**/calendar/")
    page.screenshot(path=IMAGES / f"calendar-{suffix}.png")


def sign_in(page: Any, demo: dict[str, Any], username: str, url: str) -> None:
    """Sign in at the provider and open a page."""
    password = next(account["password"] for account in demo["accounts"] if account["username"] == username)
    page.goto(f"{demo['provider_url']}/accounts/login/")
    page.fill("#id_login", username)
    page.fill("#id_password", password)
    with page.expect_navigation():
        page.locator("form[action='/accounts/login/'] button[type=submit]").click()
    page.goto(url)


def review(developer: Any, reviewer: Any, demo: dict[str, Any], suffix: str) -> None:
    """See a change that waits for review as its developer sees it, and as its reviewer does."""
    changed = next(application for application in demo["applications"] if application["change_waits"])
    sign_in(developer, demo, "developer", changed["developer_url"])
    developer.screenshot(path=IMAGES / f"developer-{suffix}.png")
    sign_in(reviewer, demo, "reviewer", demo["review_url"])
    reviewer.get_by_role("link", name=changed["name"]).click()
    reviewer.wait_for_url("**/change/")
    reviewer.screenshot(path=IMAGES / f"review-{suffix}.png")


def photograph(directory: Path) -> None:
    """Walk the journey once per language; each time consent is given anew, as its withdrawal follows."""
    with sync_playwright() as playwright:
        chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        demo = json.loads((directory / "demo.json").read_text(encoding="utf-8"))
        for suffix, locale in LANGUAGES.items():
            context = browser.new_context(
                locale=locale, viewport={"width": 1000, "height": 720}, device_scale_factor=1.5
            )
            page = context.new_page()
            journey(page, demo, suffix)
            page.goto(f"{demo['provider_url']}/o/apps/")
            page.locator("form[action*='withdraw'] button").click()
            context.close()
            how: dict[str, Any] = {"locale": locale, "viewport": {"width": 1000, "height": 970}}
            how["device_scale_factor"] = 1.5
            with browser.new_context(**how) as developer, browser.new_context(**how) as reviewer:
                review(developer.new_page(), reviewer.new_page(), demo, suffix)
        browser.close()


def main() -> None:
    """Run a demonstration of its own while the pictures are taken."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        directory, port = Path(name), free_port()
        environment = {**os.environ, "PORT": str(port), "VAR_DIR": name}
        log = (directory / "log").open("wb")
        command = [sys.executable, "manage.py", "demo"]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            wait_for(f"http://127.0.0.1:{port}/", process)
            photograph(directory)
        finally:
            process.terminate()
            process.wait()
            log.close()


if __name__ == "__main__":
    main()
