"""portal/connected: the list, one app's page, and each thing to take back, through HTTP."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from oauth2_provider.models import get_refresh_token_model

from provider_site.models import ApplicationScope, AuditEvent, Authorization, Consent, Registration
from provider_site.policy import terms
from provider_site.services import profiles, reviews
from tests import factories
from tests.provider.driver import Driver, Tokens

LIST = "/o/apps/"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"


def own(driver: Driver, rest: str = "") -> str:
    """Return an address of the application's page."""
    return f"{LIST}{driver.application.pk}/{rest}"


def read(driver: Driver, address: str = LIST) -> str:
    answer = driver.browser.get(address)
    assert answer.status_code == 200, address
    return str(answer.content.decode())


def consent_of(driver: Driver) -> Consent:
    return Consent.objects.get(application=driver.application)


def allowed(user: Any, application: Any, *, scope: str = "openid", **facts: Any) -> Consent:
    now = timezone.now()
    return Consent.objects.create(user=user, application=application, scope=scope, **({"given_at": now} | facts))


@pytest.fixture
def tokens(driver: Driver, user: Any) -> Tokens:
    """Return live tokens of somebody with a nickname, who allowed to see it and declined the avatar."""
    profiles.set_nickname(user=user, nickname="林 Ada")
    driver.browser.defaults["HTTP_USER_AGENT"] = FIREFOX
    return driver.tokens(scope="openid nickname avatar offline_access")


class TestList:
    def test_card_says_who_what_and_until_when_and_leads_on(self, driver: Driver, tokens: Tokens) -> None:
        text = read(driver)
        assert driver.application.name in text
        assert "See your nickname" in text
        assert "See your avatar" not in text
        assert f'href="{own(driver)}"' in text
        assert f'action="{own(driver, "withdraw/")}"' in text

    @pytest.mark.parametrize(
        ("facts", "words"),
        [
            ({"ends_at": None}, "you withdraw it"),
            ({"duration": "once", "terms": True}, "only this once"),
        ],
    )
    def test_end_is_said_in_words(self, driver: Driver, user: Any, facts: dict[str, Any], words: str) -> None:
        now = timezone.now()
        if facts.pop("terms", False):
            end = now + timedelta(minutes=30)
            facts |= {"terms": terms.to_json({"openid": terms.Term(now, end, once=True)}), "ends_at": end}
        allowed(user, driver.application, **facts)
        assert words in read(driver)

    def test_time_of_the_oldest_is_when_it_began(self, driver: Driver, user: Any) -> None:
        now = timezone.now()
        terms_of_both = {
            "openid": terms.Term(now - timedelta(days=90), None),
            "nickname": terms.Term(now, now + timedelta(hours=1), once=True),
        }
        allowed(user, driver.application, scope="openid nickname", terms=terms.to_json(terms_of_both))
        began = timezone.localtime(now - timedelta(days=90)).date().isoformat()
        assert f'<dt>Since</dt><dd><time datetime="{began}' in read(driver)
        page = read(driver, own(driver))
        assert f'<dt>Since</dt><dd><time datetime="{began}' in page
        assert "at most." in page
        assert ".." not in page

    def test_maximum_of_the_application_bounds_the_end(self, driver: Driver, user: Any) -> None:
        allowed(user, driver.application, given_at=timezone.now() - timedelta(days=5), ends_at=None)
        Registration.objects.update(max_consent_days=10)
        assert "you withdraw it" not in read(driver)

    def test_app_about_to_end_unused_comes_first_and_says_when(self, driver: Driver, user: Any) -> None:
        now = timezone.now()
        allowed(user, driver.application, given_at=now - timedelta(days=170), unused_warned_at=now)
        allowed(user, factories.make_application(name="Fresh").application)
        text = read(driver)
        assert "it ends by itself on" in text
        assert text.count("<dd>you withdraw it</dd>") == 1, "only the other: its facts agree with the warning"
        assert text.index(driver.application.name) < text.index("Fresh")

    def test_app_in_use_says_nothing_of_an_end(self, driver: Driver, tokens: Tokens) -> None:
        assert "it ends by itself" not in read(driver)

    @pytest.mark.parametrize(
        ("facts", "words"),
        [
            ({"closed_reason": "withdrawn"}, "Withdrawn"),
            ({"closed_reason": "ended"}, "Ended: its time was over"),
            ({"closed_reason": "unused"}, "Ended: not used for long"),
            ({"closed_reason": "administrator"}, "Ended by the people who run this site"),
            ({"ends_at": True}, "Ended: its time was over"),
        ],
    )
    def test_past_consent_is_told_with_its_reason_and_record(
        self, driver: Driver, user: Any, facts: dict[str, Any], words: str
    ) -> None:
        over = timezone.now() - timedelta(seconds=1)
        end = {"closed_at": over} if "closed_reason" in facts else {"ends_at": over}
        consent = allowed(user, driver.application, **(facts | end))
        text = read(driver)
        assert words in text
        assert own(driver, f"receipt/{consent.pk}/") in text
        assert "No app sees anything of you." in text

    def test_many_apps_take_pages_and_no_query_each(
        self, driver: Driver, user: Any, django_assert_max_num_queries: Any
    ) -> None:
        allowed(user, driver.application)
        with CaptureQueriesContext(connection) as few:
            read(driver)
        owners = [factories.make_user() for _each in range(3)]
        for number in range(60):
            made = factories.make_application(owners[number % 3], scopes={"openid": True}).application
            allowed(user, made, closed_at=timezone.now() if number % 12 == 0 else None)
        with django_assert_max_num_queries(len(few)):
            text = read(driver)
        assert text.count("app-card") == 50 + 1  # and the list of them
        page = re.search(r'rel="next" href="([^"]+)"', text)
        assert page
        behind = read(driver, LIST + page[1])
        assert behind.count('class="card app-card"') == 6
        assert 'rel="next"' not in behind
        page = re.search(r'rel="prev" href="([^"]+)"', behind)
        assert page
        assert read(driver, LIST + page[1]).count('class="card app-card"') == 50
        assert read(driver, f"{LIST}?page=nonsense").count('class="card app-card"') == 50

    def test_sixty_scopes_are_counted_rather_than_listed(self, driver: Driver, user: Any, settings: Any) -> None:
        scopes = {f"calendar:{number}": {"title": f"Calendar {number}"} for number in range(60)}
        settings.PROVIDER_SITE = {**settings.PROVIDER_SITE, "SCOPES": scopes}
        allowed(user, driver.application, scope=" ".join(["openid", *scopes]))
        text = read(driver)
        assert "and 53 more" in text
        assert "Calendar 59" not in text
        assert "Calendar 59" in read(driver, own(driver))


