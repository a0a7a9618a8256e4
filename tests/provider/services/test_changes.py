"""services/reviews.py: changes of an application's facts, at once or after a review; services/facts.py: what may be."""

from dataclasses import replace
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from provider_site.errors import ReviewConflict, SeenSomethingElse
from provider_site.models import ApplicationScope, AuditEvent, Registration, Review
from provider_site.policy.facts import Facts, ScopeRequest, digest
from provider_site.services import facts, reviews
from tests import factories

NEW_URI = "https://new.example.com/callback"


@pytest.fixture
def application(db: None) -> Any:
    """Return an approved application with two addresses."""
    uris = [factories.CALLBACK, "https://app.example.com/old"]
    return factories.make_application(redirect_uris=uris).application


@pytest.fixture
def owner(application: Any) -> Any:
    return application.registration.owner


@pytest.fixture
def reviewer(db: None) -> Any:
    return factories.make_user("reviewer")


def now(application: Any) -> Facts:
    return facts.read(application=type(application).objects.get(pk=application.pk))


def change(application: Any, actor: Any, **changes: Any) -> str:
    return str(reviews.change(application=application, actor=actor, asked=replace(now(application), **changes)))


class TestApproved:
    @pytest.mark.parametrize(
        "wanted",
        [
            {"name": "Other"},
            {"homepage_url": "https://other.example.com/"},
            {"redirect_uris": (factories.CALLBACK, NEW_URI)},
            {"allowed_origins": ("https://app.example.com",)},
            {"scopes": {"openid": ScopeRequest(True), "email": ScopeRequest(False, "To write.")}},
        ],
    )
    def test_change_leaves_what_is_in_force_until_it_is_approved(
        self, application: Any, owner: Any, reviewer: Any, wanted: dict[str, Any]
    ) -> None:
        before = now(application)
        assert change(application, owner, **wanted) == "waiting"
        assert now(application) == before
        assert Registration.objects.get().status == "approved"
        reviews.approve(application=application, actor=reviewer)
        assert now(application) == replace(before, **wanted)
        assert Registration.objects.get().status == "approved"

    def test_rejected_change_leaves_the_application_as_it_was(
        self, application: Any, owner: Any, reviewer: Any
    ) -> None:
        before = now(application)
        change(application, owner, name="Your bank")
        reviews.reject(application=application, actor=reviewer, reason="It is not.")
        assert now(application) == before
        registration = Registration.objects.get()
        assert (registration.status, registration.status_reason) == ("approved", "")
        assert AuditEvent.objects.filter(action="change.rejected", data__reason="It is not.").exists()

    def test_later_change_replaces_the_one_that_waits(self, application: Any, owner: Any, reviewer: Any) -> None:
        change(application, owner, name="First")
        seen = digest(*reviews.compared(application=application))
        change(application, owner, name="Second")
        assert [r.decision for r in Review.objects.order_by("pk")] == ["withdrawn", ""]
        assert AuditEvent.objects.filter(action="review.withdrawn").count() == 1
        with pytest.raises(SeenSomethingElse):
            reviews.approve(application=application, actor=reviewer, seen=seen)
        reviews.approve(application=application, actor=reviewer)
        assert now(application).name == "Second"

    def test_same_change_sent_twice_waits_once(self, application: Any, owner: Any) -> None:
        change(application, owner, name="First")
        assert change(application, owner, name="First") == "unchanged"
        assert Review.objects.count() == 1

    def test_withdrawn_change_is_as_if_never_asked(self, application: Any, owner: Any, reviewer: Any) -> None:
        before = now(application)
        change(application, owner, name="Other")
        reviews.withdraw(application=application, actor=owner)
        assert (now(application), Registration.objects.get().status) == (before, "approved")
        with pytest.raises(ReviewConflict):
            reviews.approve(application=application, actor=reviewer)
        with pytest.raises(ReviewConflict):
            reviews.withdraw(application=application, actor=owner)

    @pytest.mark.parametrize(
        "less",
        [
            {"redirect_uris": (factories.CALLBACK,)},
            {"scopes": {"openid": ScopeRequest(True)}},
            {"scopes": {"openid": ScopeRequest(), "nickname": ScopeRequest()}},
        ],
    )
    def test_what_only_takes_away_is_in_force_at_once(self, application: Any, owner: Any, less: dict[str, Any]) -> None:
        assert change(application, owner, **less) == "in_force"
        assert now(application) == replace(now(application), **less)
        assert not Review.objects.exists()
        assert AuditEvent.objects.filter(action="application.changed", actor=owner).exists()

    def test_what_takes_away_and_adds_waits_as_a_whole(self, application: Any, owner: Any) -> None:
        before = now(application)
        assert change(application, owner, redirect_uris=(factories.CALLBACK, NEW_URI)) == "waiting"
        assert now(application) == before

    def test_what_was_taken_away_comes_back_only_by_review(self, application: Any, owner: Any) -> None:
        before = now(application)
        change(application, owner, redirect_uris=(factories.CALLBACK,))
        assert change(application, owner, redirect_uris=before.redirect_uris) == "waiting"
        assert now(application).redirect_uris == (factories.CALLBACK,)

    def test_change_that_became_impossible_is_not_approved(
        self, application: Any, owner: Any, reviewer: Any, settings: Any
    ) -> None:
        settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"SCOPES": {"calendar": {"title": "C"}}}
        change(application, owner, scopes={"openid": ScopeRequest(True), "calendar": ScopeRequest(False, "For it.")})
        settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"SCOPES": {}}
        with pytest.raises(ValidationError):
            reviews.approve(application=application, actor=reviewer)
        assert Review.objects.get().decided_at is None
        assert not ApplicationScope.objects.filter(scope="calendar").exists()


