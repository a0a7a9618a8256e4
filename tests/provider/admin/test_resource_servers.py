"""Who may ask about which tokens: decided in the admin, with a trace."""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from provider_site.models import AuditEvent, ResourceServer
from provider_site.services import roles
from tests import factories
from tests.provider.admin.office import as_html, enter, page_of
from tests.provider.driver import ISSUER

API = "https://api.example.com/v1"


@pytest.fixture
def reviewer(db: None) -> Any:
    """Return a member of the staff who may review."""
    person = factories.make_user("judith", is_staff=True)
    person.groups.add(Group.objects.get(name=roles.REVIEWERS))
    return person


def form(application: Any = None, **fields: Any) -> dict[str, Any]:
    chosen = {"application": str(application.pk)} if application is not None else {}
    return chosen | {"identifier": API, "scope": ["nickname"]} | fields


def add(browser: Client, application: Any, **fields: Any) -> str:
    """Send the form; return the page that follows."""
    return as_html(browser.post(page_of(ResourceServer, "add"), form(application, **fields), follow=True))


def changes() -> list[dict[str, Any]]:
    rows = AuditEvent.objects.filter(action="resource_server.changed").order_by("pk")
    return [row.data for row in rows]


class TestDecision:
    def test_reviewer_decides_with_a_trace(self, reviewer: Any, application: Any) -> None:
        browser = enter(reviewer)
        page = as_html(browser.get(page_of(ResourceServer, "add")))
        assert page.count('type="checkbox" name="scope"') > 5
        add(browser, application, scope=["avatar", "nickname"])
        row = ResourceServer.objects.get()
        assert (row.application, row.identifier, row.scope) == (application, API, "nickname avatar")
        event = AuditEvent.objects.get(action="resource_server.changed")
        assert (event.actor, event.application, event.data["before"]) == (reviewer, application, {})
        assert event.data["after"] == {"identifier": API, "scope": "nickname avatar", "refresh_tokens": False}

    def test_change_is_shown_as_it_was_and_traced(self, reviewer: Any, application: Any) -> None:
        browser = enter(reviewer)
        add(browser, application)
        own = page_of(ResourceServer, ResourceServer.objects.get().pk, "change")
        page = as_html(browser.get(own))
        assert 'value="nickname" id="id_scope_2" checked' in page or page.count(" checked") == 1
        as_html(browser.post(own, form(scope=["avatar"], refresh_tokens="on"), follow=True))
        row = ResourceServer.objects.get()
        assert (row.scope, row.refresh_tokens) == ("avatar", True)
        assert changes()[1]["before"]["scope"] == "nickname"
        as_html(browser.post(own, form(scope=["avatar"], refresh_tokens="on"), follow=True))
        assert len(changes()) == 2, "the same again is no change"

    def test_permission_stays_with_its_application(self, reviewer: Any, application: Any) -> None:
        browser, other = enter(reviewer), factories.make_application().application
        add(browser, application)
        row = ResourceServer.objects.get()
        browser.post(page_of(ResourceServer, row.pk, "change"), form(other))
        assert ResourceServer.objects.get().application == application

    @pytest.mark.parametrize("one", [True, False])
    def test_deletion_is_traced(self, reviewer: Any, application: Any, one: bool) -> None:
        browser = enter(reviewer)
        add(browser, application)
        row = ResourceServer.objects.get()
        if one:
            browser.post(page_of(ResourceServer, row.pk, "delete"), {"post": "yes"})
        else:
            fields = {"action": "delete_selected", "_selected_action": str(row.pk), "post": "yes"}
            browser.post(page_of(ResourceServer), fields)
        assert not ResourceServer.objects.exists()
        assert changes()[-1]["after"] == {}


class TestRefusals:
    @pytest.mark.parametrize(
        "identifier",
        ["api.example.com", "/v1", "https://api.example.com/#f", "https://u@api.example.com/", "urn:x", ISSUER, "a b"],
    )
    def test_identifier_has_to_be_an_absolute_uri_of_its_own(
        self, staff: Any, application: Any, identifier: str
    ) -> None:
        page = add(enter(staff), application, identifier=identifier)
        assert "errorlist" in page
        assert not ResourceServer.objects.exists()

    def test_identifier_is_one_applications(self, staff: Any, application: Any) -> None:
        browser = enter(staff)
        add(browser, application)
        assert "errorlist" in add(browser, factories.make_application().application)
        assert ResourceServer.objects.count() == 1

    def test_several_may_have_none(self, staff: Any, application: Any) -> None:
        browser = enter(staff)
        for one in (application, factories.make_application().application):
            add(browser, one, identifier="")
        assert ResourceServer.objects.count() == 2

    def test_without_a_name_and_scopes_it_would_learn_of_nothing(self, staff: Any, application: Any) -> None:
        assert "errorlist" in add(enter(staff), application, identifier="", scope=[])

    @pytest.mark.parametrize("scope", ["unheard-of", "claim:email", "nickname avatar"])
    def test_scope_that_is_not_offered_is_refused(self, staff: Any, application: Any, scope: str) -> None:
        assert "errorlist" in add(enter(staff), application, scope=[scope])

    def test_public_client_can_not_prove_who_asks(self, staff: Any) -> None:
        public = factories.make_application(client_type="public").application
        assert "errorlist" in add(enter(staff), public)

    def test_nobody_decides_for_an_application_of_their_own(self, reviewer: Any) -> None:
        own = factories.make_application(owner=reviewer).application
        browser = enter(reviewer)
        assert "errorlist" in add(browser, own)
        row = ResourceServer.objects.create(application=own, scope="nickname")
        browser.post(page_of(ResourceServer, row.pk, "change"), form(scope=["avatar"]))
        assert ResourceServer.objects.get().scope == "nickname"

    @pytest.mark.parametrize("group", [roles.OPERATORS, roles.AUDITORS])
    def test_others_only_look(self, db: None, application: Any, group: str) -> None:
        person = factories.make_user("olga", is_staff=True)
        person.groups.add(Group.objects.get(name=group))
        browser = enter(person)
        row = ResourceServer.objects.create(application=application, scope="nickname")
        assert API not in as_html(browser.get(page_of(ResourceServer)))
        assert browser.post(page_of(ResourceServer, row.pk, "change"), form()).status_code == 403
        assert browser.get(page_of(ResourceServer, "add")).status_code == 403
        assert browser.post(page_of(ResourceServer, row.pk, "delete"), {"post": "yes"}).status_code == 403

    def test_application_is_deleted_with_its_permission(self, db: None, application: Any) -> None:
        person = factories.make_user("olga", is_staff=True)
        person.groups.add(Group.objects.get(name=roles.OPERATORS))
        ResourceServer.objects.create(application=application, scope="nickname")
        enter(person).post(page_of(type(application), application.pk, "delete"), {"post": "yes"})
        from provider_site.models import OutboxMessage
        from provider_site.services import outbox

        for key in OutboxMessage.objects.values_list("pk", flat=True):
            outbox.deliver(message_id=key)
        assert not ResourceServer.objects.exists()
