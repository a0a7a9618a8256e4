"""A member of staff's browser, signed in by the form as the admin asks."""

from typing import Any

from django.test import Client

from tests import factories
from tests.provider.driver import ISSUER_HOST


def enter(person: Any) -> Client:
    """Sign `person` in; return the browser."""
    person.emailaddress_set.get_or_create(email=person.email, defaults={"verified": True, "primary": True})
    browser = Client(headers={"host": ISSUER_HOST})
    answer = browser.post("/accounts/login/", {"login": person.username, "password": factories.PASSWORD})
    assert answer.status_code == 302, answer.content.decode()[:500]
    return browser


def page_of(model: Any, *parts: Any) -> str:
    """Return the address of a model's page: the list, or what `parts` name under it."""
    return "/".join(["/admin", model._meta.app_label, model._meta.model_name, *map(str, parts), ""])


def as_html(answer: Any) -> str:
    """Return the page, which has to be there."""
    assert answer.status_code == 200, (answer.status_code, answer.content.decode()[:1000])
    return str(answer.content.decode())