class TestPage:
    def test_each_scope_shows_the_very_value(self, driver: Driver, tokens: Tokens) -> None:
        text = read(driver, own(driver))
        assert "<bdi>林 Ada</bdi>" in text
        assert "What you declined or withdrew" in text
        assert "See your avatar" in text
        assert f'action="{own(driver, "withdraw-scope/")}"' in text
        assert 'name="scope" value="nickname"' in text
        assert 'name="scope" value="openid"' not in text

    def test_required_scope_can_be_withdrawn_with_its_consequence_said(self, driver: Driver, tokens: Tokens) -> None:
        assert "will ask again" not in read(driver, own(driver))
        ApplicationScope.objects.filter(scope="nickname").update(required=True)
        text = read(driver, own(driver))
        assert "It cannot sign you in without this and will ask again." in text
        assert 'name="scope" value="nickname"' in text

    def test_scope_the_app_asks_for_no_more_is_said_not_to_be_shared(self, driver: Driver, tokens: Tokens) -> None:
        ApplicationScope.objects.filter(scope="nickname").delete()
        text = read(driver, own(driver))
        assert "the app does not ask for it any more" in text
        assert "林 Ada" not in text

    def test_identity_has_what_people_judge_an_app_by(self, driver: Driver, tokens: Tokens) -> None:
        links = {
            name: f"https://app.example.com/{name}" for name in ("homepage_url", "privacy_policy_url", "terms_url")
        }
        Registration.objects.update(description="Shows your days.", **links)
        text = read(driver, own(driver))
        assert "Reviewed by" in text
        assert "What it sees now" in text
        assert all(words in text for words in ("Shows your days.", *links.values()))
        Registration.objects.update(status="rejected")
        text = read(driver, own(driver))
        assert "Not reviewed by" in text
        assert "The app is not open to people at present" in text
        assert "What it sees now" not in text

    def test_suspended_app_says_why_and_lends_no_links(self, driver: Driver, tokens: Tokens) -> None:
        Registration.objects.update(homepage_url="https://app.example.com/home")
        reviews.suspend(application=driver.application, actor=None, reason="It sends <b>spam</b>.")
        text = read(driver, own(driver))
        assert "It sends &lt;b&gt;spam&lt;/b&gt;." in text
        assert "https://app.example.com/home" not in text
        assert "Still signed in" not in text

    def test_page_takes_no_query_per_scope(
        self, driver: Driver, user: Any, settings: Any, django_assert_max_num_queries: Any
    ) -> None:
        scopes = {f"calendar:{number}": {"title": f"Calendar {number}"} for number in range(60)}
        settings.PROVIDER_SITE = {**settings.PROVIDER_SITE, "SCOPES": scopes}
        consent = allowed(user, driver.application)
        read(driver, own(driver))
        with CaptureQueriesContext(connection) as few:
            read(driver, own(driver))
        Consent.objects.filter(pk=consent.pk).update(scope=" ".join(["openid", *scopes]))
        with django_assert_max_num_queries(len(few)):
            read(driver, own(driver))


