"""Frame a page of the site and have somebody click what they don't see (RFC 9700 4.16, RFC 6749 10.13)."""

import pytest

from tests.provider.driver import Driver
from tests.security import every_page

# Frames of applications are what it is for; it shows and does nothing (OpenID Session Management 3.3).
MEANT_TO_BE_FRAMED = ("check_session", "check-session")


@pytest.fixture
def grown(driver: Driver) -> Driver:
    """Return a client whose person has a consent and a session that pages show."""
    driver.tokens()
    return driver


class TestClickjacking:
    def test_no_page_of_the_site_can_be_framed(self, grown: Driver) -> None:
        pages = every_page.html(grown)
        assert {"person at /o/profile/", "stranger at /accounts/login/", "person at /nowhere/"} <= pages.keys()
        open_to_frames = [
            name
            for name, answer in pages.items()
            if not name.endswith(tuple(f"/{end}/" for end in MEANT_TO_BE_FRAMED))
            and (
                answer.headers.get("X-Frame-Options") != "DENY"
                or "frame-ancestors 'none'" not in answer.headers.get("Content-Security-Policy", "")
            )
        ]
        assert open_to_frames == []

    def test_no_page_runs_a_script_from_a_string_or_elsewhere(self, grown: Driver) -> None:
        """A frame is not the only way to have somebody click: so is markup, where it runs."""
        loose = [
            name
            for name, answer in every_page.html(grown).items()
            if "unsafe-" in answer["Content-Security-Policy"].partition("script-src")[2].partition(";")[0]
            or "default-src" not in answer["Content-Security-Policy"]
        ]
        assert loose == []

    def test_tokens_are_in_no_frame(self, grown: Driver) -> None:
        """Answers to machines say so as well: browsers render JSON."""
        for answer in (grown.userinfo("x"), grown.backchannel.get("/.well-known/openid-configuration")):
            assert answer["X-Frame-Options"] == "DENY"
