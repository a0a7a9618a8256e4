"""Rate limits, as those meet them who try to get around: by headers, by names of others, by many at once."""

from typing import Any

import pytest
from django.core import mail
from django.test import Client

from provider_site.services import limits
from tests import factories
from tests.provider.developer import pages
from tests.provider.developer.browsers import signed_in
from tests.provider.driver import ISSUER_HOST, Driver

SPOOFS = [{"X-Forwarded-For": "203.0.113.7"}, {"Forwarded": "for=203.0.113.7"}, {"X-Real-IP": "203.0.113.7"}]


def limit_to(settings: Any, **rates: str | None) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"RATE_LIMITS": rates}


def behind_proxies(settings: Any, number: int) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"TRUSTED_PROXIES": number}


def wait_of(answer: Any) -> int:
    """Return the seconds that a refusal names; it says so to whoever has asked, and no cache keeps it."""
    assert answer.headers["Cache-Control"].count("no-store") == 1
    return int(answer.headers["Retry-After"])


class TestWrongSecrets:
    @pytest.fixture(autouse=True)
    def few(self, settings: Any) -> None:
        limit_to(settings, failures="3/m", network_failures="6/m")

    def guess(self, driver: Driver, **headers: str) -> Any:
        return driver.token(headers=driver.basic(secret="guessed") | headers, grant_type="client_credentials")

    def test_guesses_are_refused_after_a_few(self, driver: Driver) -> None:
        answers = [self.guess(driver) for _one in range(5)]
        assert [one.status for one in answers] == [401, 401, 401, 401, 429]
        assert answers[-1].error == "temporarily_unavailable"
        assert 1 <= wait_of(answers[-1]) <= 60

    @pytest.mark.parametrize("spoof", SPOOFS, ids=lambda spoof: next(iter(spoof)))
    def test_address_of_one_s_own_choice_is_not_believed(self, driver: Driver, spoof: dict[str, str]) -> None:
        for _one in range(4):
            self.guess(driver)
        assert self.guess(driver, **spoof).status == 429

    def test_address_before_the_trusted_proxy_is_not_believed(self, driver: Driver, settings: Any) -> None:
        behind_proxies(settings, 1)
        for number in range(4):
            self.guess(driver, **{"X-Forwarded-For": f"203.0.113.{number}, 198.51.100.1"})
        assert self.guess(driver, **{"X-Forwarded-For": "203.0.113.99, 198.51.100.1"}).status == 429
        assert self.guess(driver, **{"X-Forwarded-For": "203.0.113.99, 198.51.100.2"}).status == 401

    def test_one_ipv6_network_is_one(self, driver: Driver, settings: Any) -> None:
        behind_proxies(settings, 1)
        for number in range(4):
            self.guess(driver, **{"X-Forwarded-For": f"2001:db8::{number}"})
        assert self.guess(driver, **{"X-Forwarded-For": "2001:db8::ffff"}).status == 429
        assert self.guess(driver, **{"X-Forwarded-For": "2001:db8:0:1::1"}).status == 401

    def test_nobody_is_kept_out_by_guesses_in_their_name(self, driver: Driver, settings: Any) -> None:
        tokens = driver.tokens()
        for _one in range(5):
            self.guess(driver)
        assert driver.refresh(tokens.refresh).status == 200  # from the same address, even

    def test_other_names_are_no_way_around(self, driver: Driver) -> None:
        def guess(name: str) -> int:
            form = {"grant_type": "client_credentials", "client_id": name, "client_secret": "guessed"}
            return int(driver.token(headers={}, **form).status)

        assert [guess(f"client-{number}") for number in range(8)] == [401] * 7 + [429]

    def test_codes_and_refresh_tokens_are_guessed_as_slowly(self, driver: Driver) -> None:
        for number in range(4):
            assert driver.refresh(f"guess-{number}").error == "invalid_grant"
        assert driver.redeem("guess").status == 429
        answer = driver.backchannel.post("/o/revoke_token/", {"token": "x"}, headers=driver.basic(secret="guessed"))
        assert answer.status_code in {400, 429}

    def test_what_is_asked_wrongly_is_no_guess(self, driver: Driver) -> None:
        for _one in range(10):
            assert driver.token(grant_type="authorization_code").error == "invalid_request"


