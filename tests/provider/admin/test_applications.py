"""The page of an application: everything about it, and changes that leave their trace."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db.models.signals import pre_save
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import get_application_model

from provider_site.models import ApplicationScope, AuditEvent, ClientSecret, Member, OutboxMessage, Registration
from provider_site.policy.facts import Facts
from provider_site.services import facts, reviews, roles, secrets
from tests import factories
from tests.provider.admin import registrations
from tests.provider.admin.office import as_html, enter, page_of


@pytest.fixture
def office(staff: Any) -> Client:
    """Return a superuser's browser."""
    return enter(staff)


@pytest.fixture
def operator(db: None) -> Client:
    """Return an operator's browser."""
    person = factories.make_user("operator", is_staff=True)
    person.groups.add(Group.objects.get(name=roles.OPERATORS))
    return enter(person)


def page(application: Any, *parts: Any) -> str:
    return page_of(type(application), application.pk, *(parts or ("change",)))


def save(browser: Client, application: Any, **fields: Any) -> Any:
    return browser.post(page(application), registrations.change_form(application, **fields))


def last(action: str) -> AuditEvent:
    return AuditEvent.objects.filter(action=action).latest("pk")


class TestPage:
    def test_shows_everything_about_the_application(self, office: Client, user: Any) -> None:
        application = registrations.changing(user)
        Member.objects.create(application=application, invited_as="grace@example.com", role="tester")
        secrets.issue_secret(application=application, name="server 2", actor=user)
        text = as_html(office.get(page(application)))
        for shown in (
            "Approved",
            "Review now",
            "grace@example.com",
            "Test user",
            "server 2",
            "We have moved.",
            "new.example.com",
            "Secret issued",
            "Usage",
        ):
            assert shown in text, shown

    def test_offers_the_steps_possible_now_and_no_others(self, office: Client, user: Any) -> None:
        offered = {
            registrations.draft: {"approve", "suspend"},
            registrations.submitted: {"suspend"},
            registrations.approved: {"suspend"},
            registrations.suspended: {"reinstate"},
        }
        for make, steps in offered.items():
            text = as_html(office.get(page(make(user))))
            assert set(re.findall(r'href="[^"]*/step/(\w+)/"', text)) == steps, make

    def test_status_is_no_field(self, office: Client, user: Any) -> None:
        application = registrations.draft(user)
        assert "registration-0-status" not in as_html(office.get(page(application)))
        save(office, application, **{"registration-0-status": "approved"})
        assert registrations.status(application) == "draft"

    @pytest.mark.parametrize("name", ["auditevent", "consent", "review", "member"])
    def test_links_lead_to_what_belongs_to_this_application_alone(self, office: Client, user: Any, name: str) -> None:
        application, other = registrations.changing(user), registrations.changing(user)
        Member.objects.create(application=application, invited_as="mine", role="tester")
        Member.objects.create(application=other, invited_as="another's", role="tester")
        text = as_html(office.get(page(application)))
        found = re.search(rf'href="(/admin/provider_site/{name}/\?application__id__exact={application.pk}[^"]*)"', text)
        assert found, name
        listed = (
            as_html(office.get(found[1].replace("&amp;", "&"))).partition("result_list")[2].partition("</table>")[0]
        )
        assert other.name not in listed
        assert "another&#x27;s" not in listed
        assert name == "consent" or application.name in listed

    def test_links_lead_to_the_tokens(self, office: Client, user: Any) -> None:
        text = as_html(office.get(page(registrations.approved(user))))
        links = re.findall(r'href="(/admin/oauth2_provider/\w+/\?application__id__exact=[^"]+)"', text)
        assert len(links) == 3
        for link in links:
            assert office.get(link).status_code == 200

    def test_application_without_a_registration_is_shown_as_a_draft_and_gets_one_when_saved(
        self, office: Client, user: Any
    ) -> None:
        application = registrations.approved(user)
        form = registrations.change_form(application)
        Registration.objects.filter(application=application).delete()
        assert "Draft" in as_html(office.get(page(application)))
        form |= {"registration-INITIAL_FORMS": "0", "registration-0-id": ""}
        assert office.post(page(application), form).status_code == 302
        assert registrations.status(application) == "draft"

    def test_deleted_one_whose_rows_still_go_is_not_there(self, office: Client, user: Any) -> None:
        application = registrations.approved(user)
        Registration.objects.filter(application=application).update(deleted_at=timezone.now())
        assert application.name not in as_html(office.get(page_of(type(application))))
        assert office.get(page(application)).status_code == 302


