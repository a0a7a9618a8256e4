"""Use an application that nobody has reviewed, or that was switched off, against people."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from oauth2_provider.models import get_access_token_model, get_refresh_token_model

from provider_site.errors import NotAllowed
from provider_site.models import Authorization, Consent, Member, Profile, Registration
from provider_site.policy.facts import ScopeRequest
from provider_site.services import authorization_requests, facts, members, outbox, profiles, reviews
from provider_site.storage import access
from tests import factories
from tests.provider.driver import REDIRECT, Driver, plant_signing_key, query

BANK = "Your bank"
EVIL = "https://evil.example/"


@pytest.fixture
def phisher(db: None) -> Any:
    """Return the owner of a draft that looks like somebody else's application."""
    return factories.make_user("phisher")


@pytest.fixture
def draft(phisher: Any, user: Any) -> Driver:
    """Return a draft as a client, and the browser of a person who has nothing to do with it."""
    plant_signing_key()
    registered = factories.make_application(phisher, status="draft", name=BANK, homepage_url=EVIL)
    return Driver(registered, user)


def set_status(driver: Driver, status: str) -> None:
    Registration.objects.filter(application=driver.application).update(status=status)


def suspend(driver: Driver, reason: str = "It sends spam.") -> None:
    reviews.suspend(application=driver.application, actor=None, reason=reason)


def reinstate(driver: Driver) -> None:
    reviews.reinstate(application=driver.application, actor=None)


UNREVIEWED = pytest.mark.parametrize("status", ["draft", "submitted", "rejected"])