class TestShareOfAClient:
    def test_client_beyond_its_share_waits_and_no_other(self, driver: Driver, attacker: Driver, settings: Any) -> None:
        limit_to(settings, token="2/m")
        refresh = driver.tokens().refresh
        refresh = driver.refresh(refresh).refresh
        driver.introspect(refresh)  # is another limit
        assert driver.refresh("wrong").error == "invalid_grant"
        answer = driver.refresh(refresh)
        assert answer.status == 200, "what was refused was counted"
        assert driver.refresh(answer.refresh).status == 429
        assert attacker.refresh("wrong").error == "invalid_grant"
        limits.forget()  # another process
        assert driver.refresh(answer.refresh).status == 200
        assert driver.refresh(answer.refresh).status == 429

    def test_share_is_not_used_up_by_who_only_names_the_client(self, driver: Driver, settings: Any) -> None:
        limit_to(settings, token="2/m", failures=None, network_failures=None)
        for _one in range(20):
            driver.token(headers=driver.basic(secret="guessed"), grant_type="client_credentials")
        assert driver.tokens().status == 200

    def test_public_client_waits_where_it_asks_too_often_and_nowhere_else(self, public: Driver, settings: Any) -> None:
        limit_to(settings, token="1/m")
        behind_proxies(settings, 1)

        def redeem(address: str) -> int:
            form = {"client_id": public.application.client_id, "headers": {"X-Forwarded-For": address}}
            return int(public.redeem(public.code(), **form).status)

        assert [redeem("198.51.100.1") for _one in range(3)] == [200, 200, 429]
        assert redeem("198.51.100.2") == 200

    def test_introspection_has_a_limit_of_its_own(self, driver: Driver, settings: Any) -> None:
        limit_to(settings, introspection="2/m")
        access = driver.tokens().access
        headers = driver.basic() | {"Content-Type": "application/x-www-form-urlencoded"}
        answers = [
            driver.backchannel.generic(
                "POST", "/o/introspect/", f"token={access}", headers["Content-Type"], headers=headers
            )
            for _one in range(4)
        ]
        assert [one.status_code for one in answers] == [200, 200, 200, 429]
        assert wait_of(answers[-1]) >= 1


class TestPages:
    def test_strangers_fill_no_database_with_requests(self, driver: Driver, settings: Any) -> None:
        limit_to(settings, authorize="2/m")
        stranger = Client(headers={"host": ISSUER_HOST})
        answers = [stranger.get("/o/authorize/", driver.request_parameters()) for _one in range(3)]
        assert [one.status_code for one in answers] == [302, 302, 429]
        assert int(answers[-1]["Retry-After"]) >= 1
        assert "Wait 1 minute" in answers[-1].content.decode()
        elsewhere = stranger.get("/o/authorize/", driver.request_parameters(), REMOTE_ADDR="198.51.100.9")
        assert elsewhere.status_code == 302

    def test_who_has_consented_is_let_through_all_the_same(self, driver: Driver, settings: Any) -> None:
        driver.tokens()
        limit_to(settings, authorize="1/h")
        assert all(driver.code() for _one in range(3))

    def test_decisions_of_one_person_are_bounded(self, driver: Driver, attacker: Driver, settings: Any) -> None:
        limit_to(settings, consent="1/h")
        first = driver.authorize()
        assert driver.consent(first, decision="deny").status_code == 302
        again = driver.authorize()
        refused = driver.consent(again, decision="deny")
        assert refused.status_code == 429
        assert "Nothing is lost" in refused.content.decode()
        assert attacker.consent(attacker.authorize(), decision="deny").status_code == 302

    def test_registrations_of_one_person_are_bounded_and_nothing_written_is_lost(
        self, user: Any, other_user: Any, settings: Any
    ) -> None:
        settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"WHO_MAY_REGISTER": "everyone"}
        limit_to(settings, registration="1/h")
        developer = signed_in(user)
        assert pages.register(developer).status_code == 201
        refused = pages.register(developer)
        assert refused.status_code == 429
        assert "This was done very often" in refused.content.decode()
        assert 'value="Timetable"' in refused.content.decode()
        assert pages.register(signed_in(other_user)).status_code == 201

    def test_one_person_sends_strangers_only_so_many_mails(self, user: Any, settings: Any) -> None:
        limit_to(settings, invitation="1/h")
        application = factories.make_application(user, status="draft").application
        owner, address = signed_in(user), f"/o/developer/{application.pk}/members/invite/"
        people = [factories.make_user() for _one in range(2)]
        answers = [owner.post(address, {"identifier": one.email, "role": "tester"}).status_code for one in people]
        assert answers == [302, 429]
        assert len(mail.outbox) <= 1


