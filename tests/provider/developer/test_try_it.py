"""Owners run the real flow of their application and see what it says."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.test.utils import override_script_prefix
from oauth2_provider.models import get_access_token_model, get_refresh_token_model

from provider_site.models import ClientSecret, Consent, Member, Registration
from provider_site.services import secrets
from tests import factories
from tests.browser.test_provider_pages import sign_in
from tests.provider.developer import trying
from tests.provider.driver import ISSUER_HOST, Driver, plant_signing_key
from tests.servers import LiveSites

ALL = ("openid", "nickname", "offline_access")


@pytest.fixture
def own(user: Any) -> Callable[..., Driver]:
    """Return a function that registers an application of the signed-in person's own."""
    plant_signing_key()
    return lambda **facts: Driver(factories.make_application(user, **facts), user)


def start_page(driver: Driver) -> Any:
    return driver.browser.get(f"/o/developer/{driver.application.pk}/try/")


def send_alone(driver: Driver) -> Any:
    """Press the one button there is for an application without people."""
    return driver.browser.post(f"/o/developer/{driver.application.pk}/try/")


def make_machine(driver: Driver) -> None:
    application = driver.application
    application.authorization_grant_type, application.redirect_uris = "client-credentials", ""
    application.save()


class TestWayThere:
    def test_anonymous_visitor_is_asked_to_sign_in(self, own: Any) -> None:
        address = f"/o/developer/{own().application.pk}/try/"
        answer = Client(headers={"host": ISSUER_HOST}).get(address)
        assert answer.status_code == 302
        assert "/login/" in answer["Location"]

    def test_application_of_somebody_else_is_not_found(self, own: Any, other_user: Any) -> None:
        driver = own()
        driver.sign_in_again(other_user)
        assert start_page(driver).status_code == 404
        assert send_alone(driver).status_code == 404

    def test_co_owner_who_has_accepted_may_try(self, own: Any, other_user: Any) -> None:
        driver = own(status="draft")
        Member.objects.create(
            application=driver.application, user=other_user, role="owner", accepted_at="2026-01-01T00:00Z"
        )
        driver.sign_in_again(other_user)
        assert not any(trying.problems(trying.run(driver)))

    def test_registered_scopes_are_offered_and_no_others(self, own: Any) -> None:
        page = start_page(own(scopes={"openid": True, "email": False}))
        assert [scope.name for scope, _chosen in page.context["scopes"]] == ["openid", "email"]

    @pytest.mark.parametrize("scopes", [[], ["profile"], ["openid", "nonsense"]])
    def test_choice_of_none_or_of_another_scope_is_explained(self, own: Any, scopes: list[str]) -> None:
        driver = own()
        page = driver.browser.post(f"/o/developer/{driver.application.pk}/try/", {"scope": scopes})
        assert page.status_code == 400
        assert 'role="alert"' in page.content.decode()

    def test_application_without_scopes_is_sent_to_choose_some(self, own: Any) -> None:
        page = start_page(own(scopes={}))
        assert '<form method="post">' not in page.content.decode().replace("  ", "")
        assert "not registered for any scope" in page.content.decode()

    def test_every_parameter_of_the_request_is_explained(self, own: Any) -> None:
        driver = own()
        answer = driver.browser.post(f"/o/developer/{driver.application.pk}/try/", {"scope": ["openid"]})
        page = driver.browser.get(answer["Location"])
        message = page.context["message"]
        sent = re.findall(r"^[?&](\w+)=", message.text, re.MULTILINE)
        assert sent == [name for name, _words in message.parts]
        assert {"state", "nonce", "code_challenge", "redirect_uri"} <= set(sent)

    def test_request_page_without_an_attempt_is_the_first_page(self, own: Any) -> None:
        driver = own()
        page = driver.browser.get(f"/o/developer/{driver.application.pk}/try/?step=request")
        assert "scopes" in page.context


