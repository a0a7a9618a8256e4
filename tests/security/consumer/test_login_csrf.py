"""Bring a browser to finish, connect or begin a sign-in that its person did not ask for."""

from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from tests import factories
from tests.consumer.journey import (
    CALLBACK,
    HOST,
    LOGIN,
    Journey,
    assert_error_page,
    is_signed_in,
    query_of,
    sign_in_as,
)
from tests.consumer.openid_provider import SUBJECT
from tests.consumer.qq_samples import OPENID, CannedQQ
from tests.security.consumer import qq_journey

pytestmark = pytest.mark.django_db


def browser(**options: Any) -> Client:
    return Client(headers={"host": HOST}, **options)


def owners() -> dict[str, str]:
    return dict(SocialAccount.objects.values_list("uid", "user__username"))


class TestStateOfSomethingElse:
    def test_answer_to_an_attackers_sign_in_is_none_of_the_victims(self, journey: Journey) -> None:
        address = journey.house.authorize(journey.leave())
        journey.visitor = browser()
        journey.leave()
        assert_error_page(journey.come_back(address), 400, "took too long")
        assert not is_signed_in(journey.visitor)
        assert not journey.house.requests_to("/token")

    def test_attackers_code_with_the_victims_state_fails_by_pkce(self, journey: Journey) -> None:
        code = query_of(journey.house.authorize(journey.leave()))["code"]
        journey.visitor = browser()
        state = query_of(journey.leave())["state"]
        answer = journey.visitor.get(CALLBACK, {"code": code, "state": state, "iss": journey.house.issuer})
        assert_error_page(answer, 400, "expired or was already used")
        assert not is_signed_in(journey.visitor)

    def test_attackers_code_fails_by_its_nonce_where_the_provider_skips_pkce(self, journey: Journey) -> None:
        code = query_of(journey.house.authorize(journey.leave()))["code"]
        journey.visitor = browser()
        asked = query_of(journey.leave())
        journey.house.codes[code]["code_challenge"] = asked["code_challenge"]
        answer = journey.visitor.get(CALLBACK, {"code": code, "state": asked["state"], "iss": journey.house.issuer})
        assert_error_page(answer, 502)
        assert not is_signed_in(journey.visitor)

    def test_state_of_one_connector_is_none_of_the_other(self, journey: Journey, qq: CannedQQ) -> None:
        houses, qqs = query_of(journey.leave())["state"], qq_journey.leave(journey.visitor)
        assert_error_page(qq_journey.come_back(journey.visitor, code="A" * 32, state=houses), 400, "took too long")
        answer = journey.visitor.get(CALLBACK, {"code": "A" * 32, "state": qqs, "iss": journey.house.issuer})
        assert_error_page(answer, 400, "took too long")
        assert not qq.asked
        assert not journey.house.requests_to("/token")

    def test_attackers_code_at_qq_signs_nobody_in_as_the_attacker(self, qq: CannedQQ, visitor: Client) -> None:
        """QQ knows neither PKCE nor nonce: there the state is all."""
        attackers = qq_journey.leave(browser())
        qq_journey.leave(visitor)
        for state in (attackers, "", "guessed"):
            assert_error_page(qq_journey.come_back(visitor, code=qq_journey.CODE, state=state), 400, "took too long")
        assert not is_signed_in(visitor)
        assert not qq.asked

    @pytest.mark.parametrize("connector", ["house", "qq"])
    def test_state_works_once_for_a_refusal_too(self, journey: Journey, qq: CannedQQ, connector: str) -> None:
        state = query_of(journey.leave())["state"] if connector == "house" else qq_journey.leave(journey.visitor)
        callback = f"/accounts/{connector}/login/callback/"
        refusal = {"error": "access_denied", "state": state, "iss": journey.house.issuer}
        assert_error_page(journey.visitor.get(callback, refusal), 403)
        answer = journey.visitor.get(callback, {"code": "A" * 32, "state": state, "iss": journey.house.issuer})
        assert_error_page(answer, 400, "took too long")

    def test_refusal_that_a_foreign_page_makes_up_ends_nothing(self, journey: Journey) -> None:
        address = journey.house.authorize(journey.leave())
        made_up = {"error": "access_denied", "state": "guessed", "iss": journey.house.issuer}
        assert_error_page(journey.visitor.get(CALLBACK, made_up), 400)
        assert journey.come_back(address).status_code == 302

    def test_two_tabs_each_finish_their_own_sign_in_whichever_comes_first(self, journey: Journey) -> None:
        first, second = (journey.house.authorize(journey.leave(next=f"/calendar/?tab={tab}")) for tab in "12")
        assert journey.come_back(second)["Location"] == "/calendar/?tab=2"
        assert journey.come_back(first)["Location"] == "/calendar/?tab=1"
        assert SocialAccount.objects.count() == 1

    def test_signing_out_ends_what_was_under_way(self, journey: Journey, victim: Any) -> None:
        sign_in_as(journey.visitor, victim)
        address = journey.house.authorize(journey.leave())
        journey.visitor.post("/accounts/logout/")
        assert_error_page(journey.come_back(address), 400, "took too long")