class TestSignIn:
    def sign_in(self, name: str, password: str, address: str = "127.0.0.1") -> Any:
        browser = Client(headers={"host": ISSUER_HOST}, REMOTE_ADDR=address)
        return browser.post("/accounts/login/", {"login": name, "password": password})

    def test_locked_out_person_has_a_way_in_by_their_mailbox(self, user: Any) -> None:
        user.emailaddress_set.create(email=user.email, verified=True, primary=True)
        for number in range(6):  # somebody else, from many addresses
            self.sign_in(user.email, "guessed", f"198.51.100.{number}")
        locked = self.sign_in(user.email, factories.PASSWORD)
        assert locked.status_code == 200
        assert "Too many failed login attempts" in locked.content.decode()

        browser = Client(headers={"host": ISSUER_HOST})
        assert browser.post("/accounts/password/reset/", {"email": user.email}).status_code == 302
        link = next(word for word in mail.outbox[-1].body.split() if "/password/reset/key/" in word)
        page = browser.get(link.replace(f"http://{ISSUER_HOST}", ""), follow=True)
        form = {"password1": "quite another staple", "password2": "quite another staple"}
        assert browser.post(page.redirect_chain[-1][0], form).status_code == 302
        assert self.sign_in(user.email, "quite another staple").status_code == 302

    def test_refusal_of_allauth_is_a_page_of_ours(self, user: Any) -> None:
        answers = [
            Client(headers={"host": ISSUER_HOST, "accept-language": "en"}).post(
                "/accounts/password/reset/", {"email": f"nobody{number}@example.com"}
            )
            for number in range(21)
        ]
        assert answers[-1].status_code == 429
        assert answers[-1]["Retry-After"] == "300"
        assert "Nothing is lost or locked" in answers[-1].content.decode()


class TestOverload:
    @pytest.fixture
    def moment(self, monkeypatch: pytest.MonkeyPatch) -> float:
        """Stop the clock of who looks at how long a request has waited."""
        from provider_site import middleware

        class Clock:
            def time(self) -> float:
                return 1_700_000_000.0

        monkeypatch.setattr(middleware, "time", Clock())
        return 1_700_000_000.0

    @pytest.mark.parametrize("form", ["t={:.3f}", "{:.3f}", "t={:.0f}000", "{:.0f}000000"])
    def test_request_that_waited_too_long_is_refused(
        self, driver: Driver, settings: Any, moment: float, form: str
    ) -> None:
        behind_proxies(settings, 1)
        late, timely = form.format(moment - 6), form.format(moment - 4)
        answer = driver.backchannel.get("/o/.well-known/openid-configuration", headers={"X-Request-Start": late})
        assert answer.status_code == 503
        assert answer.json()["error"] == "temporarily_unavailable"
        assert 1 <= wait_of(answer) <= 5
        page = driver.browser.get("/o/apps/", headers={"X-Request-Start": late, "Accept": "text/html"})
        assert (page.status_code, page["Content-Type"]) == (503, "text/html; charset=utf-8")
        assert driver.browser.get("/o/apps/", headers={"X-Request-Start": timely}).status_code == 200

    @pytest.mark.parametrize("ago", ["-1000", "", "nan", "inf", "-inf", "x"])
    def test_nonsense_and_other_clocks_refuse_nobody(
        self, driver: Driver, settings: Any, moment: float, ago: str
    ) -> None:
        behind_proxies(settings, 1)
        for text in (ago, f"t={moment - 1000}", f"t={moment + 1000}"):
            assert driver.browser.get("/o/apps/", headers={"X-Request-Start": text}).status_code == 200

    def test_without_a_proxy_nobody_says_how_long_they_waited(self, driver: Driver, moment: float) -> None:
        assert driver.browser.get("/o/apps/", headers={"X-Request-Start": f"t={moment - 6}"}).status_code == 200
