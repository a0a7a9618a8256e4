"""What a consent remembers and bounds, seen from outside: sign-ins, tokens, userinfo."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.utils import timezone

from provider_site.models import AuditEvent, Consent, Registration
from provider_site.policy import scopes
from provider_site.services import consents
from provider_site.storage import access, consented
from tests import factories
from tests.provider.driver import Driver, Tokens, plant_signing_key, query

DAY = timedelta(days=1)
OPTIONAL = ("nickname", "avatar", "email", "offline_access", "pay")
SITE = {"SCOPES": {"pay": {"title": "Pay", "description": "Pay in your name.", "sensitive": True}}}


@pytest.fixture
def driver(settings: Any, user: Any) -> Driver:
    """Return an application that may ask for much, and a browser whose sign-in outlives every clock of these tests."""
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | SITE
    settings.SESSION_COOKIE_AGE = 10 * 365 * 86_400
    plant_signing_key()
    return Driver(factories.make_application(scopes={"openid": True, **dict.fromkeys(OPTIONAL, False)}), user)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Return a function that moves the clock on."""
    real, passed = timezone.now, [timedelta()]
    monkeypatch.setattr(timezone, "now", lambda: real() + passed[0])

    def move(by: timedelta) -> None:
        passed[0] += by

    return move


def sign_in(driver: Driver, scope: str, ticked: str = "", duration: str = "30", **changes: Any) -> Tokens:
    """Ask for scopes, allow some where the page comes, and exchange the code."""
    answer = driver.authorize(scope=scope, **changes)
    if asked(answer):
        answer = driver.consent(answer, scopes=ticked.split(), duration=duration)
    return driver.redeem(query(answer)["code"])


def asked(answer: Any) -> bool:
    """Tell whether the consent page comes."""
    return str(answer["Location"]).startswith("/o/consent/")


def silent(driver: Driver, scope: str) -> dict[str, str]:
    """Return the answer to ``prompt=none``."""
    return query(driver.authorize(scope=scope, prompt="none"))


def the(driver: Driver) -> Consent:
    """Return the open consent."""
    return Consent.objects.get(application=driver.application, closed_at=None)


def post(driver: Driver, action: str, **fields: str) -> int:
    """Press a button of the connected apps."""
    return int(driver.browser.post(f"/o/apps/{driver.application.pk}/{action}/", fields).status_code)


def change(driver: Driver, **fields: Any) -> None:
    """Change the registration, or the application, as an administrator would."""
    own = {"first_party", "max_consent_days"} | {"privacy_policy_url", "description", "homepage_url"}
    mine = {name: value for name, value in fields.items() if name in own}
    if mine:
        Registration.objects.filter(application=driver.application).update(**mine)
    if others := {name: value for name, value in fields.items() if name not in own}:
        type(driver.application).objects.filter(pk=driver.application.pk).update(**others)


class TestTerms:
    def test_scope_asked_for_later_leaves_the_others_their_end(self, driver: Driver) -> None:
        sign_in(driver, "openid nickname", "nickname", "1")
        before = consented.terms(the(driver))
        sign_in(driver, "openid nickname avatar", "nickname avatar", "until-withdrawn")
        after = consented.terms(the(driver))
        assert after["nickname"] == before["nickname"]
        assert after["openid"] == before["openid"]
        assert after["avatar"].ends_at is None
        assert Consent.objects.count() == 1

    def test_each_scope_ends_by_itself(self, driver: Driver, later: Callable[[timedelta], None]) -> None:
        sign_in(driver, "openid nickname", "nickname", "1")
        tokens = sign_in(driver, "openid nickname avatar offline_access", "nickname avatar offline_access", "30")
        later(2 * DAY)
        assert driver.refresh(tokens.refresh).body["scope"] == "avatar offline_access"

    def test_scope_that_ended_is_asked_again_by_that_name(
        self, driver: Driver, later: Callable[[timedelta], None]
    ) -> None:
        sign_in(driver, "openid", "", "365")
        sign_in(driver, "openid nickname", "nickname", "1")
        later(2 * DAY)
        assert silent(driver, "openid nickname")["error"] == "consent_required"
        assert "code" in silent(driver, "openid")

    def test_late_form_of_another_tab_prolongs_nothing(self, driver: Driver) -> None:
        first = driver.authorize(scope="openid nickname")
        second = driver.authorize(scope="openid nickname")
        driver.consent(first, scopes=["nickname"], duration="1")
        end = the(driver).ends_at
        driver.consent(second, scopes=["nickname"], duration="until-withdrawn")
        assert the(driver).ends_at == end

    def test_prompt_consent_asks_about_everything_anew(self, driver: Driver) -> None:
        sign_in(driver, "openid nickname", "nickname", "1")
        sign_in(driver, "openid nickname", "nickname", "until-withdrawn", prompt="consent")
        assert the(driver).ends_at is None

    def test_declined_scope_is_remembered_and_not_asked_again(self, driver: Driver) -> None:
        tokens = sign_in(driver, "openid nickname", "")
        assert tokens.body["scope"] == "openid"
        assert "code" in silent(driver, "openid nickname")