class TestRegistering:
    def test_approval_at_registration_leaves_its_own_trace(self, office: Client, staff: Any, user: Any) -> None:
        form = registrations.add_form(user, **{"registration-0-status": "approved"})
        text = as_html(office.post(page_of(get_application_model(), "add"), form))
        assert "oscs_" in text
        registration = Registration.objects.get(application__name="New")
        assert (registration.status, registration.owner) == ("approved", user)
        assert registration.approved_at is not None
        assert last("application.approved").actor == staff

    def test_reviewer_registers_no_application_of_their_own_as_approved(self, user: Any) -> None:
        person = factories.make_user("both", is_staff=True)
        person.groups.set(Group.objects.filter(name__in=[roles.REVIEWERS, roles.OPERATORS]))
        browser, address = enter(person), page_of(get_application_model(), "add")
        form = registrations.add_form(person, **{"registration-0-status": "approved"})
        assert "somebody else decides" in as_html(browser.post(address, form))
        assert not Registration.objects.exists()
        assert browser.post(address, form | {"registration-0-owner": user.pk}).status_code == 200
        assert Registration.objects.get().status == "approved"

    @pytest.mark.parametrize(
        ("fields", "reason"),
        [
            ({"client_type": "public", "authorization_grant_type": "client-credentials"}, "needs a secret"),
            ({"redirect_uris": ""}, "needs a redirect URI"),
            ({"redirect_uris": "http://app.example.com/"}, "http is only for the loopback"),
            ({"client_type": "public", "registration-0-pkce_waived": "on"}, "Only a confidential client"),
            ({"registration-0-homepage_url": "javascript:alert(1)"}, "Enter a valid URL"),
            ({"registration-0-status": "suspended"}, "Select a valid choice"),
        ],
    )
    def test_what_cannot_be_registered_is_explained(
        self, office: Client, user: Any, fields: dict[str, str], reason: str
    ) -> None:
        form = registrations.add_form(user, **fields)
        assert reason in as_html(office.post(page_of(get_application_model(), "add"), form))
        assert not Registration.objects.exists()


