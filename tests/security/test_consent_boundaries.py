"""Get identifiers of people, or what they allowed somebody else, past the consent they gave."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from provider_site.models import Authorization, Consent, OutboxMessage, Registration
from provider_site.services import consents
from tests import factories
from tests.provider.driver import Driver, query


def told_of() -> list[Any]:
    """Return the claims of every event that waits for an application."""
    rows = OutboxMessage.objects.filter(kind="security-event").order_by("pk")
    return [row.payload["claims"] for row in rows]


class TestIdentifiers:
    def test_application_without_openid_hears_of_nobody(self, driver: Driver, user: Any) -> None:
        """It never learned who the person is: no event may tell it."""
        blind = factories.make_application(
            scopes={"nickname": False, "offline_access": False}, events_url="https://b.example/e"
        )
        other = Driver(blind, user)
        tokens = other.tokens(scope="nickname offline_access")
        assert other.userinfo(tokens.access).status_code == 403
        consents.narrow(user=user, application=blind.application, scopes=["nickname"])
        consents.sign_out(user=user, application=blind.application)
        consents.withdraw(user=user, application=blind.application)
        assert told_of() == []

    def test_application_whose_time_is_over_hears_of_no_account(self, driver: Driver, user: Any) -> None:
        """Though the nightly run has yet to close the consent."""
        over = Driver(factories.make_application(events_url="https://over.example/e"), user)
        for app in (driver, over):
            app.tokens()
        Registration.objects.filter(application=driver.application).update(events_url="https://app.example.com/e")
        past = timezone.now() - timedelta(seconds=1)
        Consent.objects.filter(application=over.application).update(ends_at=past)
        user.is_active = False
        user.save()
        assert [claims["aud"] for claims in told_of()] == [driver.application.client_id]

    @pytest.mark.parametrize(
        "address",
        [
            "https://localhost:8443/cb",
            "https://127.0.0.1/cb",
            "https://app.localhost/cb",
            "https://10.0.0.7/cb",
            "https://[::1]/cb",
        ],
    )
    def test_address_that_is_nobodys_own_links_no_people_across_owners(
        self, driver: Driver, user: Any, address: str
    ) -> None:
        subjects = set()
        for _each in range(2):
            registered = factories.make_application(
                redirect_uris=[address], subject_type=Registration.SubjectType.PAIRWISE
            )
            mine = Driver(registered, user, redirect_uri=address)
            subjects.add(mine.id_token(mine.tokens())["sub"])
        assert len(subjects) == 2


class TestWhereFrom:
    @pytest.mark.parametrize(
        "address", ["junk", "unix:", "1.2.3.4, 5.6.7.8", "203.0.113.9:1234", "1\x00", "fe80::1%eth0", "9" * 9999]
    )
    def test_address_that_is_none_keeps_nobody_out(self, driver: Driver, address: str) -> None:
        """Proxies and unix sockets put there what they like; PostgreSQL keeps addresses alone."""
        driver.browser.defaults["REMOTE_ADDR"] = address
        driver.tokens()
        assert Authorization.objects.get().address in {None, "fe80::1", "203.0.113.9"}


class TestSoldApplication:
    """What was allowed the apps of one maker is nothing that another may buy."""

    def test_unionid_of_the_new_owner_is_told_to_no_old_token(self, driver: Driver, user: Any) -> None:
        registered = factories.make_application(scopes={"openid": True, "unionid": False, "offline_access": False})
        app, rows = Driver(registered, user), Registration.objects.filter(application=registered.application)
        scopes = ["unionid", "offline_access"]
        tokens = app.tokens(scope=" ".join(["openid", *scopes]), scopes=scopes)
        before, seller = app.userinfo(tokens.access).json(), rows.get().owner
        assert before["unionid"]
        rows.update(owner=factories.make_user())
        assert "unionid" not in app.userinfo(tokens.access).json()
        renewed = app.refresh(tokens.refresh)
        assert "unionid" not in renewed.body["scope"].split()
        assert app.userinfo(renewed.access).json()["sub"] == before["sub"]
        rows.update(owner=None)
        assert "unionid" not in app.userinfo(renewed.access).json()
        rows.update(owner=seller)
        assert app.userinfo(app.refresh(renewed.refresh).access).json()["unionid"] == before["unionid"]

    def test_person_is_asked_before_the_new_owner_gets_one(self, driver: Driver, user: Any) -> None:
        registered = factories.make_application(scopes={"openid": True, "unionid": False})
        app = Driver(registered, user)
        asked = {"scope": "openid unionid", "scopes": ["unionid"]}
        before = app.userinfo(app.tokens(**asked).access).json()["unionid"]
        Registration.objects.filter(application=registered.application).update(owner=factories.make_user())
        assert query(app.authorize(scope="openid unionid", prompt="none"))["error"] == "consent_required"
        assert app.authorize(scope="openid")["Location"].startswith("/o/consent/")
        after = app.userinfo(app.tokens(**asked).access).json()["unionid"]
        assert after != before