class TestNarrowing:
    def test_token_loses_the_scope_at_once_and_the_refresh_says_so(self, driver: Driver) -> None:
        tokens = sign_in(driver, "openid email offline_access", "email offline_access")
        assert "email" in driver.userinfo(tokens.access).json()
        assert post(driver, "withdraw-scope", scope="email") == 303
        assert set(driver.userinfo(tokens.access).json()) == {"sub"}
        assert driver.refresh(tokens.refresh).body["scope"] == "openid offline_access"
        assert silent(driver, "openid email")["code"]

    def test_narrowed_scope_leaves_the_terms_of_the_rest(self, driver: Driver) -> None:
        sign_in(driver, "openid nickname avatar", "nickname avatar")
        before = consented.terms(the(driver))
        post(driver, "withdraw-scope", scope="avatar")
        assert consented.terms(the(driver)) == {name: before[name] for name in ("openid", "nickname")}

    @pytest.mark.parametrize("names", [["openid"], ["openid", "nickname"], ["nickname", "openid", "unknown"]])
    def test_without_openid_everything_is_withdrawn(self, driver: Driver, user: Any, names: list[str]) -> None:
        sign_in(driver, "openid nickname", "nickname")
        taken = consents.narrow(user=user, application=driver.application, scopes=names)
        assert taken == {"openid", "nickname"}
        assert Consent.objects.get().closed_reason == "withdrawn"

    def test_last_scope_withdraws_all(self, driver: Driver, user: Any) -> None:
        sign_in(driver, "openid nickname", "nickname")
        Consent.objects.update(scope="nickname")
        assert consents.narrow(user=user, application=driver.application, scopes=["nickname"]) == {"nickname"}
        assert Consent.objects.get().closed_reason == "withdrawn"

    def test_last_that_holds_withdraws_all_though_ended_ones_are_left(
        self, driver: Driver, user: Any, later: Callable[[timedelta], None]
    ) -> None:
        sign_in(driver, "openid", "", "1")
        sign_in(driver, "openid nickname", "nickname", "30")
        later(2 * DAY)
        consents.narrow(user=user, application=driver.application, scopes=["nickname"])
        assert Consent.objects.get().closed_reason == "withdrawn"

    def test_unknown_or_repeated_changes_nothing(self, driver: Driver, user: Any) -> None:
        sign_in(driver, "openid nickname avatar", "nickname avatar")
        for names in (["email"], ["no-such"], []):
            assert not consents.narrow(user=user, application=driver.application, scopes=names)
        assert consents.narrow(user=user, application=driver.application, scopes=["avatar"]) == {"avatar"}
        assert not consents.narrow(user=user, application=driver.application, scopes=["avatar"])
        assert AuditEvent.objects.filter(action=AuditEvent.Action.CONSENT_NARROWED).count() == 1

    def test_required_scope_taken_back_is_asked_for(self, user: Any, driver: Driver) -> None:
        strict = Driver(factories.make_application(scopes={"openid": True, "nickname": True}), user)
        sign_in(strict, "openid nickname")
        assert post(strict, "withdraw-scope", scope="nickname") == 303
        assert silent(strict, "openid nickname")["error"] == "consent_required"

    def test_signing_out_leaves_the_consent(self, driver: Driver) -> None:
        tokens = sign_in(driver, "openid offline_access", "offline_access")
        assert post(driver, "sign-out") == 303
        assert not driver.works(tokens.access)
        assert driver.refresh(tokens.refresh).error == "invalid_grant"
        assert "code" in silent(driver, "openid offline_access")


