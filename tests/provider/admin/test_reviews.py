"""The review queue: what waits first, what differs, and decisions about what was really looked at."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from provider_site.errors import NotAllowed
from provider_site.models import ApplicationScope, AuditEvent, OutboxMessage, Registration, Review
from provider_site.policy.facts import Facts, digest
from provider_site.services import facts, reviews, roles
from tests import factories
from tests.provider.admin import registrations
from tests.provider.admin.office import as_html, enter, page_of


@pytest.fixture
def reviewer(db: None) -> Any:
    person = factories.make_user("reviewer", is_staff=True)
    person.groups.add(Group.objects.get(name=roles.REVIEWERS))
    return person


@pytest.fixture
def desk(reviewer: Any) -> Client:
    """Return a reviewer's browser."""
    return enter(reviewer)


def page(review: Review) -> str:
    return page_of(Review, review.pk, "change")


def seen(text: str) -> str:
    """Return what the page says was looked at."""
    found = re.search(r'name="seen" value="([0-9a-f]{64})"', text)
    assert found, text
    return found[1]


def change(application: Any, **values: Any) -> Review:
    """Let the owner ask for a change; return the request."""
    owner = Registration.objects.get(application=application).owner
    asked = facts.read(application=application).to_json() | values
    reviews.change(application=application, actor=owner, asked=Facts.from_json(asked))
    return registrations.waiting(application)


class TestQueue:
    def test_shows_what_waits_with_what_has_waited_longest_first(self, desk: Client, user: Any) -> None:
        first, second = registrations.submitted(user, name="First"), registrations.changing(user)
        rejected = registrations.submitted(user, name="Rejected")
        reviews.reject(application=rejected, actor=None, reason="No.")
        text = as_html(desk.get(page_of(Review)))
        assert text.index(f">{first.name}<") < text.index(f">{second.name}<")
        assert "Rejected" not in text.partition("result_list")[2].partition("</table>")[0]
        assert "First review" in text
        assert "Change" in text

    def test_filter_shows_what_was_decided(self, desk: Client, user: Any) -> None:
        waits, decided = registrations.submitted(user, name="Waits"), registrations.submitted(user, name="Decided one")
        reviews.reject(application=decided, actor=None, reason="No.")
        assert waits.name not in as_html(desk.get(page_of(Review) + "?state=decided"))
        everything = as_html(desk.get(page_of(Review) + "?state=all"))
        assert waits.name in everything
        assert decided.name in everything

    def test_list_of_applications_says_how_many_wait(self, desk: Client, user: Any) -> None:
        application = registrations.submitted(user)
        registrations.submitted(user)
        assert "Waiting for review: 2" in as_html(desk.get(page_of(type(application))))