class TestChanging:
    def test_change_leaves_the_difference_with_who_and_where(self, office: Client, staff: Any, user: Any) -> None:
        application = registrations.approved(user, name="Old")
        save(office, application, name="New", **{"registration-0-pkce_waived": "on"})
        event = last("application.changed")
        assert (event.actor, event.address) == (staff, "127.0.0.1")
        assert event.data["fields"] == ["name", "pkce_waived"]
        changes = {one["fact"]: (one["before"], one["after"]) for one in event.data["changes"]}
        assert changes == {"name": ("Old", "New"), "pkce_waived": ("False", "True")}

    def test_new_owner_is_in_the_trace(self, operator: Client, user: Any, other_user: Any) -> None:
        application = registrations.approved(user)
        save(operator, application, **{"registration-0-owner": other_user.pk})
        assert Registration.objects.get(application=application).owner == other_user
        [change] = last("application.changed").data["changes"]
        assert (change["before"], change["after"]) == (str(user.pk), str(other_user.pk))

    def test_saving_without_a_change_leaves_no_trace(self, office: Client, user: Any) -> None:
        application = registrations.approved(user)
        save(office, application)
        assert not AuditEvent.objects.filter(action="application.changed").exists()

    def test_operator_sees_approved_facts_and_is_told_who_changes_them(self, operator: Client, user: Any) -> None:
        application = registrations.approved(user)
        text = as_html(operator.get(page(application)))
        assert 'name="redirect_uris"' not in text
        assert 'name="registration-0-homepage_url"' not in text
        assert 'name="registered_scopes-0-scope"' not in text
        assert "changed by its owners" in text
        assert factories.CALLBACK in text

    def test_operator_cannot_add_a_scope_to_an_approved_application(self, operator: Client, user: Any) -> None:
        application = registrations.approved(user)
        rows = ApplicationScope.objects.filter(application=application)
        form = {
            "registered_scopes-TOTAL_FORMS": "1",
            "registered_scopes-0-id": "",
            "registered_scopes-0-application": application.pk,
            "registered_scopes-0-scope": "email",
        }
        save(operator, application, **form)
        assert not rows.filter(scope="email").exists()

    def test_form_opened_before_the_approval_changes_nothing_after_it(
        self, operator: Client, user: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        application = registrations.submitted(user)
        read = facts.read_locked

        def approve_first(*, application: Any) -> Facts:
            reviews.approve(application=application, actor=None)
            return read(application=application)

        monkeypatch.setattr(facts, "read_locked", approve_first)
        assert save(operator, application, name="Renamed").status_code == 403
        application.refresh_from_db()
        assert application.name != "Renamed"

    def test_form_does_not_take_back_what_was_put_in_force_since_it_was_opened(self, office: Client, user: Any) -> None:
        application = registrations.changing(user)
        found = re.search(r'name="_facts_seen" value="(\w+)"', as_html(office.get(page(application))))
        assert found
        form = registrations.change_form(application, _facts_seen=found[1])
        reviews.approve(application=application, actor=None)
        assert "has changed since this page was opened" in as_html(office.post(page(application), form))
        application.refresh_from_db()
        assert application.redirect_uris == "https://new.example.com/"

    def test_saving_writes_only_what_was_changed_here(self, office: Client, user: Any) -> None:
        application = registrations.approved(user)
        model, closed = type(application), application.client_secret
        model.objects.filter(pk=application.pk).update(client_secret="pbkdf2_sha256$1$legacy$legacy")

        def meanwhile(**_kwargs: Any) -> None:
            model.objects.filter(pk=application.pk).update(client_secret=closed, client_id="another")

        pre_save.connect(meanwhile, sender=model)
        try:
            assert save(office, application, name="Renamed").status_code == 302
        finally:
            pre_save.disconnect(meanwhile, sender=model)
        application.refresh_from_db()
        assert (application.name, application.client_id, application.client_secret) == ("Renamed", "another", closed)

    def test_client_that_becomes_public_loses_its_secrets(self, office: Client, user: Any) -> None:
        registered = factories.make_application(user)
        save(office, registered.application, client_type="public")
        assert ClientSecret.objects.get(application=registered.application).revoked_at is not None


class TestSteps:
    def test_page_says_what_a_step_does_and_whom_it_concerns(self, office: Client, user: Any) -> None:
        text = as_html(office.get(page(registrations.approved(user), "step", "suspend")))
        assert "every token it has is dead at once" in text
        assert user.username in text

    def test_suspension_wants_a_reason_and_leaves_its_trace(self, office: Client, staff: Any, user: Any) -> None:
        application = registrations.approved(user)
        address = page(application, "step", "suspend")
        assert "This field is required" in as_html(office.post(address, {"reason": ""}))
        assert registrations.status(application) == "approved"
        office.post(address, {"reason": "Spam."})
        assert Registration.objects.get(application=application).status_reason == "Spam."
        event = last("application.suspended")
        assert (event.actor, event.address, event.data) == (staff, "127.0.0.1", {"reason": "Spam."})
        assert OutboxMessage.objects.filter(kind="revoke-application-tokens").exists()

    def test_what_waits_is_approved_on_the_page_with_its_differences(self, office: Client, user: Any) -> None:
        application = registrations.submitted(user)
        answer = office.get(page(application, "step", "approve"))
        assert answer["Location"].endswith(f"/review/{registrations.waiting(application).pk}/change/")
        assert office.post(page(application, "step", "approve"), {"seen": "x"}).status_code == 302
        assert registrations.status(application) == "submitted"

    def test_draft_is_approved_as_it_was_looked_at(self, office: Client, user: Any) -> None:
        application = registrations.draft(user)
        address = page(application, "step", "approve")

        def seen(text: str) -> str:
            return str(re.search(r'name="seen" value="(\w+)"', text)[1])

        text = as_html(office.get(address))
        assert "A calendar." in text
        asked = facts.read(application=application).to_json() | {"redirect_uris": ["https://evil.example/"]}
        reviews.change(application=application, actor=user, asked=Facts.from_json(asked))
        text = as_html(office.post(address, {"seen": seen(text), "reason": "Fine."}))
        assert "has changed since you looked at it" in text
        assert "Fine." in text
        assert "evil.example" in text
        assert registrations.status(application) == "draft"
        assert office.post(address, {"seen": seen(text)}).status_code == 302
        assert registrations.status(application) == "approved"

    def test_step_that_does_not_begin_here_is_refused_in_words(self, office: Client, user: Any) -> None:
        application = registrations.approved(user)
        address = page(application, "step", "reinstate")
        assert "not in a state for this step" in as_html(office.post(address, {"reason": ""}))
        assert office.get(page(application, "step", "submit")).status_code == 404

    def test_many_are_suspended_with_one_reason_each_by_itself(self, office: Client, user: Any) -> None:
        rows = [registrations.approved(user), registrations.suspended(user), registrations.approved(user)]
        address = page_of(type(rows[0]))
        form = {"action": "suspend_chosen", "_selected_action": [row.pk for row in rows]}
        text = as_html(office.post(address, form))
        assert "not in a state for this step" in text
        text = as_html(office.post(address, {**form, "confirm": "1", "reason": "Sweep."}, follow=True))
        assert {registrations.status(row) for row in rows} == {"suspended"}
        assert "Done with 2 applications" in text
        assert rows[1].name in text


class TestSecrets:
    def test_issued_secret_works_and_is_shown_once(self, office: Client, staff: Any, user: Any) -> None:
        application = registrations.approved(user)
        text = as_html(office.post(page(application, "secret"), {"name": "server", "days": "90"}))
        secret = re.findall(r"oscs_\w+", text)[0]
        assert secrets.verify_secret(application=application, secret=secret)
        row = ClientSecret.objects.get(name="server")
        assert row.expires_at is not None
        again = as_html(office.get(page(application)))
        assert secret not in again
        assert secret[:8] in again
        event = last("secret.issued")
        assert (event.actor, event.address) == (staff, "127.0.0.1")

    @pytest.mark.parametrize("more", [("secret",), ("secret", "rotate")])
    def test_form_sent_twice_makes_one_secret(self, office: Client, user: Any, more: tuple[str, ...]) -> None:
        address = page(registrations.approved(user), *more)
        seen = re.findall(r'name="seen" value="([^"]+)"', as_html(office.get(address)))[0]
        before = ClientSecret.objects.count()
        fields = {"name": "server", "days": "90", "overlap": "7", "seen": seen}
        assert "oscs_" in as_html(office.post(address, fields))
        assert "No secret was made this time" in as_html(office.post(address, fields))
        assert ClientSecret.objects.count() == before + 1

    def test_rotation_overlaps_as_long_as_chosen(self, office: Client, user: Any) -> None:
        registered = factories.make_application(user)
        application, old = registered.application, registered.client_secret
        fields = {"name": "next", "days": "90", "overlap": "7"}
        new = re.findall(r"oscs_\w+", as_html(office.post(page(application, "secret", "rotate"), fields)))[0]
        assert secrets.verify_secret(application=application, secret=new)
        assert secrets.verify_secret(application=application, secret=old)
        end = ClientSecret.objects.filter(application=application).earliest("pk").expires_at
        assert end is not None
        assert 6 <= (end - timezone.now()).days <= 7

    def test_revocation_asks_first(self, office: Client, user: Any) -> None:
        registered = factories.make_application(user)
        row = ClientSecret.objects.get(application=registered.application)
        address = page(registered.application, "secret", row.pk, "revoke")
        as_html(office.get(address))
        assert secrets.verify_secret(application=registered.application, secret=registered.client_secret)
        office.post(address)
        assert not secrets.verify_secret(application=registered.application, secret=registered.client_secret)

    def test_another_applications_secret_is_not_found(self, office: Client, user: Any) -> None:
        application, other = registrations.approved(user), registrations.approved(user)
        row = ClientSecret.objects.get(application=other)
        assert office.post(page(application, "secret", row.pk, "revoke")).status_code == 404

    def test_secret_from_before_is_listed_and_revoked(self, office: Client, user: Any) -> None:
        application = registrations.approved(user)
        type(application).objects.filter(pk=application.pk).update(
            client_secret="plain-secret-of-long-ago", hash_client_secret=False
        )
        assert "Old secret" in as_html(office.get(page(application)))
        office.post(page(application, "secret", "legacy", "revoke"))
        application.refresh_from_db()
        assert not secrets.verify_secret(application=application, secret="plain-secret-of-long-ago")

    def test_public_client_has_no_such_pages(self, office: Client, user: Any) -> None:
        application = registrations.approved(user, client_type="public")
        assert office.get(page(application, "secret")).status_code == 404
        assert "secrets-heading" not in as_html(office.get(page(application)))

    def test_too_many_are_refused_with_the_reason(self, office: Client, user: Any) -> None:
        application = registrations.approved(user)
        for _ in range(9):
            secrets.issue_secret(application=application, actor=user)
        assert "at most 10" in as_html(office.post(page(application, "secret"), {"name": "x", "days": "90"}))


class TestMembers:
    def test_removed_member_leaves_a_trace(self, office: Client, staff: Any, user: Any) -> None:
        application = registrations.approved(user)
        rows = [Member.objects.create(application=application, invited_as=name, role="tester") for name in "ab"]
        form = {"action": "delete_selected", "_selected_action": [row.pk for row in rows], "post": "yes"}
        office.post(page_of(Member), form)
        assert not Member.objects.exists()
        events = AuditEvent.objects.filter(action="member.removed", actor=staff, application=application)
        assert events.count() == 2

    def test_nobody_is_added_or_changed_here(self, office: Client, user: Any) -> None:
        member = Member.objects.create(application=registrations.approved(user), invited_as="a", role="tester")
        assert office.get(page_of(Member, "add")).status_code == 403
        assert office.post(page_of(Member, member.pk, "change"), {"role": "owner"}).status_code == 403
