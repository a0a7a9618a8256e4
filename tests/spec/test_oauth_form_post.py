"""OAuth 2.0 Form Post Response Mode 1.0."""

from html.parser import HTMLParser
from typing import Any

import pytest

from provider_site.services import applications
from tests import factories
from tests.provider.driver import ISSUER, REDIRECT, Driver, query


class _Form(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.action, self.method, self.fields, self.forms = "", "", {}, 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "form" and values.get("id") == "form_post":
            self.forms += 1
            self.action, self.method = values["action"] or "", values["method"] or ""
        if tag == "input" and values.get("type") == "hidden" and self.forms:
            self.fields[values["name"]] = values["value"]


def form(answer: Any) -> _Form:
    """Return the form of the page that answers the client."""
    assert answer.status_code == 200, answer.status_code
    found = _Form(answer.content.decode())
    assert found.forms == 1
    return found


def test_code_comes_in_a_form_posted_to_the_redirect_uri(driver: Driver) -> None:
    """2: by POST, each parameter a hidden field, nothing added to the address."""
    sent = form(driver.consent(driver.authorize(response_mode="form_post")))
    assert (sent.action, sent.method) == (REDIRECT, "post")
    assert sent.fields["state"] == "state-1"
    assert sent.fields["iss"] == ISSUER
    assert driver.redeem(sent.fields["code"]).status == 200


@pytest.mark.parametrize("state", ['"><script>alert(1)</script>', "ä & b", "'"])
def test_values_are_escaped_and_come_back_verbatim(driver: Driver, state: str) -> None:
    """2, and OWASP: the state is the client's, not ours to run."""
    answer = driver.consent(driver.authorize(response_mode="form_post", state=state))
    assert form(answer).fields["state"] == state
    assert b"<script>alert" not in answer.content


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"prompt": "none"}, "consent_required"),
        ({"scope": "openid nonsense"}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge": None}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
    ],
)
def test_errors_come_in_a_form_too(driver: Driver, changes: dict[str, Any], error: str) -> None:
    """2: "the Authorization Response parameters", errors among them."""
    sent = form(driver.authorize(response_mode="form_post", **changes))
    assert (sent.fields["error"], sent.fields["state"], sent.fields["iss"]) == (error, "state-1", ISSUER)


def test_refusal_of_the_person_comes_in_a_form(driver: Driver) -> None:
    """2."""
    sent = form(driver.consent(driver.authorize(response_mode="form_post"), decision="deny"))
    assert sent.fields["error"] == "access_denied"


def test_page_is_kept_nowhere_and_lets_the_form_go_there_alone(driver: Driver) -> None:
    """4: no cache; and our own headers let the browser post to that origin and no other."""
    answer = driver.consent(driver.authorize(response_mode="form_post"))
    assert "no-store" in answer["Cache-Control"]
    assert answer["Referrer-Policy"] == "no-referrer"
    policy = dict(part.strip().split(" ", 1) for part in answer["Content-Security-Policy"].split(";"))
    assert policy["form-action"] == "'self' https://app.example.com"
    assert policy["frame-ancestors"] == "'none'"
    assert "'unsafe-inline'" not in answer["Content-Security-Policy"]


def test_page_works_without_scripts(driver: Driver) -> None:
    """Appendix A uses onload; a button does it where scripts are off."""
    assert b'type="submit"' in driver.consent(driver.authorize(response_mode="form_post")).content


def test_no_form_is_posted_to_a_native_app(db: None, user: Any) -> None:
    """2 needs HTTP: a private scheme takes no POST."""
    uri = "com.example.app:/callback"
    registered = factories.make_application(redirect_uris=[uri], client_type="public")
    assert applications.by_key(key=str(registered.application.pk)) is not None
    driver = Driver(registered, user, redirect_uri=uri)
    assert query(driver.authorize(response_mode="form_post"))["error"] == "invalid_request"
