"""The whole life of an application, over the pages people use and the endpoints clients use."""

import html
import re
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core import mail
from django.test import Client
from oauth2_provider.models import get_access_token_model, get_refresh_token_model

from provider_site.models import AuditEvent, Authorization, Consent, Registration
from provider_site.services import outbox, roles
from tests import factories
from tests.flows import html_forms
from tests.provider.developer.browsers import confirm_address
from tests.provider.driver import ISSUER_HOST, REDIRECT, Driver, Tokens, plant_signing_key

NEW_REDIRECT = "https://app.example.com/new"
REASON = "It sends <script>spam</script> & lies."
ESCAPED = "It sends &lt;script&gt;spam&lt;/script&gt; &amp; lies."
FACTS = {
    "name": "Calendar",
    "description": "Shows your days.",
    "homepage_url": "https://app.example.com/",
    "privacy_policy_url": "https://app.example.com/privacy",
    "redirect_uris": REDIRECT,
    "wish:openid": "required",
    "wish:nickname": "optional",
    "why:nickname": "To greet you.",
    "wish:offline_access": "optional",
    "why:offline_access": "To remind you.",
}


class Person:
    """Somebody in a browser of their own, which checks forms as a real one does."""

    def __init__(self, name: str, **fields: Any) -> None:
        self.user = factories.make_user(name, **fields)
        confirm_address(self.user)
        self.browser = Client(headers={"host": ISSUER_HOST}, enforce_csrf_checks=True)
        answer = self.send("/accounts/login/", holds="password", login=name, password=factories.PASSWORD)
        assert answer.status_code == 302, answer.content.decode()[:2000]

    def page(self, address: str) -> Any:
        answer = self.browser.get(address)
        assert answer.status_code == 200, (address, answer.status_code, answer.get("Location"))
        return answer

    def send(self, address: str, *, leads_to: str = "", holds: str = "", **fields: Any) -> Any:
        """Open a page and send its form, filled in; return the answer."""
        form = html_forms.find(self.page(address), leads_to=leads_to, holds=holds)
        return self.browser.post(form.action or address, {**form.fields, **fields})


class Life:
    """One application and the people around it."""

    def __init__(self) -> None:
        self.developer, self.tester, self.stranger = Person("dora"), Person("tess"), Person("sam")
        self.reviewer = Person("rita", is_staff=True)
        groups = Group.objects.filter(name__in=[roles.REVIEWERS, roles.OPERATORS])
        assert len(groups) == 2
        self.reviewer.user.groups.set(groups)

    def register(self) -> None:
        answer = self.developer.send("/o/developer/new/", holds="redirect_uris", client_type="confidential", **FACTS)
        text = answer.content.decode()
        assert answer.status_code == 201, text
        self.application = Registration.objects.get().application
        assert self.application.client_id in text
        (self.client_secret,) = set(re.findall(r"oscs_[0-9A-Za-z]+", text))
        self.home = f"/o/developer/{self.application.pk}/"

    @property
    def status(self) -> str:
        return str(Registration.objects.get(application=self.application).status)

    def driver(self, person: Person, *, redirect_uri: str = REDIRECT) -> Driver:
        """Return the application as a client, and a person's browser."""
        driver = Driver(self, redirect_uri=redirect_uri)
        driver.browser = person.browser
        return driver

    def ask(self, person: Person, *, redirect_uri: str = REDIRECT) -> Any:
        """Return the first answer to an authorization request."""
        return self.driver(person, redirect_uri=redirect_uri).authorize()

    def sign_in(self, person: Person, *, redirect_uri: str = REDIRECT) -> Tokens:
        """Go through the front channel, and the consent page where it is shown; return the tokens."""
        driver = self.driver(person, redirect_uri=redirect_uri)
        tokens = driver.redeem(self.code(driver, person))
        assert tokens.status == 200, tokens.body
        assert driver.works(tokens.access)
        return tokens

    def code(self, driver: Driver, person: Person) -> str:
        answer = driver.authorize()
        if answer["Location"].startswith("/o/consent/"):
            given = {"scope": ["nickname", "offline_access"], "decision": "allow"}
            sent = person.send(answer["Location"], holds="duration", **given)
            assert sent.status_code == 303, sent.content.decode()[:2000]
            answer = person.browser.get(sent["Location"])
        assert answer["Location"].startswith(driver.redirect_uri), answer["Location"]
        found = re.search(r"[?&]code=([^&]+)", answer["Location"])
        assert found is not None, answer["Location"]
        return found[1]

    def decide(self, decision: str, **fields: Any) -> None:
        """Let the reviewer decide the one request that waits, found in the queue."""
        queue = self.reviewer.page("/admin/provider_site/review/").content.decode()
        (address,) = set(re.findall(r'href="(/admin/provider_site/review/\d+/change/[^"]*)"', queue))
        answer = self.reviewer.send(html.unescape(address), holds="seen", decision=decision, **fields)
        assert answer.status_code == 302, answer.content.decode()[:3000]

    def step(self, step: str, **fields: Any) -> None:
        """Let the reviewer suspend or reinstate the application on its page in the admin."""
        address = f"/admin/oauth2_provider/application/{self.application.pk}/step/{step}/"
        answer = self.reviewer.send(address, holds="reason", **fields)
        assert answer.status_code == 302, answer.content.decode()[:3000]

    def edit(self, **fields: Any) -> None:
        answer = self.developer.send(f"{self.home}edit/", holds="redirect_uris", **fields)
        assert answer.status_code == 302, answer.content.decode()[:3000]

    def letters(self, person: Person) -> list[str]:
        """Return the subjects of what a person was written since the last time anybody looked."""
        outbox.deliver_due()
        mine = [message.subject for message in mail.outbox if person.user.email in message.to]
        mail.outbox.clear()
        return mine