class TestDifferences:
    def test_first_review_shows_every_fact_with_the_note_and_the_owner(self, desk: Client, user: Any) -> None:
        application = registrations.submitted(user)
        text = as_html(desk.get(page(registrations.waiting(application))))
        for shown in ("A calendar.", "To greet you.", "See your nickname", "Please be quick.", "owns 1 application"):
            assert shown in text, shown
        assert "https://<strong>app.example.com</strong>/callback" in text

    def test_owner_s_suspended_applications_are_told(self, desk: Client, user: Any) -> None:
        suspended = registrations.approved(user)
        reviews.suspend(application=suspended, actor=None, reason="Spam.")
        text = as_html(desk.get(page(registrations.waiting(registrations.submitted(user)))))
        assert "owns 2 applications" in text
        assert "1 of them suspended" in text

    def test_change_shows_both_sides_and_nothing_that_stays(self, desk: Client, user: Any) -> None:
        application = registrations.approved(user, name="Old name")
        text = as_html(desk.get(page(change(application, name="New name"))))
        row = text.partition("provider-changed")[2].partition("</tr>")[0]
        assert row.index("Old name") < row.index("New name")
        assert "/privacy" not in text

    @pytest.mark.parametrize(
        ("uri", "host", "other"),
        [
            ("https://xn--pple-43d.com/callback", "xn--pple-43d.com", "аpple.com"),
            ("https://app.example.com.evil.example/app.example.com", "app.example.com.evil.example", ""),
        ],
    )
    def test_host_stands_out_and_look_alikes_are_spelled_out(
        self, desk: Client, user: Any, uri: str, host: str, other: str
    ) -> None:
        application = registrations.approved(user)
        text = as_html(desk.get(page(change(application, redirect_uris=[factories.CALLBACK, uri]))))
        assert f"<strong>{host}</strong>" in text
        assert ("provider-look-alike" in text) == bool(other)
        assert other in text

    def test_home_page_of_other_letters_is_spelled_in_ascii(self, desk: Client, user: Any) -> None:
        text = as_html(desk.get(page(change(registrations.approved(user), homepage_url="https://аpple.com/"))))
        assert "xn--pple-43d.com" in text

    def test_reviewer_is_told_of_what_a_name_hides(self, desk: Client, user: Any) -> None:
        application = registrations.approved(user)
        text = as_html(desk.get(page(change(application, name="Ban\u200bk", description="Your B\u0430nk."))))
        assert "U+200B ZERO WIDTH SPACE" in text
        assert "mixed in: B\u0430nk" in text

    def test_host_behind_a_user_name_that_looks_like_one_stands_out(self, desk: Client, user: Any) -> None:
        application = registrations.approved(user)
        Registration.objects.filter(application=application).update(
            homepage_url="https://a.com.bank.example@a.co/", terms_url="https://evil.example\\@good.example/"
        )
        text = as_html(desk.get(page(change(application, homepage_url="", terms_url=""))))
        assert "https://a.com.bank.example@<strong>a.co</strong>/" in text
        assert "<strong>good.example</strong>" not in text

    def test_logos_are_shown_side_by_side(self, desk: Client, user: Any) -> None:
        from provider_site.services import logos

        application = registrations.approved(user)
        old = logos.store(application=application, upload=factories.make_picture())
        Registration.objects.filter(application=application).update(logo=old)
        new = logos.store(application=application, upload=factories.make_picture())
        text = as_html(desk.get(page(change(application, logo=new.pk))))
        assert text.index(f"/o/logo/{old.pk}.png") < text.index(f"/o/logo/{new.pk}.png")

    def test_what_a_developer_wrote_is_text_and_no_markup(self, desk: Client, user: Any) -> None:
        application = registrations.approved(user)
        text = as_html(desk.get(page(change(application, name="<script>alert(1)</script>"))))
        assert "<script>alert(1)" not in text