class TestActivity:
    def test_sign_in_tells_where_from_how_and_that_it_lasts(self, driver: Driver, tokens: Tokens) -> None:
        Authorization.objects.update(amr=["pwd", "otp", "face"])
        text = read(driver, own(driver))
        assert "Firefox on Windows" in text
        assert "<bdi>127.0.0.1</bdi>" in text
        assert "password, one-time code, face" in text
        assert "Still signed in" in text

    def test_sign_in_that_ended_says_why(self, driver: Driver, tokens: Tokens) -> None:
        driver.browser.post(own(driver, "sign-out/"))
        text = read(driver, own(driver))
        assert "you signed out of the app" in text
        assert "Still signed in" not in text

    def test_sign_in_whose_tokens_ran_out_is_over(self, driver: Driver, tokens: Tokens) -> None:
        long_ago = timezone.now() - timedelta(days=60)
        Authorization.objects.update(consumed_at=long_ago)
        assert "Still signed in" in read(driver, own(driver)), "the refresh token renews it"
        get_refresh_token_model().objects.update(created=long_ago)
        assert "Over: its time ran out" in read(driver, own(driver))

    def test_code_never_exchanged_is_no_sign_in(self, driver: Driver) -> None:
        driver.code()
        text = read(driver, own(driver))
        assert "Not completed" in text
        assert "Still signed in" not in text

    def test_only_the_last_ten_are_told(self, driver: Driver, tokens: Tokens) -> None:
        for number in range(12):
            row = Authorization.objects.order_by("created")[0]
            row.pk, row.code_digest, row.user_agent = None, str(number), ""
            row.save(force_insert=True)
        assert read(driver, own(driver)).count("unknown device") == 10

    def test_decisions_are_told_and_only_ones_own(self, driver: Driver, tokens: Tokens, other_user: Any) -> None:
        driver.browser.post(own(driver, "withdraw-scope/"), {"scope": "nickname"})
        driver.browser.post(own(driver, "sign-out/"))
        consents_of_other = allowed(other_user, driver.application)
        AuditEvent.objects.create(
            action="consent.withdrawn",
            actor=driver_user(driver),
            application=driver.application,
            data={"consent": consents_of_other.pk},
        )
        text = read(driver, own(driver))
        assert all(words in text for words in ("You allowed:", "You withdrew:", "You signed out of the app here"))
        assert "You withdrew everything" not in text


def driver_user(driver: Driver) -> Any:
    return Consent.objects.filter(application=driver.application).order_by("pk")[0].user


class TestTakingBack:
    def test_one_scope_is_gone_on_the_very_next_request(self, driver: Driver, tokens: Tokens) -> None:
        assert driver.userinfo(tokens.access).json()["nickname"] == "林 Ada"
        answer = driver.browser.post(own(driver, "withdraw-scope/"), {"scope": "nickname"}, follow=True)
        assert answer.redirect_chain == [(own(driver), 303)]
        assert "Withdrawn from" in answer.content.decode()
        told = driver.userinfo(tokens.access)
        assert told.status_code == 200
        assert "nickname" not in told.json()
        assert consent_of(driver).scopes == {"openid", "offline_access"}

    def test_everything_is_gone_on_the_very_next_request(self, driver: Driver, tokens: Tokens) -> None:
        answer = driver.browser.post(own(driver, "withdraw/"), follow=True)
        assert answer.redirect_chain == [(LIST, 303)]
        assert "can no longer see your data." in answer.content.decode()
        assert not driver.works(tokens.access)
        assert driver.refresh(tokens.refresh).error == "invalid_grant"

    def test_signed_out_the_tokens_are_dead_and_the_consent_stays(self, driver: Driver, tokens: Tokens) -> None:
        answer = driver.browser.post(own(driver, "sign-out/"), follow=True)
        assert answer.redirect_chain == [(own(driver), 303)]
        assert "You are signed out of" in answer.content.decode()
        assert not driver.works(tokens.access)
        assert driver.refresh(tokens.refresh).error == "invalid_grant"
        assert consent_of(driver).closed_at is None

    def test_openid_takes_the_rest_with_it(self, driver: Driver, tokens: Tokens) -> None:
        answer = driver.browser.post(own(driver, "withdraw-scope/"), {"scope": "openid"})
        assert (answer.status_code, answer["Location"]) == (303, LIST)
        assert consent_of(driver).closed_reason == "withdrawn"

    @pytest.mark.parametrize("scope", ["", "unheard-of", "avatar"])
    def test_what_it_does_not_have_changes_nothing(self, driver: Driver, tokens: Tokens, scope: str) -> None:
        before = consent_of(driver).scopes
        assert driver.browser.post(own(driver, "withdraw-scope/"), {"scope": scope}).status_code == 303
        assert consent_of(driver).scopes == before

    def test_second_click_is_answered_like_the_first_and_says_nothing(self, driver: Driver, tokens: Tokens) -> None:
        driver.browser.post(own(driver, "withdraw/"), follow=True)
        for step in ("withdraw/", "sign-out/", "withdraw-scope/"):
            answer = driver.browser.post(own(driver, step), {"scope": "nickname"}, follow=True)
            assert answer.status_code == 200
            assert 'role="status"' not in answer.content.decode()

    def test_withdrawn_app_keeps_a_page_with_its_record(self, driver: Driver, tokens: Tokens) -> None:
        driver.browser.post(own(driver, "withdraw/"))
        text = read(driver, own(driver))
        assert "It sees nothing of you" in text
        assert "withdraw-scope" not in text
        assert own(driver, f"receipt/{consent_of(driver).pk}/") in text