class TestUnreviewed:
    @UNREVIEWED
    @pytest.mark.parametrize(
        "request_of",
        [
            {},
            {"prompt": "none"},
            {"prompt": "login"},
            {"prompt": "consent"},
            {"max_age": "0"},
            {"scope": "openid unheard-of"},
            {"response_type": "token"},
            {"response_type": None},
            {"code_challenge": None},
            {"code_challenge_method": "plain"},
            {"request": "x"},
            {"prompt": "none login"},
        ],
        ids=str,
    )
    def test_stranger_is_never_sent_to_it(self, draft: Driver, status: str, request_of: dict[str, str | None]) -> None:
        set_status(draft, status)
        answer = draft.authorize(**request_of)
        assert answer.status_code in {400, 403}, answer.get("Location")
        text = answer.content.decode()
        assert EVIL not in text
        assert REDIRECT not in text
        assert not Consent.objects.exists()
        assert not Authorization.objects.exists()

    @pytest.mark.parametrize(
        "request_of", [{"prompt": "none"}, {"scope": "openid unheard-of"}, {"response_type": "token"}], ids=str
    )
    def test_nor_is_who_has_not_signed_in(self, draft: Driver, request_of: dict[str, str]) -> None:
        draft.browser.logout()
        assert draft.authorize(**request_of).status_code == 403
        posted = draft.authorize(method="post", **request_of)
        if posted.status_code == 303:  # whose browser it is shows at its next request
            posted = draft.browser.get(posted["Location"])
        assert posted.status_code == 403

    def test_who_has_not_signed_in_learns_it_after_the_sign_in(self, draft: Driver, user: Any) -> None:
        draft.browser.logout()
        answer = draft.authorize()
        assert answer["Location"].startswith("/accounts/login/")
        resume = query(answer)["next"]
        draft.sign_in_again(user)
        assert draft.browser.get(resume).status_code == 403

    def test_its_own_people_are_told_their_mistakes_as_clients_are(self, draft: Driver, phisher: Any) -> None:
        draft.sign_in_again(phisher)
        assert query(draft.authorize(scope="openid unheard-of"))["error"] == "invalid_scope"

    def test_approved_one_is_answered_as_before(self, draft: Driver) -> None:
        set_status(draft, "approved")
        assert query(draft.authorize(scope="openid unheard-of"))["error"] == "invalid_scope"
        assert query(draft.authorize(prompt="none"))["error"] == "consent_required"

    def test_invited_person_who_has_not_accepted_is_a_stranger(self, draft: Driver, phisher: Any, user: Any) -> None:
        members.invite(application=draft.application, identifier=user.username, role="tester", actor=phisher)
        assert draft.authorize().status_code == 403

    def test_invitation_is_accepted_by_its_own_person_alone(
        self, draft: Driver, phisher: Any, user: Any, other_user: Any
    ) -> None:
        row = members.invite(
            application=draft.application, identifier=other_user.username, role="tester", actor=phisher
        )
        address = f"/o/invitations/{row.pk}/answer/"
        draft.browser.post(address, {"answer": "accept"})
        assert Member.objects.get().accepted_at is None
        assert draft.authorize().status_code == 403

    @pytest.mark.parametrize("address", ["grace@example.com", "GRACE@EXAMPLE.COM"])
    def test_name_that_looks_like_an_address_takes_no_invitation(
        self, draft: Driver, phisher: Any, address: str
    ) -> None:
        factories.make_user(address, email="somebody@else.example")
        row = members.invite(application=draft.application, identifier=address, role="tester", actor=phisher)
        assert row.user is None

    @pytest.mark.parametrize("typed", ["mike@example.com", "kate@example.com"])
    def test_address_that_looks_like_another_takes_no_invitation(self, draft: Driver, phisher: Any, typed: str) -> None:
        from allauth.account.models import EmailAddress

        # The one is upper-cased to "I" without its dot, the other, the Kelvin sign, lower-cased to "k".
        alike = typed.replace("i", "ı") if "i" in typed.split("@", maxsplit=1)[0] else typed.replace("k", "\u212a")
        lookalike = factories.make_user("lookalike", email=alike)
        EmailAddress.objects.create(user=lookalike, email=alike, verified=True, primary=True)
        row = members.invite(application=draft.application, identifier=typed, role="tester", actor=phisher)
        assert row.user is None

    def test_removed_tester_is_refused_at_the_next_use(self, draft: Driver, phisher: Any, user: Any) -> None:
        row = members.invite(application=draft.application, identifier=user.username, role="tester", actor=phisher)
        members.accept(member_id=row.pk, user=user)
        tokens = draft.tokens()
        code = draft.code(state="2")
        members.remove(member=row, actor=phisher)
        assert not draft.works(tokens.access)
        assert draft.refresh(tokens.refresh).error == "invalid_grant"
        assert draft.redeem(code).error == "invalid_grant"

    def test_former_owner_is_a_stranger(self, draft: Driver, phisher: Any, other_user: Any) -> None:
        draft.sign_in_again(phisher)
        tokens = draft.tokens()
        Registration.objects.update(owner=other_user)
        assert not draft.works(tokens.access)
        assert draft.authorize().status_code == 403

    def test_rejected_after_tokens_were_bought_serves_its_own_people_alone(self, draft: Driver, user: Any) -> None:
        set_status(draft, "approved")
        tokens = draft.tokens()
        set_status(draft, "rejected")
        assert not draft.works(tokens.access)
        assert draft.refresh(tokens.refresh).error == "invalid_grant"

    @UNREVIEWED
    def test_machine_gets_nothing_before_its_review(self, draft: Driver, status: str) -> None:
        type(draft.application).objects.update(authorization_grant_type="client-credentials")
        set_status(draft, status)
        assert draft.token(grant_type="client_credentials").error == "unauthorized_client"

    def test_without_registration_nobody_is_served(self, draft: Driver, phisher: Any) -> None:
        draft.sign_in_again(phisher)
        tokens = draft.tokens()
        Registration.objects.all().delete()
        assert not draft.works(tokens.access)
        assert draft.authorize().status_code == 400
        assert draft.token(grant_type="client_credentials").status == 401

    def test_owner_approves_nothing_of_their_own(self, draft: Driver, phisher: Any) -> None:
        with pytest.raises(NotAllowed):
            reviews.approve(application=draft.application, actor=phisher)
        assert Registration.objects.get(application=draft.application).status == "draft"