class TestDecision:
    def test_approval_puts_the_change_in_force_with_trace_and_notice(
        self, desk: Client, user: Any, reviewer: Any
    ) -> None:
        application = registrations.approved(user)
        review = change(application, name="Better")
        answer = desk.post(page(review), {"decision": "approve", "seen": seen(as_html(desk.get(page(review))))})
        assert answer.status_code == 302
        application.refresh_from_db()
        assert application.name == "Better"
        event = AuditEvent.objects.get(action="change.approved")
        assert (event.actor, event.address) == (reviewer, "127.0.0.1")
        assert OutboxMessage.objects.filter(kind="review-decided-mail").count() == 1

    def test_rejection_wants_a_reason_and_keeps_nothing_from_who_gives_none(self, desk: Client, user: Any) -> None:
        application = registrations.submitted(user)
        review = registrations.waiting(application)
        given = seen(as_html(desk.get(page(review))))
        text = as_html(desk.post(page(review), {"decision": "reject", "seen": given, "reason": " "}))
        assert not re.search(r"<textarea[^>]* required", text), "a browser would not send an approval without one"
        assert "This field is required" in text
        assert registrations.status(application) == "submitted"
        desk.post(page(review), {"decision": "reject", "seen": seen(text), "reason": "No policy."})
        assert Registration.objects.get(application=application).status_reason == "No policy."

    def test_what_changed_since_it_was_looked_at_is_shown_and_the_reason_is_kept(self, desk: Client, user: Any) -> None:
        application = registrations.submitted(user)
        review = registrations.waiting(application)
        old = seen(as_html(desk.get(page(review))))
        asked = facts.read(application=application).to_json() | {"redirect_uris": ["https://evil.example/"]}
        reviews.change(application=application, actor=user, asked=Facts.from_json(asked))
        text = as_html(desk.post(page(review), {"decision": "approve", "seen": old, "reason": "A long thought."}))
        assert registrations.status(application) == "submitted"
        assert "has changed since you looked at it" in text
        assert "evil.example" in text
        assert "A long thought." in text
        assert seen(text) != old
        desk.post(page(review), {"decision": "approve", "seen": seen(text)})
        assert registrations.status(application) == "approved"

    def test_what_changed_is_told_also_where_the_reason_is_missing(self, desk: Client, user: Any) -> None:
        review = registrations.waiting(application := registrations.submitted(user))
        old = seen(as_html(desk.get(page(review))))
        many = {"action": "reject_chosen", "_selected_action": [review.pk], "confirm": "1", f"seen-{review.pk}": old}
        assert "has changed since" not in as_html(desk.post(page(review), {"decision": "reject", "seen": old}))
        listed = as_html(desk.post(page_of(Review), many))
        assert "has changed since" not in listed
        assert "<details open>" in listed, "who decides about many has seen what differs"
        asked = facts.read(application=application).to_json() | {"redirect_uris": ["https://evil.example/"]}
        reviews.change(application=application, actor=user, asked=Facts.from_json(asked))
        assert "has changed since" in as_html(desk.post(page(review), {"decision": "reject", "seen": old}))
        assert "has changed since" in as_html(desk.post(page_of(Review), many))

    def test_nobody_gives_an_application_away_to_decide_about_it(self, desk: Client, user: Any, reviewer: Any) -> None:
        reviewer.groups.add(Group.objects.get(name=roles.OPERATORS))
        for make in (registrations.submitted, registrations.changing):
            application = make(reviewer)
            form = registrations.change_form(application, **{"registration-0-owner": user.pk})
            assert desk.post(page_of(type(application), application.pk, "change"), form).status_code == 302
            review, ticked = registrations.waiting(application), reviews.compared(application=application)
            text = as_html(desk.get(page(review)))
            assert "You asked for this yourself" in text
            assert 'name="decision"' not in text
            form = {"decision": "approve", "seen": digest(*ticked)}
            assert desk.post(page(review), form).status_code == 403
            form = {"action": "approve_chosen", "_selected_action": [review.pk], "confirm": "1"}
            desk.post(page_of(Review), form | {f"seen-{review.pk}": digest(*ticked)})
            with pytest.raises(NotAllowed):
                reviews.approve(application=application, actor=reviewer)
            assert registrations.waiting(application) == review

    def test_decision_without_saying_what_was_seen_is_none(self, desk: Client, user: Any) -> None:
        application = registrations.submitted(user)
        desk.post(page(registrations.waiting(application)), {"decision": "approve"})
        assert registrations.status(application) == "submitted"

    def test_request_decided_meanwhile_is_not_decided_again(self, desk: Client, user: Any) -> None:
        application = registrations.submitted(user)
        review = registrations.waiting(application)
        old = seen(as_html(desk.get(page(review))))
        reviews.reject(application=application, actor=None, reason="No.")
        text = as_html(desk.post(page(review), {"decision": "approve", "seen": old}))
        assert "decided already" in text
        assert registrations.status(application) == "rejected"

    def test_form_is_protected_against_other_sites(self, desk: Client, user: Any) -> None:
        from tests.provider.driver import ISSUER_HOST

        application = registrations.submitted(user)
        strict = Client(headers={"host": ISSUER_HOST}, enforce_csrf_checks=True)
        strict.cookies = desk.cookies
        assert strict.post(page(registrations.waiting(application)), {"decision": "approve"}).status_code == 403

    def test_owner_is_told_that_somebody_else_decides(self, desk: Client, reviewer: Any) -> None:
        application = registrations.submitted(reviewer)
        text = as_html(desk.get(page(registrations.waiting(application))))
        assert "somebody else decides" in text
        assert 'name="decision"' not in text

    def test_decided_request_shows_what_was_decided_and_why(self, desk: Client, user: Any) -> None:
        application = registrations.submitted(user)
        review = registrations.waiting(application)
        reviews.reject(application=application, actor=None, reason="No policy.")
        text = as_html(desk.get(page(review)))
        assert "No policy." in text
        assert 'name="decision"' not in text

    def test_no_such_request_leads_back_to_the_index(self, desk: Client) -> None:
        assert desk.get(page_of(Review, 99, "change")).status_code == 302


