"""Come into another person's account at GitHub: by a login they gave up, an address they never proved, an odd id."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount, SocialApp
from django.test import Client

from tests.consumer import connector_journey
from tests.consumer.canned_server import CannedProvider
from tests.consumer.connector_journey import is_signed_in
from tests.consumer.github_samples import ACCESS_TOKEN, EMAILS, ID, PROFILE_PATH, TOKEN, emails, profile, token
from tests.consumer.journey import HOST, assert_error_page

pytestmark = pytest.mark.django_db

THEIRS = "victim@example.com"


def come_in() -> Client:
    browser = connector_journey.visitor()
    connector_journey.sign_in(browser, "github")
    return browser


def owner_of(uid: int) -> Any:
    return SocialAccount.objects.get(provider="github", uid=str(uid)).user


def test_login_that_somebody_gave_up_is_not_them(github: CannedProvider) -> None:
    owner = come_in().session["_auth_user_id"]
    github.answer(PROFILE_PATH, profile(login="renamed"))
    assert come_in().session["_auth_user_id"] == owner
    github.answer(PROFILE_PATH, profile(id=ID + 1))  # who has taken the login since
    assert come_in().session["_auth_user_id"] != owner


def test_login_that_is_another_person_s_number_is_not_them(github: CannedProvider) -> None:
    come_in()
    github.answer(PROFILE_PATH, profile(id=ID + 1, login=str(ID), node_id=str(ID), name=str(ID)))
    come_in()
    assert owner_of(ID) != owner_of(ID + 1)


@pytest.mark.parametrize(
    "number", [None, 0, -1, str(ID), float(ID), f"{ID}\n", True, [ID], {"id": ID}, 2**63, 1e300, "octocat", ""]
)
def test_id_that_is_no_number_signs_nobody_in(github: CannedProvider, number: object) -> None:
    come_in()
    github.answer(PROFILE_PATH, profile(id=number))
    browser = connector_journey.visitor()
    assert_error_page(connector_journey.sign_in(browser, "github"), 502)
    assert not is_signed_in(browser)


class TestEmail:
    @pytest.fixture(autouse=True)
    def _asked_for(self, github: CannedProvider, settings: Any) -> None:
        # What a project may have set for allauth's own connector: "every address of GitHub's is proven".
        settings.SOCIALACCOUNT_PROVIDERS = {"github": {"VERIFIED_EMAIL": True, "EMAIL_AUTHENTICATION": True}}
        SocialApp.objects.filter(provider="github").update(settings={"scope": ["user:email"]})
        github.answer(TOKEN, token(scope="user:email"))
        github.answer(PROFILE_PATH, profile(email=THEIRS))

    @pytest.mark.parametrize("verified", [False, None, "true", 1, "yes", []])
    def test_address_that_is_not_proven_is_not_kept(self, github: CannedProvider, verified: Any) -> None:
        """It would lie in wait: its true owner, resetting a password, would come into the attacker's account."""
        github.answer(EMAILS, emails((THEIRS, True, verified)))
        assert is_signed_in(come_in())
        assert not EmailAddress.objects.exists()
        assert owner_of(ID).email == ""

    @pytest.mark.parametrize("spelling", [THEIRS, THEIRS.upper(), "Victim@Example.com"])
    def test_proven_address_opens_nobody_s_account_and_takes_it_from_nobody(
        self, github: CannedProvider, victim: Any, spelling: str
    ) -> None:
        EmailAddress.objects.create(user=victim, email=THEIRS, verified=True, primary=True)
        github.answer(EMAILS, emails((spelling, True, True)))
        assert come_in().session["_auth_user_id"] != str(victim.pk)
        assert list(EmailAddress.objects.values_list("user", flat=True)) == [victim.pk]

    @pytest.mark.parametrize(
        "address", ["a" * 300 + "@example.com", "a\x00b@example.com", "no address", "a@b\nBcc: c@d"]
    )
    def test_malformed_address_is_no_address_and_no_failure(self, github: CannedProvider, address: str) -> None:
        github.answer(EMAILS, emails((address, True, True)))
        assert is_signed_in(come_in())
        assert not EmailAddress.objects.exists()


class TestTokenOfAnotherApp:
    """A token that the person gave to another app says nothing of who sits here."""

    @pytest.mark.parametrize("name", ["access_token", "token", "id_token"])
    def test_no_address_takes_a_token_in_a_code_s_place(self, github: CannedProvider, name: str) -> None:
        browser = connector_journey.visitor()
        state = connector_journey.begin(browser, "/accounts/github/login/")[1]["state"][0]
        answer = connector_journey.come_back(browser, "github", **{name: ACCESS_TOKEN, "state": state})
        assert_error_page(answer, 502)
        assert not is_signed_in(browser)
        assert github.asked == []

    @pytest.mark.parametrize("connector", ["github", "qq", "weixin", "house"])
    @pytest.mark.parametrize("path", ["token/", "login/token/", "login/callback/token/"])
    def test_no_connector_has_an_address_for_tokens(self, github: CannedProvider, connector: str, path: str) -> None:
        browser = Client(headers={"host": HOST})
        form = {"access_token": ACCESS_TOKEN, "token": ACCESS_TOKEN, "process": "login"}
        assert browser.post(f"/accounts/{connector}/{path}", form).status_code in {403, 404, 405, 503}
        assert not is_signed_in(browser)
        assert github.asked == []