class TestSuspended:
    """The driver's application is approved, its person signed in."""

    def test_every_way_is_closed_at_once_and_old_tokens_for_good(self, driver: Driver) -> None:
        tokens, code = driver.tokens(), driver.code(state="2")
        suspend(driver)
        assert not driver.works(tokens.access)
        for answer in (driver.refresh(tokens.refresh), driver.redeem(code)):
            assert (answer.status, answer.error) == (401, "invalid_client")
        assert driver.revoke(tokens.access).status_code == 401
        reinstate(driver)
        assert not driver.works(tokens.access)
        assert driver.refresh(tokens.refresh).error == "invalid_grant"
        assert driver.redeem(code).error == "invalid_grant"

    def test_what_a_token_bought_before_two_suspensions_stays_dead(self, driver: Driver) -> None:
        first = driver.tokens()
        suspend(driver)
        reinstate(driver)
        second = driver.tokens(state="2")
        assert driver.works(second.access)
        suspend(driver)
        reinstate(driver)
        assert not driver.works(first.access)
        assert not driver.works(second.access)

    @pytest.mark.parametrize(("seconds", "is_dead"), [(1, True), (0, True), (-1, False)])
    def test_token_of_the_very_moment_is_dead(self, driver: Driver, seconds: int, is_dead: bool) -> None:
        type(driver.application).objects.update(authorization_grant_type="client-credentials")
        text = driver.token(grant_type="client_credentials", scope="nickname").access
        created = get_access_token_model().objects.get().created
        Registration.objects.update(tokens_not_before=created + timedelta(seconds=seconds))
        record = access.find_access_token(text)
        assert record is not None
        assert (record.refusal is not None) is is_dead

    def test_token_refreshed_from_what_is_dead_is_dead(self, driver: Driver) -> None:
        """A clock of another machine may run ahead: the family's beginning counts as well as the token's."""
        tokens = driver.tokens()
        Registration.objects.update(tokens_not_before=timezone.now())
        later = timezone.now() + timedelta(seconds=5)
        get_access_token_model().objects.update(created=later)
        get_refresh_token_model().objects.update(created=later)
        assert not driver.works(tokens.access)
        assert driver.refresh(tokens.refresh).error == "invalid_grant"

    def test_background_work_leaves_what_came_after(self, driver: Driver) -> None:
        driver.tokens()
        suspend(driver)
        reinstate(driver)
        new = driver.tokens(state="2")
        outbox.deliver_due()
        assert driver.works(new.access)
        assert driver.refresh(new.refresh).status == 200
        assert get_access_token_model().objects.count() == 1

    @pytest.mark.parametrize("decided", ["", "allowed", "denied"])
    def test_request_kept_before_leads_nowhere_while_suspended(self, driver: Driver, user: Any, decided: str) -> None:
        page = driver.authorize()["Location"]
        handle = page.split("/")[3]
        if decided:
            fields = {"decision": {"allowed": "allow", "denied": "deny"}[decided], "scope": ["nickname"]}
            assert driver.browser.post(page, {**fields, "duration": "30"}).status_code == 303
        suspend(driver, reason="It <b>sends</b> spam.")
        for address in (page, f"/o/authorize/{handle}/"):
            answer = driver.browser.get(address)
            assert answer.status_code == 403, answer.get("Location")
            assert "It &lt;b&gt;sends&lt;/b&gt; spam." in answer.content.decode()
        assert not Authorization.objects.exists()
        assert authorization_requests.find(handle=handle, user=user).answered_at is None

    def test_anonymous_person_sees_why_without_signing_in(self, driver: Driver) -> None:
        driver.browser.logout()
        suspend(driver)
        for changes in ({}, {"prompt": "none"}, {"redirect_uri": "https://other.example/"}, {"scope": "bad"}):
            answer = driver.authorize(**changes)
            assert (answer.status_code, "It sends spam." in answer.content.decode()) == (403, True)

    def test_consent_stays_the_persons_own_to_withdraw(self, driver: Driver) -> None:
        driver.tokens()
        suspend(driver)
        assert Consent.objects.get().closed_at is None
        driver.browser.post(f"/o/apps/{driver.application.pk}/withdraw/")
        assert Consent.objects.get().closed_at is not None
        reinstate(driver)
        assert driver.authorize()["Location"].startswith("/o/consent/")