def chosen(desk: Client, action: str, rows: list[Review]) -> dict[str, Any]:
    """Tick rows in the queue and return what the page that asks for the reason would send."""
    keys = [str(row.pk) for row in rows]
    text = as_html(desk.post(page_of(Review), {"action": action, "_selected_action": keys, "index": "0"}))
    digests = dict(re.findall(r'name="(seen-\d+)" value="([0-9a-f]{64})"', text))
    assert len(digests) == len(rows)
    return {"action": action, "_selected_action": keys, "confirm": "1", **digests}


class TestMany:
    def test_each_is_decided_with_the_one_reason(self, desk: Client, user: Any) -> None:
        applications = [registrations.submitted(user, name=f"App {number}") for number in range(3)]
        form = chosen(desk, "reject_chosen", [registrations.waiting(one) for one in applications])
        text = as_html(desk.post(page_of(Review), {**form, "reason": "Spam."}, follow=True))
        assert "Done with 3 applications" in text
        assert set(Registration.objects.values_list("status", "status_reason")) == {("rejected", "Spam.")}

    def test_rejecting_many_wants_the_reason_too(self, desk: Client, user: Any) -> None:
        application = registrations.submitted(user)
        form = chosen(desk, "reject_chosen", [registrations.waiting(application)])
        assert "This field is required" in as_html(desk.post(page_of(Review), form))
        assert registrations.status(application) == "submitted"

    def test_what_changed_meanwhile_is_left_and_named_and_the_others_are_done(self, desk: Client, user: Any) -> None:
        good, changed, gone = (registrations.submitted(user, name=name) for name in ("Good", "Changed <b>", "Gone"))
        form = chosen(desk, "approve_chosen", [registrations.waiting(one) for one in (good, changed, gone)])
        ApplicationScope.objects.filter(application=changed, scope="nickname").delete()
        reviews.withdraw(application=gone, actor=user)
        text = as_html(desk.post(page_of(Review), form, follow=True))
        states = [registrations.status(one) for one in (good, changed, gone)]
        assert states == ["approved", "submitted", "draft"]
        assert "Done with 1 application." in text
        assert "Not done with 2 applications" in text
        assert "Changed &lt;b&gt;" in text
        assert "Changed <b>" not in text

    def test_own_application_among_them_is_left(self, desk: Client, user: Any, reviewer: Any) -> None:
        own, other = registrations.submitted(reviewer), registrations.submitted(user)
        form = chosen(desk, "approve_chosen", [registrations.waiting(one) for one in (own, other)])
        desk.post(page_of(Review), form)
        assert [registrations.status(one) for one in (own, other)] == ["submitted", "approved"]

    def test_at_most_a_hundred_at_a_time(self, desk: Client, user: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("provider_site.admin.reviews.AT_ONCE", 1)
        monkeypatch.setattr("provider_site.admin.review_actions.AT_ONCE", 1)
        rows = [registrations.waiting(registrations.submitted(user)) for _ in range(2)]
        form = {"action": "approve_chosen", "_selected_action": [row.pk for row in rows]}
        assert "At most 1 at a time" in as_html(desk.post(page_of(Review), form, follow=True))
        desk.post(page_of(Review), {**form, "confirm": "1"})
        assert Review.objects.filter(decided_at=None).count() == 2
