"""Be granted something in silence that only a decision of the person or of the site may grant."""

from typing import Any

import pytest
from django.urls import reverse

from provider_site.models import Consent, Registration
from provider_site.services import consents, first_party, reviews
from tests import factories
from tests.provider.driver import Driver, query

SCOPE = "openid nickname offline_access"


def silently(driver: Driver, **changes: Any) -> Any:
    """Ask for a code without a page, as a hidden frame or a redirect of another site would."""
    return driver.authorize(**({"prompt": "none", "scope": SCOPE} | changes))


@pytest.fixture
def house(driver: Driver) -> Driver:
    """Return an application of the site itself, by an administrator's decision."""
    first_party.set_first_party(application=driver.application, actor=None, value=True, reason="It is ours.")
    return driver


class TestFirstParty:
    def test_grant_in_silence_is_recorded_as_what_it_is(self, house: Driver) -> None:
        assert "code" in query(silently(house))
        consent = Consent.objects.get()
        assert (consent.source, consent.scopes) == (Consent.Source.FIRST_PARTY, frozenset(SCOPE.split()))

    def test_nobody_is_signed_in_for_a_stranger(self, house: Driver) -> None:
        house.browser.logout()
        assert query(silently(house))["error"] == "login_required"
        assert not Consent.objects.exists()

    @pytest.mark.parametrize("prompt", ["consent", "login", "select_account"])
    def test_who_is_to_be_asked_is_asked(self, house: Driver, prompt: str) -> None:
        assert "code=" not in house.authorize(prompt=prompt)["Location"]
        assert not Consent.objects.exists()

    def test_owners_address_answers_no_one_else(self, house: Driver) -> None:
        """Where owners try an application fits each of them, and those of the site most of all."""
        address = "http://localhost:8000" + reverse("provider_site:developer-try-callback")
        for prompt in ("none", None):
            answer = silently(house, redirect_uri=address, prompt=prompt)
            assert answer.status_code == 403
        assert not Consent.objects.exists()

    @pytest.mark.parametrize("status", ["draft", "submitted", "rejected", "suspended"])
    def test_application_that_serves_nobody_is_granted_nothing(self, house: Driver, status: str) -> None:
        Registration.objects.filter(application=house.application).update(status=status)
        assert silently(house).status_code == 403
        assert not Consent.objects.exists()

    def test_sensitive_scope_is_asked_for_all_the_same(self, house: Driver, settings: Any) -> None:
        pay = {"title": "Pay", "description": "Pays.", "sensitive": True}
        settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"SCOPES": {"pay": pay}}
        app = Driver(factories.make_application(scopes={"openid": True, "pay": False}), None)
        app.browser = house.browser
        first_party.set_first_party(application=app.application, actor=None, value=True, reason="It is ours.")
        assert query(silently(app, scope="openid pay"))["error"] == "consent_required"

    def test_no_outlives_every_silence(self, house: Driver, user: Any) -> None:
        silently(house)
        consents.narrow(user=user, application=house.application, scopes=["nickname"])
        tokens = house.redeem(query(silently(house))["code"])
        assert "nickname" not in tokens.body["scope"].split()
        consents.withdraw(user=user, application=house.application)
        assert not house.works(tokens.access)
        assert house.refresh(tokens.refresh).error == "invalid_grant"
        for _each in range(2):
            assert query(silently(house))["error"] == "consent_required"

    def test_decision_taken_back_ends_what_came_of_it(self, house: Driver) -> None:
        code, late = query(silently(house))["code"], query(silently(house))["code"]
        tokens = house.redeem(code)
        first_party.set_first_party(application=house.application, actor=None, value=False)
        assert not house.works(tokens.access)
        assert house.refresh(tokens.refresh).error == "invalid_grant"
        assert house.redeem(late).error == "invalid_grant"
        assert query(silently(house))["error"] == "consent_required"

    def test_public_client_is_never_one(self, house: Driver, public: Driver) -> None:
        with pytest.raises(Exception, match="public client"):
            first_party.set_first_party(application=public.application, actor=None, value=True, reason="It is ours.")
        assert query(silently(public))["error"] == "consent_required"

    def test_client_that_became_public_is_one_no_more(self, house: Driver) -> None:
        """By whatever hand: a host's own code may change the row."""
        type(house.application).objects.filter(pk=house.application.pk).update(client_type="public")
        assert query(silently(house))["error"] == "consent_required"


class TestWithdrawnMeanwhile:
    """What was on its way when the person took it back buys nothing."""

    def test_code(self, driver: Driver, user: Any) -> None:
        code = driver.code()
        consents.withdraw(user=user, application=driver.application)
        assert driver.redeem(code).error == "invalid_grant"

    def test_code_of_before_is_not_revived_by_a_new_consent(self, driver: Driver, user: Any) -> None:
        code, tokens = driver.code(), driver.tokens()
        consents.withdraw(user=user, application=driver.application)
        driver.code()
        assert driver.redeem(code).error == "invalid_grant"
        assert driver.refresh(tokens.refresh).error == "invalid_grant"
        assert not driver.works(tokens.access)

    def test_code_of_before_a_narrowing_buys_less(self, driver: Driver, user: Any) -> None:
        code = driver.code()
        consents.narrow(user=user, application=driver.application, scopes=["nickname"])
        tokens = driver.redeem(code)
        assert tokens.body["scope"] == "openid offline_access"
        assert "nickname" not in driver.userinfo(tokens.access).json()

    def test_allowed_page_of_before_is_not_answered_in_silence(self, driver: Driver, user: Any) -> None:
        """Allowed in one tab and taken back in another, before the first went on."""
        page = driver.authorize()["Location"]
        sent = {"scope": ["nickname"], "decision": "allow", "duration": "30"}
        onward = driver.browser.post(page, sent)["Location"]
        consents.withdraw(user=user, application=driver.application)
        answer = driver.browser.get(onward)
        assert "code=" not in answer.headers.get("Location", "")
        reviews.suspend(application=driver.application, actor=None, reason="Spam.")
        assert driver.browser.get(onward).status_code == 403