class TestRun:
    @pytest.mark.parametrize(
        "facts", [{}, {"client_type": "public"}, {"pkce_waived": True}, {"status": "draft"}, {"status": "rejected"}]
    )
    def test_whole_flow_is_shown_for_every_kind_of_application(self, own: Any, facts: dict[str, Any]) -> None:
        page = trying.run(own(**facts), *ALL, scopes=["nickname", "offline_access"])
        assert page.status_code == 200
        assert trying.problems(page) == ["", "", "", ""]
        text = trying.texts(page)
        assert "grant_type=authorization_code" in text
        assert '"scope": "openid nickname offline_access"' in text
        assert ("Authorization: Basic …" in text) == (facts.get("client_type") != "public")

    def test_id_token_is_checked_by_the_algorithm_the_application_chose(self, own: Any) -> None:
        driver = own()
        Registration.objects.filter(application=driver.application).update(id_token_alg="EdDSA")
        assert not any(trying.problems(trying.run(driver)))

    def test_claims_and_userinfo_are_the_persons_own(self, own: Any, user: Any) -> None:
        from provider_site.services.profiles import get_profile

        driver = own()
        profile = get_profile(user=user)
        profile.nickname = "Ada 艾达"
        profile.save()
        page = trying.run(driver, scopes=["nickname"])
        claims = json.loads(page.context["steps"][2].messages[0].text)
        assert claims["sub"] == profile.subject
        assert claims["aud"] == driver.application.client_id
        assert '"nickname": "Ada 艾达"' in page.context["steps"][3].messages[1].text

    def test_tokens_are_revoked_and_the_consent_stays(self, own: Any, user: Any) -> None:
        driver = own()
        page = trying.run(driver, *ALL, scopes=["offline_access"])
        assert '"refresh_token": "osrt_' in trying.texts(page)
        assert not get_access_token_model().objects.exists()
        assert not get_refresh_token_model().objects.filter(revoked=None).exists()
        assert Consent.objects.get(user=user, application=driver.application).closed_at is None
        assert "/o/apps/" in page.content.decode()

    def test_declined_scope_is_missing_from_the_answer(self, own: Any) -> None:
        page = trying.run(own(), *ALL)
        assert '"scope": "openid"' in trying.texts(page)

    def test_refusal_is_explained_and_ends_the_run(self, own: Any) -> None:
        page = trying.run(own(), decision="deny")
        (problem,) = trying.problems(page)
        assert "said no" in problem
        assert "error=access_denied" in trying.texts(page)
        assert "nothing to revoke" in page.content.decode()

    def test_scope_that_was_taken_away_meanwhile_is_explained(self, own: Any) -> None:
        driver = own()
        address = trying.begin(driver)
        driver.application.registered_scopes.filter(scope="nickname").delete()
        page = driver.browser.get(trying.answer_of(driver, address))
        (problem,) = trying.problems(page)
        assert "registered for" in problem

    def test_without_openid_userinfo_refuses_and_the_page_says_why(self, own: Any) -> None:
        driver = own(scopes={"nickname": False})
        page = trying.run(driver, "nickname", scopes=["nickname"])
        assert [step.title for step in page.context["steps"]][-1] == "Userinfo"
        assert "403 Forbidden" in trying.texts(page)
        assert "openid" in trying.problems(page)[-1]

    def test_neither_ten_secrets_nor_none_are_in_the_way(self, own: Any) -> None:
        driver = own()
        for _number in range(9):
            secrets.issue_secret(application=driver.application)
        before = list(ClientSecret.objects.values())
        assert not any(trying.problems(trying.run(driver)))
        assert list(ClientSecret.objects.values()) == before
        ClientSecret.objects.all().delete()
        assert not any(trying.problems(trying.run(driver)))
        assert not ClientSecret.objects.exists()

    def test_application_is_tried_again_and_again(self, own: Any) -> None:
        driver = own()
        for _run in range(3):
            assert not any(trying.problems(trying.run(driver)))

    def test_two_applications_are_tried_side_by_side(self, own: Any) -> None:
        one, two = own(), own()
        two.browser = one.browser
        first, second = trying.begin(one), trying.begin(two)
        assert not any(trying.problems(one.browser.get(trying.answer_of(two, second))))
        assert not any(trying.problems(one.browser.get(trying.answer_of(one, first))))


class TestOtherGrants:
    def test_machine_sends_one_request_and_its_token_is_revoked(self, own: Any) -> None:
        driver = own()
        make_machine(driver)
        assert "without a person" in start_page(driver).content.decode()
        page = send_alone(driver)
        assert trying.problems(page) == [""]
        assert "grant_type=client_credentials" in trying.texts(page)
        assert "osat_" in trying.texts(page)
        assert not get_access_token_model().objects.exists()

    def test_machine_that_is_not_approved_sees_its_refusal(self, own: Any) -> None:
        driver = own(status="draft")
        make_machine(driver)
        (problem,) = trying.problems(send_alone(driver))
        assert "approved" in problem

    def test_site_below_a_path_asks_its_own_endpoints_there(self, own: Any) -> None:
        driver = own()
        make_machine(driver)
        with override_script_prefix("/sub/"):
            page = send_alone(driver)
        assert trying.problems(page) == [""]
        assert "POST http://localhost:8000/sub/o/token/" in trying.texts(page)

    def test_grant_that_is_not_offered_is_said_to_be_so(self, own: Any) -> None:
        driver = own()
        driver.application.authorization_grant_type = "password"
        driver.application.save()
        assert "does not offer" in start_page(driver).content.decode()
        assert send_alone(driver).status_code == 409

    def test_suspended_application_is_said_to_be_so(self, own: Any) -> None:
        driver = own(status="suspended")
        assert "suspended" in start_page(driver).content.decode()
        assert send_alone(driver).status_code == 409


@pytest.mark.browser
class TestInBrowser:
    @pytest.mark.parametrize("javascript", [True, False])
    def test_owner_tries_the_application(
        self, live_sites: LiveSites, new_visit: Callable[..., Any], javascript: bool
    ) -> None:
        plant_signing_key()
        ada = factories.make_user("ada")
        application = factories.make_application(ada, name="Tide tables", status="draft").application
        page = new_visit(java_script_enabled=javascript).page
        sign_in(page, live_sites, ada, f"{live_sites.provider}/o/developer/{application.pk}/try/")
        page.get_by_role("button", name="Show the authorization request").click()
        page.get_by_role("link", name="Go on").click()
        page.get_by_role("button", name="Allow").click()
        page.wait_for_url("**/o/developer/try/callback/**")
        assert page.get_by_role("heading", level=1).inner_text() == "What came back"
        assert page.get_by_role("heading", name="Userinfo").is_visible()
        assert "200 OK" in page.inner_text("main")
        page.reload()
        assert page.get_by_role("heading", level=1).inner_text() == "Begin again"
