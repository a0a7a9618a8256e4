"""Try an application as its owner does, through Django's test client."""

from typing import Any

from tests.provider.driver import ISSUER, Driver

CALLBACK = f"{ISSUER}/o/developer/try/callback/"


def path(address: str) -> str:
    """Return an address of the issuer as the test client takes it."""
    assert address.startswith((ISSUER, "/")), address
    return address.removeprefix(ISSUER)


def begin(driver: Driver, *scopes: str) -> str:
    """Choose scopes; return the address of the authorization request."""
    here = f"/o/developer/{driver.application.pk}/try/"
    answer = driver.browser.post(here, {"scope": scopes or ("openid", "nickname")})
    assert answer.status_code == 303, answer.content.decode()[:2000]
    page = driver.browser.get(answer["Location"])
    assert page.status_code == 200
    return str(page.context["address"])


def answer_of(driver: Driver, address: str, **decision: Any) -> str:
    """Go on with the request and decide; return the address the answer is sent to."""
    answer = driver.browser.get(path(address))
    if answer.status_code == 302 and answer["Location"].startswith("/o/consent/"):
        answer = driver.consent(answer, **decision)
    assert answer.status_code in {302, 303}, answer.content.decode()[:2000]
    assert answer["Location"].startswith(CALLBACK), answer["Location"]
    return path(answer["Location"])


def run(driver: Driver, *scopes: str, **decision: Any) -> Any:
    """Go the whole way; return the page with every step."""
    return driver.browser.get(answer_of(driver, begin(driver, *scopes), **decision))


def problems(page: Any) -> list[str]:
    """Return what the page advises, by step."""
    return [str(step.problem) for step in page.context["steps"]]


def texts(page: Any) -> str:
    """Return every request and answer on the page."""
    return "\n".join(message.text for step in page.context["steps"] for message in step.messages)