class TestConnecting:
    def test_connection_begun_before_the_sign_in_is_not_finished_after_it(self, journey: Journey, victim: Any) -> None:
        """An attacker who planted the session knows its state: the victim's sign-in must not make it theirs."""
        address = journey.house.authorize(journey.leave(process="connect"))
        sign_in_as(journey.visitor, victim, recently=True)
        assert_error_page(journey.come_back(address), 400)
        assert owners() == {}

    def test_the_same_holds_for_qq(self, qq: CannedQQ, visitor: Client, victim: Any) -> None:
        state = qq_journey.leave(visitor, process="connect")
        sign_in_as(visitor, victim, recently=True)
        assert_error_page(qq_journey.come_back(visitor, code=qq_journey.CODE, state=state), 400)
        assert owners() == {}

    def test_connection_of_the_person_before_is_not_finished_for_the_next(self, journey: Journey, victim: Any) -> None:
        sign_in_as(journey.visitor, factories.make_user("attacker"))
        address = journey.house.authorize(journey.leave(process="connect"))
        journey.visitor.post("/accounts/logout/")
        sign_in_as(journey.visitor, victim, recently=True)
        assert_error_page(journey.come_back(address), 400)
        assert owners() == {}

    def test_person_who_began_it_finishes_it(self, journey: Journey, qq: CannedQQ, victim: Any) -> None:
        sign_in_as(journey.visitor, victim, recently=True)
        assert journey.sign_in(form={"process": "connect"}).status_code == 302
        assert qq_journey.sign_in(journey.visitor, process="connect").status_code == 302
        assert owners() == {SUBJECT: "victim", OPENID: "victim"}

    def test_nobody_signed_in_connects_nothing(self, journey: Journey) -> None:
        assert "/accounts/3rdparty/" in journey.sign_in(form={"process": "connect"})["Location"]
        assert owners() == {}
        assert not is_signed_in(journey.visitor)

    def test_account_of_another_person_is_not_taken_over(self, journey: Journey, victim: Any) -> None:
        SocialAccount.objects.create(provider="house", uid=SUBJECT, user=victim)
        sign_in_as(journey.visitor, factories.make_user("attacker"), recently=True)
        journey.sign_in(form={"process": "connect"})
        assert owners() == {SUBJECT: "victim"}


class TestBeginning:
    @pytest.mark.parametrize("login", [LOGIN, qq_journey.LOGIN])
    @pytest.mark.parametrize("method", ["get", "head", "options", "trace", "put", "delete"])
    @pytest.mark.parametrize("query", ["", "?process=connect", "?process=connect&next=/calendar/"])
    def test_only_a_posted_form_leaves(
        self, house_entry: Any, qq: CannedQQ, visitor: Client, victim: Any, login: str, method: str, query: str
    ) -> None:
        sign_in_as(visitor, victim)
        answer = getattr(visitor, method)(login + query)
        assert answer.status_code in {200, 403, 405}
        assert "Location" not in answer
        assert "socialaccount_states" not in visitor.session

    @pytest.mark.parametrize(
        "address",
        [LOGIN, qq_journey.LOGIN, "/accounts/logout/", "/accounts/3rdparty/", "/calendar/events/",
         "/calendar/events/1/delete/", "/i18n/setlang/"],
    )  # fmt: skip
    def test_form_of_a_foreign_page_is_refused(self, house_entry: Any, qq: CannedQQ, victim: Any, address: str) -> None:
        strict = browser(enforce_csrf_checks=True)
        sign_in_as(strict, victim)
        assert strict.post(address, {"process": "connect"}).status_code == 403
        assert strict.post(address, headers={"origin": "https://evil.example"}).status_code == 403
        assert is_signed_in(strict)

    @pytest.mark.parametrize("login", [LOGIN, qq_journey.LOGIN])
    def test_form_is_checked_where_the_project_forgot_to(
        self, house_entry: Any, qq: CannedQQ, settings: Any, login: str
    ) -> None:
        settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "Csrf" not in name]
        assert browser(enforce_csrf_checks=True).post(login).status_code == 403


class TestSessionFixation:
    def test_planted_session_is_not_the_one_signed_in(self, journey: Journey) -> None:
        address = journey.house.authorize(journey.leave())
        name = next(name for name in journey.visitor.cookies if "session" in name)
        planted = journey.visitor.cookies[name].value
        assert journey.come_back(address).status_code == 302
        assert journey.visitor.cookies[name].value != planted
        thief = browser()
        thief.cookies[name] = planted
        assert "/accounts/login/" in thief.get("/calendar/")["Location"]

    def test_session_of_the_person_before_ends_at_the_sign_in(self, journey: Journey, victim: Any) -> None:
        sign_in_as(journey.visitor, victim)
        before = journey.visitor.session.session_key
        journey.sign_in()
        assert journey.visitor.session["_auth_user_id"] != str(victim.pk)
        assert not journey.visitor.session.exists(before)
