"""Walk through an application's life in the project that DJANGO_SETTINGS_MODULE names; print what was met as JSON.

Started as a process of its own, for a project's user model and its application model are chosen once per process.
"""

import html
import io
import json
import re
import sys
from typing import Any

import django

django.setup()

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.test import Client

from provider_site.models import AuditEvent, Registration
from provider_site.services import outbox, reviews, roles
from tests.factories import PASSWORD
from tests.flows import html_forms
from tests.provider.driver import ISSUER_HOST, REDIRECT, Driver

FACTS = {
    "name": "Calendar",
    "description": "Shows your days.",
    "homepage_url": "https://app.example.com/",
    "privacy_policy_url": "https://app.example.com/privacy",
    "redirect_uris": REDIRECT,
    "client_type": "confidential",
    "wish:openid": "required",
    "wish:nickname": "optional",
    "why:nickname": "To greet you.",
    "wish:offline_access": "optional",
    "why:offline_access": "To remind you.",
}
PAGES = ("", "edit/", "members/", "secrets/", "try/", "settings/", "usage/", "delete/")
HAS_ADMIN = apps.is_installed("django.contrib.admin")
pages: dict[str, int] = {}


class Person:
    """Somebody with an account, who has signed in by the host's own page."""

    def __init__(self, name: str, **fields: Any) -> None:
        people: Any = get_user_model()._default_manager
        self.user = people.create_user(email=f"{name}@example.com", password=PASSWORD, **fields)
        self.browser = Client(headers={"host": ISSUER_HOST}, enforce_csrf_checks=True)
        self.send("/sign-in/", 302, holds="password", username=self.user.email, password=PASSWORD, next="/o/apps/")

    def page(self, address: str, name: str = "") -> Any:
        answer = self.browser.get(address)
        pages[name or address] = answer.status_code
        return answer

    def send(self, address: str, expected: int, *, leads_to: str = "", holds: str = "", **fields: Any) -> Any:
        form = html_forms.find(self.browser.get(address), leads_to=leads_to, holds=holds)
        answer = self.browser.post(form.action or address, {**form.fields, **fields})
        assert answer.status_code == expected, (address, answer.status_code, answer.content.decode()[:3000])
        return answer


def decide(reviewer: Person, application: Any) -> None:
    """Approve in the admin, or where the host has none by the service behind it."""
    if not HAS_ADMIN:
        reviews.approve(application=application, actor=reviewer.user)
        return
    queue = reviewer.page("/admin/provider_site/review/").content.decode()
    (address,) = set(re.findall(r'href="(/admin/provider_site/review/\d+/change/[^"]*)"', queue))
    reviewer.send(html.unescape(address), 302, holds="seen", decision="approve")


def suspend(reviewer: Person, application: Any) -> None:
    """Suspend in the admin, or where the host has none by the service behind it."""
    if not HAS_ADMIN:
        reviews.suspend(application=application, actor=reviewer.user, reason="It lies.")
        return
    meta = application._meta
    place = f"/admin/{meta.app_label}/{meta.model_name}/"
    reviewer.page(place, "admin list")
    reviewer.page(f"{place}{application.pk}/change/", "admin page")
    reviewer.send(f"{place}{application.pk}/step/suspend/", 302, holds="reason", reason="It lies.")


def take_back(person: Person, application: Any) -> None:
    """Look at one's connected app, save its record, sign out of it and withdraw."""
    own = f"/o/apps/{application.pk}/"
    text = person.page(own, "app suspended").content.decode()
    (receipt,) = set(re.findall(rf'href="({own}receipt/\d+/)"', text))
    person.page(receipt, "receipt")
    for step in ("/sign-out/", "/withdraw/"):
        person.send(own, 303, leads_to=step)


def walk() -> dict[str, Any]:
    """Register, test, review, use, suspend, reinstate and delete an application."""
    call_command("rotate_signing_keys", stdout=io.StringIO())
    developer, tester = Person("dora"), Person("tess")
    reviewer = Person("rita", is_staff=True)
    groups = Group.objects.filter(name__in=[roles.REVIEWERS, roles.OPERATORS, roles.AUDITORS])
    reviewer.user.groups.set(groups)
    made = developer.send("/o/developer/new/", 201, holds="redirect_uris", **FACTS)
    application = Registration.objects.get().application
    (secret,) = set(re.findall(r"oscs_[0-9A-Za-z]+", made.content.decode()))
    home = f"/o/developer/{application.pk}/"
    for page in PAGES:
        developer.page(home + page, f"developer {page}")
    developer.send(f"{home}edit/", 302, holds="redirect_uris", description="Shows the days of your calendar.")
    developer.send(f"{home}members/", 302, leads_to="/invite/", identifier="tess@example.com", role="tester")
    tester.send("/o/invitations/", 302, leads_to="/answer/", holds="answer", answer="accept")
    driver = Driver(type("Registered", (), {"application": application, "client_secret": secret}))
    driver.browser = Client(headers={"host": ISSUER_HOST})
    driver.browser.force_login(tester.user)
    tokens = [driver.tokens()]
    developer.send(home, 302, leads_to="/submit/")
    decide(reviewer, application)
    tokens.append(driver.tokens())
    before = [driver.works(each.access) for each in tokens]
    suspend(reviewer, application)
    outbox.deliver_due()
    after = [driver.works(each.access) for each in tokens]
    developer.page(home, "developer suspended")
    tester.page("/o/apps/", "apps suspended")
    take_back(tester, application)
    reviews.reinstate(application=application, actor=reviewer.user)
    exported = io.StringIO()
    call_command("applications", "export", stdout=exported)
    developer.send(f"{home}delete/", 302, holds="name", name="Calendar")
    outbox.deliver_due()
    developer.user.delete()
    return {
        "pages": pages,
        "groups": sorted(groups.values_list("name", flat=True)),
        "works": {"before": before, "after": after},
        "exported": secret not in exported.getvalue() and application.client_id in exported.getvalue(),
        "left": [Registration.objects.count(), type(application)._default_manager.count()],
        "trail": [event.action for event in AuditEvent.objects.order_by("pk")],
        "actors": sorted(set(AuditEvent.objects.values_list("actor_name", flat=True))),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(walk()))
