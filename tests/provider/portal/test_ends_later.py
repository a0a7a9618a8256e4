"""People are told where withdrawal takes a while: an application whose access tokens others read by themselves."""

from provider_site.models import Registration
from tests.provider.driver import Driver

LATER = "for up to five minutes"


def read(driver: Driver, address: str) -> str:
    answer = driver.browser.get(address)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_pages_say_so_where_tokens_are_jwts_and_nowhere_else(driver: Driver) -> None:
    asked = read(driver, driver.authorize()["Location"])
    driver.tokens()
    own = f"/o/apps/{driver.application.pk}/"
    for text in (asked, read(driver, "/o/apps/"), read(driver, own)):
        assert LATER not in text
    Registration.objects.update(access_token_format="jwt")
    again = driver.authorize(prompt="consent")["Location"]
    for text in (read(driver, again), read(driver, "/o/apps/"), read(driver, own)):
        assert text.count(LATER) == 1