class TestStrangers:
    PAGES = ("", "receipt/{consent}/")
    STEPS = ("withdraw/", "withdraw-scope/", "sign-out/")

    def test_app_of_somebody_else_is_not_there(self, driver: Driver, tokens: Tokens, other_user: Any) -> None:
        consent = consent_of(driver)
        driver.sign_in_again(other_user)
        for page in self.PAGES:
            assert driver.browser.get(own(driver, page.format(consent=consent.pk))).status_code == 404
        for step in self.STEPS:
            assert driver.browser.post(own(driver, step), {"scope": "nickname"}).status_code == 404
        assert driver.works(tokens.access)

    @pytest.mark.parametrize("key", ["0", "999999999999999999999999", "nonsense", "%00"])
    def test_unknown_app_is_not_there(self, driver: Driver, key: str) -> None:
        for page in self.PAGES:
            assert driver.browser.get(f"{LIST}{key}/{page.format(consent=1)}").status_code == 404
        for step in self.STEPS:
            assert driver.browser.post(f"{LIST}{key}/{step}").status_code == 404

    def test_nobody_is_led_to_the_sign_in(self, driver: Driver, tokens: Tokens) -> None:
        nobody = Client(headers={"host": "localhost:8000"})
        for page in self.PAGES:
            assert "/login/" in nobody.get(own(driver, page.format(consent=1)))["Location"]
        for step in self.STEPS:
            assert "/login/" in nobody.post(own(driver, step))["Location"]
        assert driver.works(tokens.access)

    def test_only_a_form_takes_back_and_only_with_its_token(self, driver: Driver, tokens: Tokens) -> None:
        strict = Client(headers={"host": "localhost:8000"}, enforce_csrf_checks=True)
        strict.cookies = driver.browser.cookies
        for step in self.STEPS:
            assert driver.browser.get(own(driver, step)).status_code == 405
            assert strict.post(own(driver, step), {"scope": "nickname"}).status_code == 403
        assert driver.works(tokens.access)


def test_pages_are_neither_kept_nor_framed(driver: Driver, tokens: Tokens) -> None:
    for address in (LIST, own(driver), own(driver, f"receipt/{consent_of(driver).pk}/")):
        answer = driver.browser.get(address)
        assert "no-store" in answer["Cache-Control"]
        assert answer["X-Frame-Options"] == "DENY"


def test_withdrawal_asks_for_no_recent_sign_in(driver: Driver, tokens: Tokens) -> None:
    session = driver.browser.session
    session["provider_site.auth_time"] = (timezone.now() - timedelta(days=5)).timestamp()
    session.save()
    driver.browser.post(own(driver, "withdraw/"))
    assert consent_of(driver).closed_reason == "withdrawn"


def test_app_without_a_registration_is_listed_and_taken_back(user: Any, driver: Driver) -> None:
    allowed(user, driver.application, scope="openid nickname")
    Registration.objects.all().delete()
    assert driver.application.name in read(driver)
    assert "Who makes this app is not known." in read(driver, own(driver))
    driver.browser.post(own(driver, "withdraw/"))
    assert consent_of(driver).closed_reason == "withdrawn"