class TestFirstParty:
    @pytest.fixture(autouse=True)
    def _own(self, driver: Driver) -> None:
        change(driver, first_party=True)

    def test_silent_sign_in_answers_and_records(self, driver: Driver) -> None:
        tokens = driver.redeem(silent(driver, "openid email")["code"])
        assert driver.userinfo(tokens.access).json()["email"] == "ada@example.com"
        consent = the(driver)
        assert (consent.source, consent.scope) == ("first_party", "openid email")
        assert AuditEvent.objects.filter(action=AuditEvent.Action.CONSENT_NOT_ASKED).count() == 1
        silent(driver, "openid email")
        assert AuditEvent.objects.filter(action=AuditEvent.Action.CONSENT_NOT_ASKED).count() == 1

    def test_decision_taken_back_ends_what_nobody_was_asked_about(self, driver: Driver) -> None:
        tokens = driver.redeem(silent(driver, "openid email")["code"])
        change(driver, first_party=False)
        assert not driver.works(tokens.access)
        assert silent(driver, "openid")["error"] == "consent_required"

    def test_what_the_person_allowed_themselves_outlives_the_decision(self, driver: Driver) -> None:
        change(driver, first_party=False)
        own = sign_in(driver, "openid nickname", "nickname", "1")
        end = the(driver).ends_at
        change(driver, first_party=True)
        both = driver.redeem(silent(driver, "openid nickname email")["code"])
        assert "email" in driver.userinfo(both.access).json()
        assert consented.terms(the(driver))["nickname"].ends_at == end
        change(driver, first_party=False)
        assert driver.works(own.access)
        assert set(driver.userinfo(both.access).json()) <= {"sub", "nickname"}

    def test_scope_nobody_was_asked_about_stays_so_beside_a_later_answer(self, driver: Driver) -> None:
        silent(driver, "openid email")
        sign_in(driver, "openid email pay", "email pay")
        terms = consented.terms(the(driver))
        assert not terms["email"].unasked  # the page asked about it, unticked
        sign_in(driver, "openid nickname email", "")
        assert consented.terms(the(driver))["nickname"].unasked
        change(driver, first_party=False)
        held = consented.held(the(driver), Registration.objects.get(application=driver.application))
        assert held == {"openid", "email", "pay"}

    def test_who_withdrew_once_is_asked_from_then_on(self, driver: Driver) -> None:
        silent(driver, "openid email")
        assert post(driver, "withdraw") == 303
        assert silent(driver, "openid email")["error"] == "consent_required"
        sign_in(driver, "openid", "")
        assert silent(driver, "openid email")["error"] == "consent_required"

    def test_scope_taken_back_stays_so_beyond_the_end(self, driver: Driver, later: Callable[[timedelta], None]) -> None:
        change(driver, max_consent_days=1)
        silent(driver, "openid email nickname")
        post(driver, "withdraw-scope", scope="email")
        for _ending in range(2):
            later(2 * DAY)
            assert "code" in silent(driver, "openid")
            tokens = driver.redeem(silent(driver, "openid email nickname")["code"])
            assert "email" not in tokens.body["scope"]

    @pytest.mark.parametrize(
        "parameter", [{"prompt": "consent"}, {"prompt": "select_account"}, {"scope": "openid pay"}]
    )
    def test_what_is_asked_for_outright_is_asked(self, driver: Driver, parameter: dict[str, str]) -> None:
        assert asked(driver.authorize(**({"scope": "openid"} | parameter)))

    def test_withdrawal_between_the_decision_and_its_record_counts(
        self, driver: Driver, user: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        silent(driver, "openid")
        record = consents.record_unasked

        def late(**facts: Any) -> Consent:
            monkeypatch.setattr(consents, "record_unasked", record)
            consents.withdraw(user=user, application=driver.application)
            return record(**facts)

        monkeypatch.setattr(consents, "record_unasked", late)
        assert asked(driver.authorize(scope="openid email"))
        assert not Consent.objects.filter(closed_at=None).exists()


class TestFacts:
    @pytest.mark.parametrize(
        "fact",
        [
            {"name": "Another"},
            {"privacy_policy_url": "https://app.example.com/new"},
            {"redirect_uris": "https://app.example.com/callback https://new.example/callback"},
        ],
    )
    def test_another_application_asks_again(self, driver: Driver, fact: dict[str, str]) -> None:
        sign_in(driver, "openid nickname", "nickname")
        change(driver, **fact)
        assert silent(driver, "openid nickname")["error"] == "consent_required"

    def test_what_is_taken_away_or_reworded_does_not(self, driver: Driver) -> None:
        change(driver, redirect_uris="https://app.example.com/callback https://old.example/callback")
        sign_in(driver, "openid nickname", "nickname")
        change(driver, redirect_uris="https://app.example.com/callback", description="Reworded.")
        assert "code" in silent(driver, "openid nickname")

    def test_answer_about_one_scope_does_not_carry_the_others_over_to_another_application(self, driver: Driver) -> None:
        """Else an application could change its name and ask about nothing but who it is."""
        sign_in(driver, "openid nickname email", "nickname email")
        change(driver, name="Another")
        sign_in(driver, "openid", "")
        assert "code" in silent(driver, "openid")
        assert silent(driver, "openid email")["error"] == "consent_required"
        sign_in(driver, "openid email", "email")
        assert "code" in silent(driver, "openid email")

    def test_other_words_ask_about_what_was_allowed_in_the_old(
        self, driver: Driver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sign_in(driver, "openid", "")
        monkeypatch.setattr(scopes, "WORDING_VERSION", "99")
        monkeypatch.setattr(scopes, "is_outdated", lambda _name, wording: wording != "99")
        assert silent(driver, "openid")["error"] == "consent_required"
        sign_in(driver, "openid nickname", "nickname")
        assert "code" in silent(driver, "openid nickname")


class TestSensitive:
    def test_asked_each_time_and_never_silently(self, driver: Driver) -> None:
        tokens = sign_in(driver, "openid pay", "pay")
        assert tokens.body["scope"] == "openid pay"
        assert asked(driver.authorize(scope="openid pay"))
        assert silent(driver, "openid pay")["error"] == "consent_required"
        assert "code" in silent(driver, "openid")

    def test_declined_is_remembered(self, driver: Driver) -> None:
        sign_in(driver, "openid pay", "")
        assert "code" in silent(driver, "openid pay")


class TestOnce:
    def test_buys_exactly_one_authorization(self, driver: Driver) -> None:
        tokens = sign_in(driver, "openid nickname", "nickname", "once")
        assert driver.works(tokens.access)
        assert asked(driver.authorize(scope="openid nickname"))
        assert silent(driver, "openid")["error"] == "consent_required"

    def test_ends_with_its_hour_however_often_renewed(self, driver: Driver, later: Callable[[timedelta], None]) -> None:
        tokens = sign_in(driver, "openid offline_access", "offline_access", "once")
        for _times in range(5):
            later(timedelta(minutes=11))
            tokens = driver.refresh(tokens.refresh)
            assert tokens.status == 200
        assert tokens.body["expires_in"] <= 300
        later(timedelta(minutes=6))
        assert not driver.works(tokens.access)
        assert driver.refresh(tokens.refresh).error == "invalid_grant"


class TestBounds:
    def test_lowered_maximum_ends_older_consents_at_the_next_use(
        self, driver: Driver, later: Callable[[timedelta], None]
    ) -> None:
        tokens = sign_in(driver, "openid offline_access", "offline_access", "until-withdrawn")
        later(timedelta(days=8))
        tokens = driver.refresh(tokens.refresh)
        assert driver.works(tokens.access)
        change(driver, max_consent_days=7)
        assert not driver.works(tokens.access)
        assert driver.refresh(tokens.refresh).error == "invalid_grant"
        assert silent(driver, "openid")["error"] == "consent_required"

    def test_tokens_end_with_the_first_of_their_scopes(
        self, driver: Driver, later: Callable[[timedelta], None]
    ) -> None:
        sign_in(driver, "openid nickname", "nickname", "1")
        sign_in(driver, "openid avatar", "avatar", "365")
        later(DAY - timedelta(minutes=5))
        tokens = driver.redeem(silent(driver, "openid avatar")["code"])
        claims = jwt.decode(tokens.body["id_token"], options={"verify_signature": False})
        end = consented.terms(the(driver))["openid"].ends_at
        assert end is not None
        assert 290 <= tokens.body["expires_in"] <= 300
        assert claims["exp"] <= end.timestamp()

    def test_answer_names_the_scopes_when_they_are_fewer_than_asked(self, driver: Driver) -> None:
        assert sign_in(driver, "openid nickname avatar", "avatar").body["scope"] == "openid avatar"

    def test_scopes_of_a_token_are_those_that_hold(self, driver: Driver, later: Callable[[timedelta], None]) -> None:
        sign_in(driver, "openid nickname", "nickname", "30")
        tokens = sign_in(driver, "openid nickname email", "nickname email", "once")
        post(driver, "withdraw-scope", scope="nickname")
        record = access.find_access_token(tokens.access)
        assert record is not None
        assert record.scopes == {"openid", "email"}