class TestTakenAway:
    def narrow(self, driver: Driver, **changes: Any) -> None:
        now = facts.read(application=driver.application)
        assert reviews.change(application=driver.application, actor=None, asked=replace(now, **changes)) == "in_force"
        driver.application.refresh_from_db()

    def narrow_scopes(self, driver: Driver, *names: str) -> None:
        self.narrow(driver, scopes={name: ScopeRequest(required=name == "openid") for name in names})

    @pytest.fixture(autouse=True)
    def _nickname(self, user: Any) -> None:
        profiles.get_profile(user=user)
        Profile.objects.filter(user=user).update(nickname="Ada")

    def test_scope_is_taken_from_tokens_that_have_it(self, driver: Driver) -> None:
        tokens = driver.tokens()
        assert driver.userinfo(tokens.access).json().keys() >= {"nickname"}
        self.narrow_scopes(driver, "openid", "avatar", "offline_access")
        assert "nickname" not in driver.userinfo(tokens.access).json()
        renewed = driver.refresh(tokens.refresh)
        assert "nickname" not in renewed.body["scope"].split()
        assert "nickname" not in driver.userinfo(renewed.access).json()

    def test_scope_is_taken_from_a_code_on_its_way(self, driver: Driver) -> None:
        code = driver.code()
        self.narrow_scopes(driver, "openid", "offline_access")
        answer = driver.redeem(code)
        assert answer.body["scope"].split() == ["openid", "offline_access"]
        assert "nickname" not in driver.userinfo(answer.access).json()

    def test_without_openid_no_claim_is_told(self, driver: Driver) -> None:
        tokens = driver.tokens()
        self.narrow_scopes(driver, "nickname")
        assert driver.userinfo(tokens.access).status_code == 403

    def test_offline_access_taken_away_ends_with_the_session(self, driver: Driver) -> None:
        tokens = driver.tokens()
        self.narrow_scopes(driver, "openid", "nickname")
        assert driver.works(tokens.access)
        driver.sign_out()
        assert not driver.works(tokens.access)
        assert driver.refresh(tokens.refresh).error == "invalid_grant"

    def test_scope_taken_away_while_the_person_decides_is_not_given(self, driver: Driver) -> None:
        page = driver.authorize()
        self.narrow_scopes(driver, "openid", "offline_access")
        answer = driver.consent(page, scopes=["nickname", "offline_access"])
        assert "code" not in query(answer)

    def test_address_taken_away_redeems_no_code(self, driver: Driver) -> None:
        type(driver.application).objects.update(redirect_uris=f"{REDIRECT} https://app.example.com/safe")
        driver.application.refresh_from_db()
        code = driver.code()
        self.narrow(driver, redirect_uris=("https://app.example.com/safe",))
        assert driver.redeem(code).error == "invalid_grant"

    @pytest.mark.parametrize("decision", ["allow", "deny"])
    def test_address_taken_away_while_the_person_decides_gets_no_answer(self, driver: Driver, decision: str) -> None:
        type(driver.application).objects.update(redirect_uris=f"{REDIRECT} https://app.example.com/safe")
        driver.application.refresh_from_db()
        page = driver.authorize()
        self.narrow(driver, redirect_uris=("https://app.example.com/safe",))
        answer = driver.consent(page, scopes=["nickname"], decision=decision)
        assert answer.status_code == 400, answer.get("Location")

    def test_machines_token_loses_the_scope(self, driver: Driver) -> None:
        type(driver.application).objects.update(authorization_grant_type="client-credentials")
        text = driver.token(grant_type="client_credentials", scope="nickname avatar").access
        driver.application.refresh_from_db()
        self.narrow_scopes(driver, "openid", "avatar")
        record = access.find_access_token(text)
        assert record is not None
        assert record.scopes == {"avatar"}