class TestNotApproved:
    @pytest.mark.parametrize("status", ["draft", "submitted", "rejected"])
    def test_change_is_in_force_at_once(self, application: Any, owner: Any, status: str) -> None:
        Registration.objects.update(status=status)
        assert change(application, owner, redirect_uris=(NEW_URI,)) == "in_force"
        assert now(application).redirect_uris == (NEW_URI,)
        assert Registration.objects.get().status == status

    def test_suspended_application_is_not_changed(self, application: Any, owner: Any) -> None:
        Registration.objects.update(status="suspended")
        before = now(application)
        for less_or_more in ((NEW_URI,), (factories.CALLBACK,)):
            with pytest.raises(ReviewConflict):
                change(application, owner, redirect_uris=less_or_more)
        assert now(application) == before


class TestWhatMayBe:
    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            ({"name": " "}, "name"),
            ({"name": "A" * 256}, "name"),
            ({"name": "A\x00"}, "name"),
            ({"name": "A\ud800"}, "name"),
            ({"description": "A" * 201}, "description"),
            ({"description": "\udfff"}, "description"),
            ({"homepage_url": "javascript:alert(1)"}, "homepage_url"),
            ({"homepage_url": "https://evil.example\\@good.example/"}, "homepage_url"),
            ({"terms_url": "https://good.example@evil.example/"}, "terms_url"),
            ({"privacy_policy_url": "https://evil.example/\u202emoc.doog"}, "privacy_policy_url"),
            ({"terms_url": "https://" + "a" * 300 + ".example/"}, "terms_url"),
            ({"redirect_uris": ()}, "redirect_uris"),
            ({"redirect_uris": ("https://*.example.com/",)}, "redirect_uris"),
            ({"redirect_uris": ("https://a.example/ https://b.example/",)}, "redirect_uris"),
            ({"post_logout_redirect_uris": ("javascript:alert(1)",)}, "post_logout_redirect_uris"),
            ({"allowed_origins": ("https://a.example/path",)}, "allowed_origins"),
            ({"allowed_origins": ("https://a.example https://b.example",)}, "allowed_origins"),
            ({"allowed_origins": ("http://a.example",)}, "allowed_origins"),
            ({"allowed_origins": ("*",)}, "allowed_origins"),
            ({"allowed_origins": ("null",)}, "allowed_origins"),
            ({"scopes": {"unheard-of": ScopeRequest()}}, "scopes"),
            ({"scopes": {"openid": ScopeRequest(True, "w" * 301)}}, "scopes"),
            ({"scopes": {"openid": ScopeRequest(True, "\x00")}}, "scopes"),
            ({"logo": "nobody-has-it"}, "logo"),
            ({"logo": "\x00"}, "logo"),
        ],
    )
    def test_impossible_facts_are_refused_by_field(
        self, application: Any, owner: Any, wrong: dict[str, Any], field: str
    ) -> None:
        before = now(application)
        with pytest.raises(ValidationError) as caught:
            change(application, owner, **wrong)
        assert list(caught.value.error_dict) == [field]
        assert now(application) == before
        assert not Review.objects.exists()

    def test_origin_from_before_is_no_obstacle_to_other_changes(self, application: Any, owner: Any) -> None:
        type(application).objects.update(allowed_origins="http://old.example.com")
        assert change(application, owner, name="Other") == "waiting"

    def test_logo_of_another_application_is_refused(self, application: Any, owner: Any) -> None:
        from provider_site.models import Logo

        other = factories.make_application().application
        Logo.objects.create(key="theirs", application=other, picture="theirs.png")
        with pytest.raises(ValidationError):
            change(application, owner, logo="theirs")