@pytest.fixture
def life(db: None, settings: Any) -> Life:
    """Return an application its developer has just registered."""
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"WHO_MAY_REGISTER": "verified"}
    plant_signing_key()
    life = Life()
    life.register()
    return life


@pytest.fixture
def approved(life: Life) -> Life:
    """Return an application that was submitted and approved."""
    answer = life.developer.send(life.home, leads_to="/submit/", note="Please.")
    assert answer.status_code == 302, answer.content.decode()[:2000]
    life.decide("approve")
    return life


def test_draft_serves_who_builds_and_who_tries_it_and_nobody_else(life: Life) -> None:
    assert life.status == "draft"
    life.sign_in(life.developer)
    for outsider in (life.stranger, life.tester):
        answer = life.ask(outsider)
        assert answer.status_code == 403
        assert "This app is not open to you yet" in answer.content.decode()
    members = f"{life.home}members/"
    assert life.developer.send(members, leads_to="/invite/", identifier="tess", role="tester").status_code == 302
    assert life.ask(life.tester).status_code == 403, "an invitation alone opens nothing"
    life.tester.send("/o/invitations/", leads_to="/answer/", holds="answer", answer="accept")
    tokens = life.sign_in(life.tester)
    assert life.ask(life.stranger).status_code == 403
    driver = life.driver(life.tester)
    life.developer.send(members, leads_to="/remove/")
    assert not driver.works(tokens.access)
    assert driver.refresh(tokens.refresh).error == "invalid_grant"
    assert life.ask(life.tester).status_code == 403


def test_review_opens_it_to_everybody(life: Life) -> None:
    life.developer.send(life.home, leads_to="/submit/", note="Please.")
    assert life.status == "submitted"
    assert life.ask(life.stranger).status_code == 403
    life.decide("reject", reason="What is it for?")
    assert life.status == "rejected"
    assert "What is it for?" in life.developer.page(life.home).content.decode()
    assert life.ask(life.stranger).status_code == 403
    life.edit(description="Shows the days of your calendar.")
    life.developer.send(life.home, leads_to="/submit/")
    life.decide("approve")
    assert life.status == "approved"
    tokens = life.sign_in(life.stranger)
    renewed = life.driver(life.stranger).refresh(tokens.refresh)
    assert life.driver(life.stranger).works(renewed.access)
    assert len([subject for subject in life.letters(life.developer) if "Calendar" in subject]) == 2


