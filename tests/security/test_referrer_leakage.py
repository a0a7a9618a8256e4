"""Learn codes, state or handles from the Referer of a page's links and pictures (RFC 9700 4.2)."""

import re

from tests.provider.driver import Driver, query
from tests.security import every_page

# What a page may send to another origin is nothing; to its own, browsers need an origin for the forms.
SAFE = {"same-origin", "no-referrer"}


class TestReferrerLeakage:
    def test_no_page_sends_its_address_to_another_site(self, driver: Driver) -> None:
        driver.tokens()
        told = {
            name: answer.headers.get("Referrer-Policy")
            for name, answer in every_page.html(driver).items()
            if answer.headers.get("Referrer-Policy") not in SAFE
        }
        assert told == {}

    def test_no_page_loads_anything_from_another_site(self, driver: Driver) -> None:
        driver.tokens()
        for name, answer in every_page.html(driver).items():
            loaded = re.findall(
                r"""<(?:img|script|link|iframe|source|video)\b[^>]*?(?:src|href)="([^"]+)""", answer.text
            )
            assert not [url for url in loaded if re.match(r"(?:[a-z]+:)?//", url)], name

    def test_answer_with_the_code_tells_the_next_page_nothing(self, driver: Driver) -> None:
        driver.code()
        answer = driver.authorize()
        assert "code" in query(answer)
        assert answer["Referrer-Policy"] == "no-referrer"

    def test_error_with_the_state_tells_the_next_page_nothing(self, driver: Driver) -> None:
        for method in ("get", "post"):
            assert driver.authorize(method=method, scope="root")["Referrer-Policy"] == "no-referrer"

    def test_form_that_posts_the_code_tells_nothing(self, driver: Driver) -> None:
        driver.code()
        page = driver.authorize(response_mode="form_post")
        assert 'name="code"' in page.text
        assert page["Referrer-Policy"] == "no-referrer"