def test_change_of_addresses_waits_while_the_old_ones_work(approved: Life) -> None:
    life = approved
    life.edit(redirect_uris=f"{REDIRECT}\r\n{NEW_REDIRECT}")
    life.sign_in(life.stranger)
    assert life.ask(life.stranger, redirect_uri=NEW_REDIRECT).status_code == 400
    life.decide("approve")
    life.sign_in(life.stranger, redirect_uri=NEW_REDIRECT)
    life.sign_in(life.stranger)
    driver = life.driver(life.stranger)
    code = life.code(driver, life.stranger)
    life.edit(redirect_uris=NEW_REDIRECT)
    assert driver.redeem(code).error == "invalid_grant", "a code sent to an address that was taken away since"
    assert life.ask(life.stranger).status_code == 400
    life.sign_in(life.stranger, redirect_uri=NEW_REDIRECT)


def test_suspended_it_gets_nothing_and_its_users_see_why(approved: Life) -> None:
    life, driver = approved, approved.driver(approved.stranger)
    tokens, code = life.sign_in(life.stranger), life.code(driver, life.stranger)
    life.step("suspend", reason=REASON)
    assert not driver.works(tokens.access)
    assert driver.refresh(tokens.refresh).error == "invalid_client"
    assert driver.redeem(code).error == "invalid_client"
    assert driver.token(grant_type="client_credentials").error == "invalid_client"
    assert driver.revoke(tokens.refresh).status_code == 401
    for person in (life.stranger, life.developer):
        answer = life.ask(person)
        text = answer.content.decode()
        assert (answer.status_code, ESCAPED in text, "<script>spam" in text) == (403, True, False)
        assert "https://app.example.com" not in text, "no way to a suspended application"
    card = life.stranger.page("/o/apps/").content.decode()
    assert (ESCAPED in card, "<script>spam" in card, "Suspended" in card) == (True, False, True)
    assert ESCAPED in life.developer.page(life.home).content.decode()
    assert life.developer.browser.get(f"{life.home}edit/").status_code == 409
    assert any("suspended" in subject for subject in life.letters(life.developer))
    assert not get_access_token_model().objects.exists()  # stock DOT would refuse them too
    assert not get_refresh_token_model().objects.exists()


def test_reinstated_it_begins_anew(approved: Life) -> None:
    life, driver = approved, approved.driver(approved.stranger)
    tokens, code = life.sign_in(life.stranger), life.code(driver, life.stranger)
    life.step("suspend", reason=REASON)
    life.step("reinstate")
    assert not driver.works(tokens.access)
    assert driver.refresh(tokens.refresh).error == "invalid_grant"
    assert driver.redeem(code).error == "invalid_grant"
    card = life.stranger.page("/o/apps/").content.decode()
    assert ("Calendar" in card, "Suspended" in card) == (True, False)
    life.sign_in(life.stranger)
    assert life.ask(life.developer)["Location"].startswith("/o/consent/")


def test_withdrawn_and_deleted_nothing_of_it_is_left(approved: Life) -> None:
    life, driver = approved, approved.driver(approved.stranger)
    tokens = life.sign_in(life.stranger)
    life.stranger.send("/o/apps/", leads_to="/withdraw/")
    assert not driver.works(tokens.access)
    again = life.sign_in(life.stranger)
    answer = life.developer.send(f"{life.home}delete/", holds="name", name="Calendar")
    assert answer.status_code == 302, answer.content.decode()[:2000]
    assert not driver.works(again.access)
    assert driver.refresh(again.refresh).error == "invalid_client"
    assert life.ask(life.stranger).status_code == 400
    assert "Calendar" not in life.stranger.page("/o/apps/").content.decode()
    assert life.developer.browser.get(life.home).status_code == 404
    assert life.reviewer.browser.get("/admin/provider_site/review/?state=all").content.decode().count("Calendar") == 0
    outbox.deliver_due()
    for model in (Registration, Consent, Authorization, get_access_token_model(), type(life.application)):
        assert not model.objects.exists()
    trail = AuditEvent.objects.filter(client_id=life.application.client_id).order_by("pk")
    actions = [event.action for event in trail]
    assert (actions[0], actions[-1]) == ("application.registered", "application.deleted")
